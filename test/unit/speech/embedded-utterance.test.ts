import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKeypadTone } from '../../../src/speech/embedded/tones.js';
import {
  describeUtterance,
  HANGOVER_MS,
  MAX_UTTERANCE_MS,
  type Utterance,
  UtteranceDetector,
} from '../../../src/speech/embedded/utterance.js';
import { click, joined, mixed, noise, silence, tones, voice } from './embedded-signals.js';

const ROWS = [697, 770, 852, 941];
const COLUMNS = [1_209, 1_336, 1_477, 1_633];

function detect(samples: Int16Array, rate = 8_000): Utterance[] {
  const detector = new UtteranceDetector(rate);
  const found: (Utterance | null)[] = [];
  for (let at = 0; at + detector.frameSamples <= samples.length; at += detector.frameSamples) {
    found.push(detector.push(samples.subarray(at, at + detector.frameSamples)));
  }
  found.push(detector.flush());
  return found.filter((utterance) => utterance !== null);
}

describe('what is an utterance', () => {
  const quiet = silence(1_000);
  it.each([
    ['digital silence', silence(5_000), 0],
    ['comfort noise', noise(5_000, 30), 0],
    ['a direct current', silence(3_000).fill(3_000), 0],
    ['steady loud noise that begins', joined(quiet, noise(4_000, 2_000), quiet), 0],
    ['a steady whistle', joined(quiet, tones(3_000, [1_000], 8_000), quiet), 0],
    ['one click', joined(quiet, click(20, 12_000), quiet), 0],
    ['a row of clicks', joined(...Array.from({ length: 20 }, () => joined(click(20, 9_000), silence(100)))), 0],
    ['80 ms of voice', joined(quiet, voice(80, 9_000), quiet), 0],
    ['a voice', joined(quiet, voice(1_400, 9_000), quiet), 1],
    ['a short yes', joined(quiet, voice(300, 9_000), quiet), 1],
    ['a quiet voice', joined(quiet, voice(1_400, 500), quiet), 1],
    ['a voice over noise', mixed(joined(quiet, quiet, voice(1_400, 9_000), quiet), noise(4_400, 150)), 1],
    ['a voice from the first frame on', joined(voice(1_400, 9_000), quiet), 1],
    ['a voice until the last frame', joined(quiet, voice(1_400, 9_000)), 1],
    ['a voice with a pause within words', joined(quiet, voice(500, 9_000), silence(300), voice(500, 9_000), quiet), 1],
    ['two sentences', joined(quiet, voice(900, 9_000), quiet, voice(900, 9_000), quiet), 2],
  ])('%s: %#', (_name, samples, count) => {
    expect(detect(samples)).toHaveLength(count);
  });

  it('finds the times of a voice within a syllable of the truth', () => {
    const [utterance] = detect(joined(silence(1_000), voice(1_400, 9_000), silence(1_000)));
    expect(Math.abs((utterance?.startMs ?? 0) - 1_000)).toBeLessThanOrEqual(60);
    expect(Math.abs((utterance?.endMs ?? 0) - 2_400)).toBeLessThanOrEqual(60);
  });

  it('hears the same at 16,000 samples a second', () => {
    const wide = detect(joined(silence(1_000, 16_000), voice(1_400, 9_000, 16_000), silence(1_000, 16_000)), 16_000);
    expect(wide).toEqual(detect(joined(silence(1_000), voice(1_400, 9_000), silence(1_000))));
  });

  it('forgets a noise that came and stayed: a voice over it is still found', () => {
    const room = noise(6_400, 400);
    expect(detect(mixed(joined(silence(4_000), voice(1_400, 9_000), silence(1_000)), room))).toHaveLength(1);
  });

  it(`cuts an utterance at ${MAX_UTTERANCE_MS} ms`, () => {
    const found = detect(
      joined(silence(200), ...Array.from({ length: 20 }, () => joined(voice(900, 9_000), silence(200)))),
    );
    expect(found.length).toBeGreaterThan(1);
    for (const { startMs, endMs } of found) expect(endMs - startMs).toBeLessThanOrEqual(MAX_UTTERANCE_MS);
  });

  it('tells that somebody speaks while they do', () => {
    const detector = new UtteranceDetector(8_000);
    const push = (samples: Int16Array): void => {
      for (let at = 0; at < samples.length; at += 160) detector.push(samples.subarray(at, at + 160));
    };
    push(silence(400));
    expect(detector.speakingSinceMs).toBeNull();
    push(voice(400, 9_000));
    expect(detector.speakingSinceMs).toBeGreaterThanOrEqual(400);
    push(silence(HANGOVER_MS + 200));
    expect(detector.speakingSinceMs).toBeNull();
  });

  it('is ordered, disjoint and inside the audio for any mix of sounds', () => {
    const part = fc
      .tuple(fc.constantFrom('silence', 'voice', 'noise', 'click'), fc.integer({ min: 20, max: 1_500 }), fc.nat(12_000))
      .map(([kind, ms, level]) =>
        kind === 'voice'
          ? voice(ms, level)
          : kind === 'noise'
            ? noise(ms, level)
            : kind === 'click'
              ? click(20, level)
              : silence(ms),
      );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const samples = joined(...parts);
        let before = 0;
        for (const { startMs, endMs } of detect(samples)) {
          expect(startMs).toBeGreaterThanOrEqual(before);
          expect(endMs).toBeGreaterThan(startMs);
          before = endMs;
        }
        expect(before).toBeLessThanOrEqual(samples.length / 8);
      }),
      { numRuns: 60 },
    );
  });
});

describe('keypad tones (ITU-T Q.23)', () => {
  const pairs = ROWS.flatMap((row) => COLUMNS.map((column) => [row, column] as const));

  it.each(pairs)('%i + %i Hz is a tone and no speech', (row, column) => {
    for (const rate of [8_000, 16_000]) {
      expect(isKeypadTone(tones(20, [row, column], 6_000, rate), rate)).toBe(true);
    }
    const dialled = Array.from({ length: 5 }, () => joined(tones(100, [row, column], 6_000), silence(90)));
    expect(detect(joined(silence(500), ...dialled, silence(1_000)))).toEqual([]);
    expect(detect(joined(silence(500), tones(2_000, [row, column], 6_000), silence(1_000)))).toEqual([]);
  });

  it.each([
    ['silence', silence(20)],
    ['a voice', voice(20, 9_000)],
    ['noise', noise(20, 3_000)],
    ['a row alone', tones(20, [697], 9_000)],
    ['a column alone', tones(20, [1_336], 9_000)],
    ['dial tone', tones(20, [350, 440], 9_000)],
  ])('%s is none', (_name, frame) => {
    expect(isKeypadTone(frame, 8_000)).toBe(false);
  });

  it('does not hide a voice that goes on after a key was pressed', () => {
    expect(
      detect(joined(silence(500), tones(200, [697, 1_209], 6_000), voice(900, 9_000), silence(1_000))),
    ).toHaveLength(1);
  });
});

describe('an utterance as text', () => {
  it.each([
    [{ startMs: 1_000, endMs: 2_400 }, '[speech 1.4 s]'],
    [{ startMs: 0, endMs: 120 }, '[speech 0.1 s]'],
    [{ startMs: 20, endMs: 15_020 }, '[speech 15.0 s]'],
  ])('%o is %s', (utterance, text) => {
    expect(describeUtterance(utterance)).toBe(text);
  });
});
