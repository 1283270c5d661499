import type { AudioFormat } from '../adapter.js';
import { decodeAudio } from './audio.js';
import type { FinalResult, TimedWord } from './recognize-protocol.js';
import { describeUtterance, FRAME_MS, type Utterance, UtteranceDetector } from './utterance.js';

/** Turns one utterance into words. */
export interface Recogniser {
  /** The words with times from the start of `samples`; null when nothing was understood. Never rejects. */
  recognise(samples: Int16Array, rate: number): Promise<readonly TimedWord[] | null>;
}

/** Audio kept around an utterance: the first sound of a word is often quieter than the threshold. */
const MARGIN_FRAMES = 300 / FRAME_MS;

/**
 * One request of a recognition session: audio in, finals out, in the order they were spoken. Without a recogniser, or
 * when it understood nothing, a final tells how long somebody spoke: no words are made up.
 */
export class Recognition {
  readonly #format: AudioFormat;
  readonly #recogniser: Recogniser | null;
  readonly #emit: (result: FinalResult) => void;
  readonly #detector: UtteranceDetector;
  readonly #carry: Buffer;
  #carried = 0;
  #frames = 0;
  #lastSpeechMs = 0;
  /** The utterance under way with what came before it; in silence the last few frames. */
  #audio: Int16Array[] = [];
  #finals: Promise<void> = Promise.resolve();

  constructor(format: AudioFormat, recogniser: Recogniser | null, emit: (result: FinalResult) => void) {
    this.#format = format;
    this.#recogniser = recogniser;
    this.#emit = emit;
    this.#detector = new UtteranceDetector(format.rate);
    this.#carry = Buffer.alloc(this.#detector.frameSamples * (format.encoding === 'l16' ? 2 : 1));
  }

  /** Milliseconds of audio since somebody spoke, or since the beginning. */
  get silentMs(): number {
    return this.#detector.speakingSinceMs === null ? this.#frames * FRAME_MS - this.#lastSpeechMs : 0;
  }

  /** Takes audio cut anywhere, even inside a sample. */
  write(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      const taken = Math.min(this.#carry.length - this.#carried, bytes.length - from);
      this.#carry.set(bytes.subarray(from, from + taken), this.#carried);
      from += taken;
      this.#carried += taken;
      if (this.#carried < this.#carry.length) return;
      this.#carried = 0;
      this.#frame(decodeAudio(this.#carry, this.#format.encoding));
    }
  }

  /** No more audio: ends the utterance under way and waits until all finals are out. */
  async finish(): Promise<void> {
    const utterance = this.#detector.flush();
    if (utterance !== null) this.#conclude(utterance);
    await this.#finals;
  }

  #frame(samples: Int16Array): void {
    this.#frames += 1;
    const utterance = this.#detector.push(samples);
    this.#audio.push(samples);
    if (utterance !== null) this.#conclude(utterance);
    if (this.#detector.speakingSinceMs !== null) return;
    // The frames of an onset that is not yet one come on top of the margin.
    const kept = MARGIN_FRAMES + 3;
    if (this.#audio.length > kept) this.#audio.splice(0, this.#audio.length - kept);
  }

  #conclude(utterance: Utterance): void {
    this.#lastSpeechMs = utterance.endMs;
    const known = this.#understand(utterance);
    this.#finals = this.#finals.then(async () => this.#emit(finalOf(utterance, await known)));
  }

  #understand(utterance: Utterance): Promise<readonly TimedWord[] | null> {
    if (this.#recogniser === null) return Promise.resolve(null);
    const firstFrame = this.#frames - this.#audio.length;
    const from = Math.max(0, utterance.startMs / FRAME_MS - MARGIN_FRAMES - firstFrame);
    const to = utterance.endMs / FRAME_MS + MARGIN_FRAMES - firstFrame;
    const samples = concat(this.#audio.slice(from, to));
    const offsetMs = (firstFrame + from) * FRAME_MS;
    return this.#recogniser.recognise(samples, this.#format.rate).then((words) => shift(words, offsetMs));
  }
}

function finalOf(utterance: Utterance, words: readonly TimedWord[] | null): FinalResult {
  if (words !== null && words.length > 0) return { text: words.map(({ word }) => word).join(' '), words };
  const text = describeUtterance(utterance);
  return { text, words: [{ word: text, startMs: utterance.startMs, endMs: utterance.endMs }] };
}

function shift(words: readonly TimedWord[] | null, ms: number): readonly TimedWord[] | null {
  return words === null
    ? null
    : words.map(({ word, startMs, endMs }) => ({ word, startMs: startMs + ms, endMs: endMs + ms }));
}

function concat(frames: readonly Int16Array[]): Int16Array {
  const result = new Int16Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    result.set(frame, at);
    at += frame.length;
  }
  return result;
}
