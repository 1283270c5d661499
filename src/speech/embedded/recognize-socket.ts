import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../../base/clock.js';
import { type Recogniser, Recognition } from './recognition.js';
import { errorMessage, LISTENING, parseClientMessage, resultMessage, type StartMessage } from './recognize-protocol.js';

/** A client that sends nothing for so long is gone. */
export const SESSION_TIMEOUT_MS = 30_000;

/** Results that the client does not read are not kept beyond this. */
const MAX_UNREAD_BYTES = 1_048_576;

interface Request {
  readonly start: StartMessage;
  readonly recognition: Recognition;
}

/**
 * One client of `/v1/recognize` over WebSocket, as Watson serves it.
 *
 *     idle ── start ──► listening ── stop or empty frame ──► finishing ── last final, {"state":"listening"} ──► idle
 *
 * Anything out of order is answered with `{"error"}` and the end of the connection. `interim_results` is taken and
 * changes nothing: no engine here guesses before the end of an utterance.
 */
export class RecognizeSocket {
  readonly #socket: WebSocket;
  readonly #recogniser: Recogniser | null;
  readonly #clock: Clock;
  #request: Request | null = null;
  #finishing = false;
  #results = 0;
  #lastMessageMs: number;

  constructor(socket: WebSocket, recogniser: Recogniser | null, clock: Clock) {
    this.#socket = socket;
    this.#recogniser = recogniser;
    this.#clock = clock;
    this.#lastMessageMs = clock.monotonic();
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
  }

  /** Ends a session whose client went silent without closing. */
  sweep(): void {
    if (this.#finishing || this.#clock.monotonic() - this.#lastMessageMs < SESSION_TIMEOUT_MS) return;
    this.#fail('Session timed out.', 1011);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#lastMessageMs = this.#clock.monotonic();
    const bytes = data as Buffer; // the server keeps ws's default binaryType, one Buffer a message
    if (!isBinary) this.#control(bytes.toString('utf8'));
    else if (this.#finishing) return;
    else if (this.#request === null) this.#fail('Audio came before a start message.', 1000);
    else if (bytes.length === 0) this.#stop(this.#request);
    else this.#audio(this.#request, bytes);
  }

  #control(text: string): void {
    const message = parseClientMessage(text);
    if (message.kind === 'bad') this.#fail(message.error, 1000, 'Invalid start message');
    else if (this.#finishing) this.#fail('The last request is not finished.', 1000);
    else if (message.kind === 'stop') this.#stop(this.#request);
    else if (this.#request !== null) this.#fail('A request is under way.', 1000);
    else this.#start(message.start);
  }

  #start(start: StartMessage): void {
    const recognition = new Recognition(start.format, this.#recogniser, (result) => {
      this.#send(resultMessage(this.#results++, result, start.timestamps));
    });
    this.#results = 0;
    this.#request = { start, recognition };
    this.#send(LISTENING);
  }

  #audio({ start, recognition }: Request, bytes: Buffer): void {
    recognition.write(bytes);
    if (start.inactivityMs === null || recognition.silentMs < start.inactivityMs) return;
    this.#fail(`No speech detected for ${start.inactivityMs / 1_000}s.`, 1011);
  }

  #stop(request: Request | null): void {
    if (request === null) return this.#send(LISTENING);
    this.#finishing = true;
    void request.recognition.finish().then(() => {
      this.#finishing = false;
      this.#request = null;
      this.#send(LISTENING);
    });
  }

  #send(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) this.#socket.terminate();
    else this.#socket.send(text);
  }

  #fail(error: string, code: number, reason = ''): void {
    this.#send(errorMessage(error));
    this.#request = null;
    this.#socket.close(code, reason);
  }
}
