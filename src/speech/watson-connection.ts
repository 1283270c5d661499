import type { CancelTimer, Clock } from '../base/clock.js';
import { codeOf, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { basicAuth } from '../egress/basic-auth.js';
import type { Dialer } from '../egress/contract.js';
import { openWebSocket, type WebSocket } from '../egress/websocket.js';
import type { RecognitionSession, SpeechOptions } from './adapter.js';
import {
  type Failure,
  failureOfClose,
  MAX_PAYLOAD_BYTES,
  parseMessage,
  recognizeUrl,
  STOP_MESSAGE,
  startMessage,
  type WatsonResult,
} from './watson-protocol.js';

/** What every speech adapter is given. */
export interface SpeechDeps {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1, for jitter. */
  readonly random?: () => number;
}

/** What a connection tells its owner; nothing after `ended` or `close()`. */
export interface ConnectionHandlers {
  /** Ready for audio; again after `stop()`, when the last results have come. */
  listening(): void;
  results(results: readonly WatsonResult[]): void;
  /** Room in the socket again after `send` had returned false. */
  drained(): void;
  ended(failure: Failure): void;
}

/** Bytes that may wait in the socket before audio is held back. */
export const MAX_BUFFERED_BYTES = 262_144;
const PING_MS = 5_000;
/** Nothing heard for so long, pongs included: the connection is half open. */
const SILENT_MS = 10_000;
/** Far above what recognition of one voice can give. */
const MAX_MESSAGES_PER_SECOND = 500;

/** One WebSocket to `/v1/recognize`, from the dial to the close. */
export class WatsonConnection {
  readonly #options: SpeechOptions['stt'];
  readonly #deps: SpeechDeps;
  readonly #session: RecognitionSession;
  readonly #handlers: ConnectionHandlers;
  readonly #abort = new AbortController();
  #connectTimer: CancelTimer = () => {};
  #pingTimer: CancelTimer = () => {};
  #socket: WebSocket | undefined;
  #heardAt = 0;
  #second = 0;
  #messagesInSecond = 0;
  #full = false;
  #over = false;

  constructor(
    options: SpeechOptions['stt'],
    deps: SpeechDeps,
    session: RecognitionSession,
    handlers: ConnectionHandlers,
  ) {
    this.#options = options;
    this.#deps = deps;
    this.#session = session;
    this.#handlers = handlers;
  }

  /** Connects and asks for recognition; the outcome comes to the handlers. `connectTimeoutMs` covers all of it. */
  start(): void {
    const { clock } = this.#deps;
    this.#connectTimer = clock.after(this.#options.connectTimeoutMs, () =>
      this.#end({ code: 'EGRESS_TIMEOUT', message: 'the speech service was not ready in time' }),
    );
    this.#open().catch((error: unknown) => this.#end({ code: codeOf(error), message: messageOf(error) }));
  }

  /** Sends a chunk. False: the socket has enough for now and did not take it. */
  send(audio: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === undefined || socket.readyState !== socket.OPEN) return false;
    // An empty socket takes any chunk: nothing else would ever wake us.
    if (socket.bufferedAmount > 0 && socket.bufferedAmount + audio.length > MAX_BUFFERED_BYTES) {
      this.#full = true;
      return false;
    }
    socket.send(audio, { binary: true }, () => this.#written());
    return true;
  }

  /** No more audio: the last results come, then `listening` once more. */
  stop(): void {
    if (!this.#over) this.#socket?.send(STOP_MESSAGE);
  }

  /** Closes without a word to the handlers; idempotent. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#connectTimer();
    this.#pingTimer();
    this.#abort.abort(new Error('closed'));
    const socket = this.#socket;
    // A polite close frame first, then nothing that could linger: the peer may be the one that does not answer.
    socket?.close(1000);
    socket?.terminate();
  }

  async #open(): Promise<void> {
    const { url, model, username, password, connectTimeoutMs } = this.#options;
    const { dialer, clock } = this.#deps;
    const authorization = username === null ? {} : { authorization: basicAuth(username, password ?? '') };
    const socket = await openWebSocket(
      dialer,
      {
        url: recognizeUrl(url, model),
        service: 'stt',
        headers: {
          ...authorization,
          'vgw-session-id': headerSafe(this.#session.sessionId),
          'x-watson-learning-opt-out': 'true',
        },
        handshakeTimeoutMs: connectTimeoutMs,
        maxPayloadBytes: MAX_PAYLOAD_BYTES,
        signal: this.#abort.signal,
      },
      clock,
    );
    if (this.#over) return socket.terminate();
    this.#socket = socket;
    this.#listen(socket);
    socket.send(startMessage(this.#session.format, this.#session.interim));
    this.#heardAt = clock.monotonic();
    this.#pingTimer = clock.every(PING_MS, () => this.#checkAlive(socket));
  }

  #listen(socket: WebSocket): void {
    const heard = (): void => {
      this.#heardAt = this.#deps.clock.monotonic();
    };
    socket.on('pong', heard);
    socket.on('ping', heard);
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      heard();
      this.#receive(isBinary ? null : data.toString('utf8'));
    });
    socket.on('error', (error: Error & { code?: string }) => {
      if (!error.code?.startsWith('WS_ERR_')) return; // the close that follows says enough
      this.#end({ code: 'SPEECH_PROTOCOL', message: `the speech service broke the WebSocket protocol: ${error.code}` });
    });
    socket.on('close', (code: number) => this.#end(failureOfClose(code)));
  }

  #receive(text: string | null): void {
    if (this.#over) return;
    if (this.#isFlood()) return this.#end({ code: 'SPEECH_PROTOCOL', message: 'the speech service floods messages' });
    const message = text === null ? { kind: 'invalid' as const } : parseMessage(text);
    if (message.kind === 'listening') {
      this.#connectTimer();
      this.#handlers.listening();
    } else if (message.kind === 'results') {
      this.#handlers.results(message.results);
    } else if (message.kind === 'error') {
      // Its text may quote what was said or sent.
      this.#end({ code: 'SPEECH_UNAVAILABLE', message: 'the speech service reported an error' });
    } else if (message.kind === 'invalid') {
      this.#end({ code: 'SPEECH_PROTOCOL', message: 'the speech service sent a message that cannot be read' });
    }
  }

  #isFlood(): boolean {
    const second = Math.floor(this.#deps.clock.monotonic() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#messagesInSecond = 0;
    }
    return ++this.#messagesInSecond > MAX_MESSAGES_PER_SECOND;
  }

  #checkAlive(socket: WebSocket): void {
    if (this.#deps.clock.monotonic() - this.#heardAt >= SILENT_MS) {
      return this.#end({ code: 'SPEECH_UNAVAILABLE', message: 'the speech service went silent' });
    }
    socket.ping();
  }

  #written(): void {
    const socket = this.#socket;
    if (!this.#full || this.#over || socket === undefined || socket.bufferedAmount > MAX_BUFFERED_BYTES / 2) return;
    this.#full = false;
    this.#handlers.drained();
  }

  #end(failure: Failure): void {
    if (this.#over) return;
    this.close();
    this.#handlers.ended(failure);
  }
}

/** A session id comes from outside (Call-ID): what a header field cannot hold becomes a dot. */
function headerSafe(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '.').slice(0, 256);
}
