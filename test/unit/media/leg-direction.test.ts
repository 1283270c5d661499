import { describe, expect, it } from 'vitest';
import type { MediaPlan } from '../../../src/call/ports.js';
import { directionOf, SilenceWatch } from '../../../src/media/leg-direction.js';
import { NO_STATS, statsOf } from '../../../src/media/media-stats.js';
import { plan } from '../../support/rtp-media.js';

type Direction = MediaPlan['direction'];

describe('directionOf (RFC 3264 §8.4)', () => {
  it.each<[Direction, Direction, boolean, boolean]>([
    ['sendrecv', 'sendrecv', true, true],
    ['sendrecv', 'recvonly', false, false], // the peer holds us: what it sends is music
    ['sendrecv', 'sendonly', false, true],
    ['sendrecv', 'inactive', false, false],
    ['recvonly', 'recvonly', true, false], // a recording client sends from the start
    ['recvonly', 'sendrecv', true, true],
    ['recvonly', 'inactive', false, false],
    ['inactive', 'sendrecv', true, true],
    ['sendonly', 'recvonly', false, false],
  ])('a leg that began %s and is %s now: listening %s, sending %s', (initial, direction, listening, sending) => {
    expect(directionOf(initial, plan(4_000, { direction }))).toEqual({ listening, sending });
  });

  it('never sends to 0.0.0.0', () => {
    expect(directionOf('sendrecv', plan(4_000, { remoteAddress: '0.0.0.0' })).sending).toBe(false);
  });
});

describe('SilenceWatch (fault 17)', () => {
  const watch = () => new SilenceWatch({ silenceMs: 30_000, holdMs: 3_600_000 });

  it('says once per silence that it is too long', () => {
    const silence = watch();
    silence.heard(1_000);
    expect([30_999, 31_000, 31_020, 90_000].map((at) => silence.check(at, true))).toEqual([null, 30_000, null, null]);
    silence.heard(100_000);
    expect(silence.check(130_000, true)).toBe(30_000);
  });

  it('has more patience on hold', () => {
    const silence = watch();
    silence.heard(0);
    expect(silence.check(3_599_999, false)).toBeNull();
    expect(silence.check(3_600_000, false)).toBe(3_600_000);
  });
});

describe('statsOf', () => {
  it('adds drops by reason and leaves zeros out', () => {
    const state = { ssrc: 1, highest: 1, received: 97, expected: 100, jitter: 20 };
    expect(statsOf(state, 7, [{ late: 1, source: 0 }, { late: 2 }, { rate: 5 }])).toEqual({
      packetsReceived: 97,
      packetsSent: 7,
      jitterMs: 2.5,
      lossPercent: 3,
      dropped: { late: 3, rate: 5 },
    });
  });

  it('is all zeros before the first packet, and never counts doubles as negative loss', () => {
    expect(statsOf(null, 0, [])).toEqual(NO_STATS);
    expect(statsOf({ ssrc: 1, highest: 1, received: 12, expected: 10, jitter: 0 }, 0, []).lossPercent).toBe(0);
  });
});
