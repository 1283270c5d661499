import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/egress/backoff.js';

const BACKOFF = { minMs: 250, maxMs: 5_000 };

describe('backoffMs', () => {
  it('doubles up to its maximum', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(BACKOFF, attempt, 1))).toEqual([
      250, 500, 1_000, 2_000, 4_000, 5_000, 5_000,
    ]);
  });

  it('takes off at most a quarter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const whole = backoffMs(BACKOFF, attempt, 1);
        const delay = backoffMs(BACKOFF, attempt, random);
        expect(delay).toBeLessThanOrEqual(whole);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(whole * 0.75));
        expect(Number.isInteger(delay)).toBe(true);
      }),
    );
  });
});
