import { describe, expect, it } from 'vitest';
import { SpeechTracker } from '../../../src/caller/speech-tracker.js';

const voice = (ms: number): Int16Array =>
  Int16Array.from({ length: ms * 8 }, (_, index) => 4_000 * Math.sin(index / 4));
const quiet = (ms: number): Int16Array => Int16Array.from({ length: ms * 8 }, (_, index) => (index % 2) * 20);

describe('SpeechTracker', () => {
  it('measures speech and the silence after it, however the audio is cut', () => {
    for (const size of [8, 160, 333, 8_000]) {
      const tracker = new SpeechTracker();
      const audio = Int16Array.from([...quiet(200), ...voice(400), ...quiet(600)]);
      for (let at = 0; at < audio.length; at += size) tracker.push(audio.subarray(at, at + size));
      expect(tracker.spokeMs).toBe(400);
      expect(tracker.silentMs).toBe(600);
    }
  });

  it('hears nothing in silence', () => {
    const tracker = new SpeechTracker();
    tracker.push(new Int16Array(8_000));
    expect([tracker.spokeMs, tracker.silentMs]).toEqual([0, 1_000]);
  });
});
