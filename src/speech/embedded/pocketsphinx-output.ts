import type { TimedWord } from './recognize-protocol.js';

/** pocketsphinx counts time in frames of 10 ms. */
const FRAME_MS = 10;
/** `word  start end  pprob ascr lscr lback`: the table that `-backtrace yes` writes to the log. */
const ROW = /^(\S{1,64})\s+(\d{1,7})\s+(\d{1,7})\s+\d{1,3}\.\d{1,6}\s+-?\d{1,12}\s+-?\d{1,12}\s+-?\d{1,6}\s*$/;

/** What the recogniser aligned with the sound of one utterance. */
export interface Alignment {
  readonly words: readonly TimedWord[];
  /**
   * Share of the speech, 0..1, that single sounds explain better than the words of the grammar: a high share means that
   * something else was said.
   */
  readonly strayShare: number;
}

/** Reads the alignment from the log of one run. Silences count as neither words nor stray sounds. */
export function parseAlignment(log: string): Alignment {
  const words: TimedWord[] = [];
  let wordFrames = 0;
  let strayFrames = 0;
  for (const line of log.split('\n')) {
    const match = ROW.exec(line);
    if (match === null) continue;
    const [, label = '', start, end] = match;
    const frames = Math.max(0, Number(end) - Number(start) + 1);
    // `++AA++` is one sound, `[NOISE]` and `[SPEECH]` are any; `<sil>` is silence, `(NULL)` a joint of the grammar.
    if (/^[+[]/.test(label)) strayFrames += frames;
    if (/^[+<[(]/.test(label)) continue;
    wordFrames += frames;
    const word = label.replace(/\(\d{1,2}\)$/, '');
    words.push({ word, startMs: Number(start) * FRAME_MS, endMs: Number(start) * FRAME_MS + frames * FRAME_MS });
  }
  return { words, strayShare: wordFrames === 0 ? 1 : strayFrames / (strayFrames + wordFrames) };
}
