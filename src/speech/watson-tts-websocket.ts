import type { CancelTimer } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';
import { openWebSocket, type WebSocket } from '../egress/websocket.js';
import { failureOfClose, MAX_PAYLOAD_BYTES, mediaType, parseMessage } from './watson-protocol.js';
import { MAX_PROMPT_BYTES, type SynthesisRequest, ttsHeaders } from './watson-tts-http.js';

/** Audio that may wait for the reader before the socket is paused. */
const MAX_WAITING_BYTES = 262_144;
/** RFC 6455 §7.4.1: normal closure, and a close frame without a code. */
const NORMAL_CLOSES: readonly number[] = [1000, 1005];

/**
 * Speaks over a WebSocket: one text message, then audio until the service closes. Throws SPEECH_*, EGRESS_*, PROXY_*,
 * or the signal's reason.
 */
export async function* synthesizeWebSocket(prompt: SynthesisRequest): AsyncGenerator<Uint8Array, void, void> {
  const { url, options, deps, text, format, signal } = prompt;
  const socket = await openWebSocket(
    deps.dialer,
    {
      url,
      service: 'tts',
      headers: ttsHeaders(options),
      handshakeTimeoutMs: options.connectTimeoutMs,
      maxPayloadBytes: MAX_PAYLOAD_BYTES,
      signal,
    },
    deps.clock,
  );
  const inbox = new AudioInbox(socket);
  const aborted = (): void => inbox.fail(signal.reason as Error);
  signal.addEventListener('abort', aborted, { once: true });
  try {
    socket.send(JSON.stringify({ text, accept: mediaType(format) }));
    for (;;) {
      const stalled = deps.clock.after(options.stallMs, () =>
        inbox.fail(new GatewayError('EGRESS_TIMEOUT', `the speech service sent no audio for ${options.stallMs} ms`)),
      );
      const chunk = await inbox.next(stalled);
      if (chunk === null) return;
      yield chunk;
    }
  } finally {
    signal.removeEventListener('abort', aborted);
    socket.terminate();
  }
}

/** The audio of one socket, in order, with back-pressure. */
class AudioInbox {
  readonly #socket: WebSocket;
  readonly #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #totalBytes = 0;
  #over = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary: boolean) => (isBinary ? this.#take(data) : this.#read(data)));
    socket.on('error', (error: Error & { code?: string }) => {
      if (error.code?.startsWith('WS_ERR_')) {
        this.fail(
          new GatewayError('SPEECH_PROTOCOL', `the speech service broke the WebSocket protocol: ${error.code}`),
        );
      }
    });
    socket.on('close', (code: number) => {
      const { code: errorCode, message } = failureOfClose(code);
      this.#finish(NORMAL_CLOSES.includes(code) ? undefined : new GatewayError(errorCode, message));
    });
  }

  /** The next chunk, or null at the end; throws what the socket failed with. `cancel` stops the caller's timer. */
  async next(cancel: CancelTimer): Promise<Uint8Array | null> {
    try {
      if (this.#chunks.length === 0 && !this.#over) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      cancel();
    }
    const chunk = this.#chunks.shift();
    if (chunk === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      return null;
    }
    this.#waitingBytes -= chunk.length;
    if (this.#socket.isPaused && this.#waitingBytes < MAX_WAITING_BYTES / 2) this.#socket.resume();
    return chunk;
  }

  /** Ends at once: waiting audio is not given out any more. */
  fail(failure: Error): void {
    if (!this.#over) this.#chunks.length = 0;
    this.#finish(failure);
  }

  #take(audio: Buffer): void {
    if (this.#over || audio.length === 0) return;
    this.#totalBytes += audio.length;
    if (this.#totalBytes > MAX_PROMPT_BYTES) {
      return this.fail(new GatewayError('SPEECH_PROTOCOL', `a prompt has at most ${MAX_PROMPT_BYTES} bytes of audio`));
    }
    this.#chunks.push(audio);
    this.#waitingBytes += audio.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#socket.pause();
    this.#wake();
  }

  /** Text messages announce the audio or tell an error, whose text may quote the prompt. */
  #read(data: Buffer): void {
    const { kind } = parseMessage(data.toString('utf8'));
    if (kind === 'error') this.#finish(new GatewayError('SPEECH_REFUSED', 'the speech service reported an error'));
    else if (kind === 'invalid')
      this.fail(new GatewayError('SPEECH_PROTOCOL', 'the speech service sent what cannot be read'));
  }

  #finish(failure: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    this.#wake();
  }
}
