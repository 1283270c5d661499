import type { Clock } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';
import type { MediaEvent, MediaOpenOptions, MediaPort, MediaSession, MediaStats } from '../call/ports.js';
import { NO_STATS } from './media-stats.js';
import type { MediaCommand, MediaCounts, MediaReply, PlainFailure } from './worker-protocol.js';

/** An engine that does not answer a command for so long is taken for dead to that command. */
const ANSWER_MS = 5_000;
/** A probe is fresh for so long: readiness checks and calls come in bursts. */
const PROBE_FRESH_MS = 2_000;

interface Leg {
  readonly listener: (event: MediaEvent) => void;
  readonly opened: Pending<MediaSession>;
  closed: Pending<MediaStats> | null;
}

interface Pending<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: GatewayError): void;
}

/** The near end of the protocol: makes sessions of legs in an engine that is reached by `post`. */
export class MediaClient implements MediaPort {
  readonly #post: (command: MediaCommand) => void;
  readonly #clock: Clock;
  readonly #legs = new Map<number, Leg>();
  readonly #probes = new Map<number, Pending<PlainFailure | null>>();
  readonly #counts = new Map<number, Pending<MediaCounts>>();
  #nextId = 1;
  #probe: { readonly atMs: number; readonly result: Promise<PlainFailure | null> } | null = null;

  constructor(post: (command: MediaCommand) => void, clock: Clock) {
    this.#post = post;
    this.#clock = clock;
  }

  open(options: MediaOpenOptions, listener: (event: MediaEvent) => void): Promise<MediaSession> {
    const id = this.#nextId++;
    const opened = this.#pending<MediaSession>();
    this.#legs.set(id, { listener, opened, closed: null });
    this.#post({ type: 'open', leg: id, options });
    return opened.promise.catch((error: unknown) => {
      this.#legs.delete(id);
      throw error;
    });
  }

  probeSpeech(): Promise<PlainFailure | null> {
    const nowMs = this.#clock.monotonic();
    if (this.#probe === null || nowMs - this.#probe.atMs >= PROBE_FRESH_MS) {
      this.#probe = { atMs: nowMs, result: this.#ask(this.#probes, 'probe').catch(asFailure) };
    }
    return this.#probe.result;
  }

  counts(): Promise<MediaCounts> {
    return this.#ask(this.#counts, 'counts');
  }

  /** Takes what the engine says. */
  receive(reply: MediaReply): void {
    switch (reply.type) {
      case 'opened':
        this.#opened(reply.leg, reply.local);
        break;
      case 'open-failed':
        this.#legs.get(reply.leg)?.opened.reject(new GatewayError(reply.failure.code, reply.failure.message));
        break;
      case 'event':
        this.#legs.get(reply.leg)?.listener(reply.event);
        break;
      case 'closed':
        this.#legs.get(reply.leg)?.closed?.resolve(reply.stats);
        this.#legs.delete(reply.leg);
        break;
      case 'probed':
        settle(this.#probes, reply.request, reply.failure);
        break;
      case 'counted':
        settle(this.#counts, reply.request, reply.counts);
        break;
    }
  }

  /** The engine is gone: whoever waits is told, every open session is lost. */
  fail(message: string): void {
    const error = new GatewayError('MEDIA_WORKER', message);
    for (const waiting of [this.#probes, this.#counts]) {
      for (const pending of waiting.values()) pending.reject(error);
      waiting.clear();
    }
    const legs = [...this.#legs.values()];
    this.#legs.clear();
    for (const leg of legs) {
      leg.opened.reject(error);
      if (leg.closed === null) leg.listener({ type: 'lost', code: 'MEDIA_WORKER', message });
      else leg.closed.resolve(NO_STATS);
    }
    this.#probe = null;
  }

  #opened(id: number, local: MediaSession['local']): void {
    const leg = this.#legs.get(id);
    if (leg === undefined)
      this.#post({ type: 'close', leg: id }); // nobody waits for it any more
    else leg.opened.resolve(this.#session(id, leg, local));
  }

  #session(id: number, leg: Leg, local: MediaSession['local']): MediaSession {
    const post = (command: MediaCommand): void => {
      if (this.#legs.has(id) && leg.closed === null) this.#post(command);
    };
    return {
      local,
      update: (plan) => post({ type: 'update', leg: id, plan }),
      start: () => post({ type: 'start', leg: id }),
      say: (promptId, text) => post({ type: 'say', leg: id, promptId, text }),
      playBuiltIn: (promptId, name) => post({ type: 'play', leg: id, promptId, name }),
      stopPlayback: () => post({ type: 'stop-playback', leg: id }),
      close: () => this.#close(id, leg),
    };
  }

  #close(id: number, leg: Leg): Promise<MediaStats> {
    if (leg.closed === null) {
      const alive = this.#legs.has(id);
      leg.closed = this.#pending<MediaStats>();
      if (alive) this.#post({ type: 'close', leg: id });
      else leg.closed.resolve(NO_STATS);
    }
    return leg.closed.promise.catch(() => {
      this.#legs.delete(id);
      return NO_STATS;
    });
  }

  #ask<T>(waiting: Map<number, Pending<T>>, type: 'probe' | 'counts'): Promise<T> {
    const request = this.#nextId++;
    const pending = this.#pending<T>();
    waiting.set(request, pending);
    this.#post({ type, request });
    return pending.promise.finally(() => waiting.delete(request));
  }

  /** A promise with a deadline. */
  #pending<T>(): Pending<T> {
    const { promise, resolve, reject } = withResolvers<T>();
    const cancel = this.#clock.after(ANSWER_MS, () =>
      reject(new GatewayError('MEDIA_WORKER', 'The media worker did not answer in time.')),
    );
    return {
      promise,
      resolve: (value) => {
        cancel();
        resolve(value);
      },
      reject: (error) => {
        cancel();
        reject(error);
      },
    };
  }
}

function settle<T>(waiting: Map<number, Pending<T>>, request: number, value: T): void {
  waiting.get(request)?.resolve(value);
  waiting.delete(request);
}

function asFailure(error: unknown): PlainFailure {
  return { code: 'MEDIA_WORKER', message: error instanceof GatewayError ? error.message : 'The probe failed.' };
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: GatewayError) => void;
  const promise = new Promise<T>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}
