import { describe, expect, it } from 'vitest';
import { AcceptedInvite } from '../../../../src/sip/dialog/accepted-invite.js';
import { FakeClock } from '../../../support/fake-clock.js';

function rig() {
  const clock = new FakeClock();
  const resent: number[] = [];
  let expired = 0;
  const accepted = new AcceptedInvite(clock, {
    onResend: () => resent.push(clock.monotonic()),
    onExpired: () => (expired += 1),
  });
  return { clock, resent, accepted, expired: () => expired };
}

describe('a 2xx that waits for its ACK (RFC 3261 §13.3.1.4)', () => {
  it('is repeated from T1, doubling, never more than T2 apart, and given up at 64*T1', () => {
    const { clock, resent, expired } = rig();
    clock.advance(31_999);
    expect(resent).toEqual([500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(expired()).toBe(0);
    clock.advance(1);
    expect(expired()).toBe(1);
    clock.advance(100_000);
    expect([resent.length, expired(), clock.pending]).toEqual([10, 1, 0]);
  });

  it('stops at the ACK and leaves no timer', () => {
    const { clock, resent, accepted, expired } = rig();
    clock.advance(600);
    accepted.stop();
    accepted.stop();
    expect(clock.pending).toBe(0);
    clock.advance(100_000);
    expect([resent, expired()]).toEqual([[500], 0]);
  });

  it('may be stopped while it resends', () => {
    const clock = new FakeClock();
    const accepted: AcceptedInvite = new AcceptedInvite(clock, { onResend: () => accepted.stop(), onExpired() {} });
    clock.advance(500);
    expect(clock.pending).toBe(0);
  });
});
