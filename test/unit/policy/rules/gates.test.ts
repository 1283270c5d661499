import { describe, expect, it } from 'vitest';
import { capacityPolicy } from '../../../../src/policy/rules/capacity.js';
import { drainingPolicy } from '../../../../src/policy/rules/draining.js';
import { facts } from '../helpers.js';

describe('draining rule (fault 16)', () => {
  it('asks each time, and refuses with 503 and Retry-After', () => {
    let draining = false;
    const policy = drainingPolicy({ draining: () => draining, retryAfterSeconds: 7 });
    expect(policy.judge(facts()).kind).toBe('pass');
    draining = true;
    expect(policy.judge(facts())).toMatchObject({
      kind: 'deny',
      status: 503,
      code: 'DRAINING',
      headers: [['Retry-After', '7']],
    });
    // RFC 3261 §11.2: OPTIONS gets the status that an INVITE would have got.
    expect(policy.judge(facts({ method: 'OPTIONS' }))).toMatchObject({ status: 503 });
  });

  it('asks callers to wait for 30 s by default', () => {
    expect(drainingPolicy({ draining: () => true }).judge(facts())).toMatchObject({ headers: [['Retry-After', '30']] });
  });
});

describe('capacity rule', () => {
  it('asks each time, refuses with 503 and Retry-After, and tells what is exhausted', () => {
    let exhausted: string | null = null;
    const policy = capacityPolicy({ exhausted: () => exhausted });
    expect(policy.judge(facts()).kind).toBe('pass');
    exhausted = '1000 of 1000 calls';
    expect(policy.judge(facts())).toMatchObject({
      kind: 'deny',
      status: 503,
      code: 'CAPACITY',
      reason: 'no room for another call: 1000 of 1000 calls',
      headers: [['Retry-After', '30']],
    });
  });
});
