import type { Clock } from '../../base/clock.js';
import { Flite, type FliteVoice } from './flite.js';
import { decimate } from './resample.js';
import { speakablePieces } from './speakable.js';
import { WorkQueue } from './work-queue.js';

/** Prompts kept in memory, in bytes of samples: about four minutes of speech at 8,000 samples a second. */
const CACHE_BYTES = 4_194_304;
const MAX_WAITING = 64;

/** Text to samples: one voice at a work, prompts that were spoken before from memory. */
export class Synthesis {
  readonly #flite: Flite;
  readonly #queue = new WorkQueue(1, MAX_WAITING);
  readonly #cache = new PromptCache(CACHE_BYTES);

  /** Throws SPEECH_UNAVAILABLE when no voice is there. */
  constructor(clock: Clock) {
    this.#flite = new Flite(clock);
  }

  /**
   * The samples of `text` at `rate` (8000 or 16000), sentence by sentence. Aborting ends it without error. Throws
   * SPEECH_UNAVAILABLE when the queue is full or the voice fails.
   */
  async *speak(text: string, voice: FliteVoice, rate: number, signal: AbortSignal): AsyncGenerator<Int16Array> {
    for (const piece of speakablePieces(text)) {
      if (signal.aborted) return;
      const key = `${voice}/${rate}/${piece}`;
      const known = this.#cache.get(key);
      if (known !== undefined) {
        yield known;
        continue;
      }
      const samples = await this.#queue.run(() => this.#make(piece, voice, rate, signal));
      if (samples === null) return;
      this.#cache.set(key, samples);
      yield samples;
    }
  }

  /** Ends the voice; what is being spoken fails. */
  close(): Promise<void> {
    return this.#flite.close();
  }

  async #make(piece: string, voice: FliteVoice, rate: number, signal: AbortSignal): Promise<Int16Array | null> {
    if (signal.aborted) return null;
    const samples = await this.#flite.speak(piece, voice);
    return rate === 8_000 ? decimate(samples) : samples;
  }
}

/** Samples by key, the least recently used dropped first. */
export class PromptCache {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Int16Array>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Int16Array | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  set(key: string, samples: Int16Array): void {
    if (samples.byteLength > this.#maxBytes || this.#entries.has(key)) return;
    this.#entries.set(key, samples);
    this.#bytes += samples.byteLength;
    for (const [oldest, held] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#entries.delete(oldest);
      this.#bytes -= held.byteLength;
    }
  }
}
