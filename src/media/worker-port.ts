import { Worker } from 'node:worker_threads';
import type { CancelTimer, Clock } from '../base/clock.js';
import { codeOf, GatewayError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { MediaEvent, MediaOpenOptions, MediaPort, MediaSession } from '../call/ports.js';
import { MediaClient } from './media-client.js';
import type { MediaWorkerOptions } from './worker-options.js';
import type { MediaCommand, MediaCounts, MediaReply, PlainFailure } from './worker-protocol.js';

export interface WorkerMediaDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The compiled thread entry; by default the one beside this file. */
  readonly workerUrl?: URL;
}

const ENTRY = new URL('../media-worker.js', import.meta.url);
const START_MS = 10_000;
const STOP_MS = 5_000;
/** How often a thread that runs is asked whether it still answers. */
const WATCH_MS = 5_000;
/** Restart at once after a first crash, then more slowly; never later than two seconds. */
const RESTART_MS = { first: 100, most: 2_000 };

/**
 * The media worker as the call sees it. When the thread ends on its own, every session is `lost`, and another thread is
 * started; calls that come meanwhile are refused with MEDIA_WORKER.
 */
export class WorkerMediaPort implements MediaPort {
  readonly #options: MediaWorkerOptions;
  readonly #deps: WorkerMediaDeps;
  readonly #client: MediaClient;
  #worker: Worker | null = null;
  #ready = false;
  #closing: Promise<void> | null = null;
  #restartMs = RESTART_MS.first;
  #cancelRestart: CancelTimer = () => {};
  #stopWatching: CancelTimer | null = null;

  constructor(options: MediaWorkerOptions, deps: WorkerMediaDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#client = new MediaClient((command) => this.#post(command), deps.clock);
  }

  /** Starts the thread and waits until it is ready. Throws GatewayError MEDIA_WORKER. */
  async start(): Promise<void> {
    if (this.#worker !== null || this.#closing !== null) return;
    const worker = this.#spawn();
    const failure = await this.#untilReady(worker);
    if (failure === null) {
      this.#stopWatching = this.#deps.clock.every(WATCH_MS, () => this.#watch());
      return;
    }
    this.#worker = null;
    await worker.terminate();
    throw failure;
  }

  /** Ends every leg and the thread; waits. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  open(options: MediaOpenOptions, listener: (event: MediaEvent) => void): Promise<MediaSession> {
    if (!this.#ready) return Promise.reject(new GatewayError('MEDIA_WORKER'));
    return this.#client.open(options, listener);
  }

  probeSpeech(): Promise<PlainFailure | null> {
    if (this.#ready) return this.#client.probeSpeech();
    return Promise.resolve({ code: 'MEDIA_WORKER', message: 'The media worker is not running.' });
  }

  counts(): Promise<MediaCounts> {
    if (!this.#ready) return Promise.resolve({ legs: 0, portsInUse: 0, portsResting: 0, timers: 0 });
    return this.#client.counts();
  }

  /** Lets the thread give memory back that it does not need without calls. */
  tidy(): void {
    this.#post({ type: 'tidy' });
  }

  #post(command: MediaCommand): void {
    this.#worker?.postMessage(command);
  }

  #spawn(): Worker {
    // The thread is told everything by its options: it gets no environment, where secrets may stand.
    const worker = new Worker(this.#deps.workerUrl ?? ENTRY, { workerData: this.#options, env: {}, name: 'media' });
    worker.on('message', (reply: MediaReply) => this.#take(worker, reply));
    worker.on('error', (err) => this.#deps.log.error({ err, code: codeOf(err) }, 'the media worker failed'));
    worker.on('exit', () => this.#exited(worker));
    this.#worker = worker;
    return worker;
  }

  #take(worker: Worker, reply: MediaReply): void {
    if (worker !== this.#worker) return;
    if (reply.type === 'log') this.#deps.log[reply.level](reply.fields, reply.message);
    else if (reply.type === 'ready') this.#ready = true;
    else if (reply.type === 'stopped') void worker.terminate();
    else this.#client.receive(reply);
  }

  #untilReady(worker: Worker): Promise<GatewayError | null> {
    return new Promise((resolve) => {
      const fail = (): void => resolve(new GatewayError('MEDIA_WORKER', 'The media worker did not start.'));
      const cancel = this.#deps.clock.after(START_MS, fail);
      worker.once('exit', () => {
        cancel();
        fail();
      });
      worker.on('message', (reply: MediaReply) => {
        if (reply.type !== 'ready') return;
        cancel();
        resolve(null);
      });
    });
  }

  #exited(worker: Worker): void {
    if (worker !== this.#worker) return;
    const wasReady = this.#ready;
    this.#ready = false;
    this.#worker = null;
    this.#client.fail('The media worker ended.');
    // Before the first success there is nothing to restart: `start` reports the failure.
    if (this.#closing === null && this.#stopWatching !== null) this.#restart(wasReady);
  }

  #restart(wasReady: boolean): void {
    this.#restartMs = wasReady ? RESTART_MS.first : Math.min(RESTART_MS.most, this.#restartMs * 2);
    this.#deps.log.warn({ inMs: this.#restartMs }, 'the media worker is started again');
    this.#cancelRestart = this.#deps.clock.after(this.#restartMs, () => {
      if (this.#closing === null) this.#spawn();
    });
  }

  /** A thread that is stuck is as bad as one that ended: it is ended, and the rest follows. */
  #watch(): void {
    const worker = this.#worker;
    if (!this.#ready || worker === null) return;
    this.#client.counts().catch(() => {
      if (worker === this.#worker && this.#closing === null) void worker.terminate();
    });
  }

  async #stop(): Promise<void> {
    this.#stopWatching?.();
    this.#cancelRestart();
    const worker = this.#worker;
    if (worker === null) return;
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      const cancel = this.#deps.clock.after(STOP_MS, resolve);
      worker.once('exit', cancel);
    });
    this.#post({ type: 'shutdown' });
    await ended;
    await worker.terminate();
  }
}
