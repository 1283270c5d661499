import { isKeypadTone } from './tones.js';

/** A stretch of speech, in milliseconds since the first frame. */
export interface Utterance {
  readonly startMs: number;
  readonly endMs: number;
}

/** Length of the frames that the detector takes. */
export const FRAME_MS = 20;
/** Silence that ends an utterance. */
export const HANGOVER_MS = 500;
/** A longer utterance is cut. */
export const MAX_UTTERANCE_MS = 15_000;

/** Decibels over one unit of sample: full scale is 90. */
const QUIETEST_FLOOR_DB = 30;
const START_OVER_FLOOR_DB = 10;
const STAY_OVER_FLOOR_DB = 6;
/** The noise floor is the least level of this many blocks of frames: 1.6 s, longer than speech goes without a gap. */
const BLOCKS = 8;
const BLOCK_FRAMES = 10;
/** Loud frames in a row that begin an utterance: a click is shorter. */
const ONSET_FRAMES = 3;
const MIN_LOUD_FRAMES = 6;
/** From this length on, a level that hardly moves is noise: speech has syllables. */
const STEADY_FROM_FRAMES = 20;
const STEADY_SPREAD_DB = 4;
const HANGOVER_FRAMES = HANGOVER_MS / FRAME_MS;
const MAX_FRAMES = MAX_UTTERANCE_MS / FRAME_MS;

/**
 * Finds utterances in frames of 20 ms by their energy over a tracked noise floor. It does no I/O and knows no time but
 * the count of frames. `quiet → onset → speaking → quiet`; keypad tones, clicks and steady noise are not speech.
 */
export class UtteranceDetector {
  readonly #rate: number;
  readonly #blocks = new Float64Array(BLOCKS).fill(QUIETEST_FLOOR_DB);
  #blockLevel = Infinity;
  #frames = 0;
  #run = 0;
  /** First frame of the utterance under way, or -1. */
  #start = -1;
  #lastLoud = -1;
  #loud = 0;
  /** Frames per decibel of the utterance so far. */
  readonly #levels = new Uint32Array(100);

  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Samples in one frame. */
  get frameSamples(): number {
    return (this.#rate * FRAME_MS) / 1_000;
  }

  /** Where the utterance under way began, or null in silence. It may still turn out to be noise. */
  get speakingSinceMs(): number | null {
    return this.#start < 0 ? null : this.#start * FRAME_MS;
  }

  /** Takes one frame; returns the utterance that it ends, if any. */
  push(frame: Int16Array): Utterance | null {
    const index = this.#frames++;
    const level = levelDb(frame);
    const loud = this.#isLoud(frame, level);
    this.#track(index, level);
    this.#run = loud ? this.#run + 1 : 0;
    if (this.#start < 0) {
      if (this.#run >= ONSET_FRAMES) this.#begin(index - ONSET_FRAMES + 1, index, level);
      return null;
    }
    this.#count(level);
    if (loud) {
      this.#lastLoud = index;
      this.#loud += 1;
    }
    const over = index - this.#lastLoud >= HANGOVER_FRAMES || index - this.#start + 1 >= MAX_FRAMES;
    return over ? this.flush() : null;
  }

  /** The stream ends here: returns the utterance under way, if it is one. */
  flush(): Utterance | null {
    if (this.#start < 0) return null;
    const utterance = { startMs: this.#start * FRAME_MS, endMs: (this.#lastLoud + 1) * FRAME_MS };
    const isSpeech = this.#loud >= MIN_LOUD_FRAMES && !this.#isSteady();
    this.#start = -1;
    this.#run = 0;
    return isSpeech ? utterance : null;
  }

  #isLoud(frame: Int16Array, level: number): boolean {
    const over = this.#start < 0 ? START_OVER_FLOOR_DB : STAY_OVER_FLOOR_DB;
    return level >= Math.min(...this.#blocks) + over && !isKeypadTone(frame, this.#rate);
  }

  #track(index: number, level: number): void {
    this.#blockLevel = Math.min(this.#blockLevel, level);
    if ((index + 1) % BLOCK_FRAMES !== 0) return;
    this.#blocks[Math.floor(index / BLOCK_FRAMES) % BLOCKS] = Math.max(QUIETEST_FLOOR_DB, this.#blockLevel);
    this.#blockLevel = Infinity;
  }

  #begin(start: number, index: number, level: number): void {
    this.#start = start;
    this.#lastLoud = index;
    this.#loud = ONSET_FRAMES;
    this.#levels.fill(0);
    this.#count(level);
  }

  #count(level: number): void {
    const bin = Math.round(level);
    this.#levels[bin] = (this.#levels[bin] ?? 0) + 1;
  }

  /** Whether the levels from the first to the last loud frame lie close together. */
  #isSteady(): boolean {
    const total = this.#lastLoud - this.#start + 1;
    if (total < STEADY_FROM_FRAMES) return false;
    return this.#fromTop(total * 0.1) - this.#fromTop(total * 0.8) < STEADY_SPREAD_DB;
  }

  /** The level above which `frames` frames lie. Counted from the top, so that the silence of the hangover has no say. */
  #fromTop(frames: number): number {
    let seen = 0;
    for (let bin = this.#levels.length - 1; bin >= 0; bin -= 1) {
      seen += this.#levels[bin] ?? 0;
      if (seen >= frames) return bin;
    }
    return 0;
  }
}

/** Mean power of the frame in decibels, without its direct current: some lines have one. */
function levelDb(frame: Int16Array): number {
  let sum = 0;
  let squares = 0;
  for (const sample of frame) {
    sum += sample;
    squares += sample * sample;
  }
  const mean = sum / frame.length;
  return 10 * Math.log10(Math.max(0, squares / frame.length - mean * mean) + 1);
}

/** How an utterance is reported when nobody knows its words. */
export function describeUtterance(utterance: Utterance): string {
  return `[speech ${((utterance.endMs - utterance.startMs) / 1_000).toFixed(1)} s]`;
}
