import type { CancelTimer } from '../base/clock.js';
import type {
  AudioFormat,
  RecognitionListener,
  RecognitionSession,
  RecognitionStream,
  SpeechOptions,
  SpeechToText,
} from './adapter.js';
import { AudioBacklog } from './audio-backlog.js';
import { AudioTimeline } from './audio-timeline.js';
import {
  type RecognitionEffect,
  type RecognitionEvent,
  type RecognitionState,
  recognitionStep,
} from './recognition-state.js';
import { reconnectMs } from './reconnect.js';
import { type SpeechDeps, WatsonConnection } from './watson-connection.js';
import { bytesPerMs, type Failure, type WatsonResult } from './watson-protocol.js';

/** A connection that lived so long was a good one: the next failure is the first of a new row. */
const STABLE_MS = 10_000;

/** Speech-to-text over the Watson WebSocket interface, for IBM's service and for adapters that speak it. */
export class WatsonStt implements SpeechToText {
  readonly name = 'watson';
  readonly recognises: boolean;
  readonly #options: SpeechOptions['stt'];
  readonly #deps: SpeechDeps;

  constructor(options: SpeechOptions['stt'], deps: SpeechDeps) {
    this.#options = options;
    this.#deps = deps;
    this.recognises = options.recognises;
  }

  /** μ-law goes as it was received; the rest as linear PCM. */
  formatFor(received: AudioFormat): AudioFormat {
    return received.encoding === 'mulaw' ? received : { encoding: 'l16', rate: received.rate };
  }

  /** Begins to connect at once; audio may be written at once. */
  open(session: RecognitionSession, listener: RecognitionListener): RecognitionStream {
    return new WatsonStream(this.#options, this.#deps, session, listener);
  }
}

class WatsonStream implements RecognitionStream {
  readonly #options: SpeechOptions['stt'];
  readonly #deps: SpeechDeps;
  readonly #session: RecognitionSession;
  readonly #listener: RecognitionListener;
  readonly #backlog: AudioBacklog;
  readonly #timeline: AudioTimeline;
  readonly #ended: Promise<void>;
  #resolveEnded: () => void = () => {};
  #state: RecognitionState = 'connecting';
  #connection: WatsonConnection | undefined;
  #cancelRetry: CancelTimer = () => {};
  #cancelDeadline: CancelTimer = () => {};
  #writtenBytes = 0;
  #droppedBytes = 0;
  #failures = 0;
  #liveSince = 0;
  #lastFinalMs = 0;
  #stopSent = false;

  constructor(
    options: SpeechOptions['stt'],
    deps: SpeechDeps,
    session: RecognitionSession,
    listener: RecognitionListener,
  ) {
    const rate = bytesPerMs(session.format);
    this.#options = options;
    this.#deps = deps;
    this.#session = session;
    this.#listener = listener;
    this.#backlog = new AudioBacklog(options.bufferMs * rate);
    this.#timeline = new AudioTimeline(rate);
    this.#ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#connect();
  }

  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  write(audio: Uint8Array): void {
    if (this.#state === 'closed' || this.#state === 'draining' || this.#state === 'last') return;
    const position = this.#writtenBytes;
    this.#writtenBytes += audio.length;
    if (this.#state === 'live' && this.#backlog.bytes === 0 && this.#send(audio, position)) return;
    this.#droppedBytes += this.#backlog.push(audio, position);
  }

  finish(deadlineMs: number): Promise<void> {
    // Without audio that still waits there is nothing to connect for.
    this.#on(this.#state === 'connecting' && this.#backlog.bytes === 0 ? 'close' : 'finish');
    if (this.#state !== 'closed') {
      this.#cancelDeadline();
      this.#cancelDeadline = this.#deps.clock.after(deadlineMs, () => this.#on('deadline'));
    }
    return this.#ended;
  }

  close(): void {
    this.#on('close');
  }

  #on(event: RecognitionEvent, failure?: Failure): void {
    const step = recognitionStep(this.#state, event);
    this.#state = step.state;
    for (const effect of step.effects) this.#apply(effect, failure);
  }

  #apply(effect: RecognitionEffect, failure: Failure | undefined): void {
    // A listener may close the stream: what was still to do then is not done any more.
    if (this.#state === 'closed' && effect !== 'end') return;
    if (effect === 'connect') this.#connect();
    else if (effect === 'ready') this.#ready();
    else if (effect === 'flush' || effect === 'stop') this.#flush();
    else if (effect === 'end') this.#end();
    else if (failure !== undefined) this.#report(failure);
  }

  #connect(): void {
    this.#timeline.restart();
    const connection = new WatsonConnection(this.#options, this.#deps, this.#session, {
      listening: () => this.#on('listening'),
      results: (results) => this.#deliver(results),
      drained: () => this.#flush(),
      ended: (failure) => this.#on('lost', failure),
    });
    this.#connection = connection;
    connection.start();
  }

  #ready(): void {
    this.#liveSince = this.#deps.clock.monotonic();
    this.#listener.onReady();
  }

  #report(failure: Failure): void {
    const { clock, log, random = Math.random } = this.#deps;
    if (this.#liveSince > 0 && clock.monotonic() - this.#liveSince >= STABLE_MS) this.#failures = 0;
    this.#liveSince = 0;
    this.#failures++;
    const { sessionId } = this.#session;
    if (this.#failures === 1) log.warn({ sessionId, code: failure.code, reason: failure.message }, 'stt.lost');
    this.#cancelRetry = clock.after(reconnectMs(failure.code, this.#failures, random()), () => this.#on('retry'));
    this.#listener.onFailure({ ...failure, retrying: true });
  }

  #send(audio: Uint8Array, position: number): boolean {
    if (this.#connection?.send(audio) !== true) return false;
    this.#timeline.sent(position, audio.length);
    return true;
  }

  /** Sends what waits, as far as the socket takes it; after the last of a finished stream, says that it is the last. */
  #flush(): void {
    if (this.#state !== 'live' && this.#state !== 'draining') return;
    for (let chunk = this.#backlog.peek(); chunk !== undefined; chunk = this.#backlog.peek()) {
      if (!this.#send(chunk.bytes, chunk.position)) return;
      this.#backlog.shift();
    }
    if (this.#state !== 'draining' || this.#stopSent) return;
    this.#stopSent = true;
    this.#connection?.stop();
  }

  #deliver(results: readonly WatsonResult[]): void {
    this.#failures = 0;
    for (const { text, final, confidence, span } of results) {
      if (this.#state === 'closed') return;
      if (text === '' || (!final && !this.#session.interim)) continue;
      const { startMs, endMs } = span === null ? this.#estimate() : this.#translate(span);
      if (final) this.#lastFinalMs = endMs;
      this.#listener.onResult({ text, final, startMs, endMs, confidence });
    }
  }

  #translate(span: { readonly startMs: number; readonly endMs: number }): { startMs: number; endMs: number } {
    return { startMs: this.#timeline.toSession(span.startMs), endMs: this.#timeline.toSession(span.endMs) };
  }

  /** Without word times: from the end of the last final result to the audio that the service has. */
  #estimate(): { startMs: number; endMs: number } {
    const { startMs, endMs } = this.#timeline;
    return { startMs: Math.min(endMs, Math.max(startMs, this.#lastFinalMs)), endMs };
  }

  #end(): void {
    this.#cancelRetry();
    this.#cancelDeadline();
    this.#connection?.close();
    this.#backlog.clear();
    this.#resolveEnded();
  }
}
