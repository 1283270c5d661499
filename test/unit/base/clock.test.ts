import { describe, expect, it } from 'vitest';
import { pendingTimers, systemClock } from '../../../src/base/clock.js';

describe('systemClock', () => {
  it('counts the timers that wait: run, cancelled once or twice, repeated', async () => {
    const before = pendingTimers();
    const stop = systemClock.every(5, () => {});
    const cancel = systemClock.after(60_000, () => {});
    await new Promise<void>((resolve) => {
      systemClock.after(1, resolve);
      expect(pendingTimers()).toBe(before + 3);
    });
    expect(pendingTimers()).toBe(before + 2);
    cancel();
    cancel();
    stop();
    expect(pendingTimers()).toBe(before);
  });
});
