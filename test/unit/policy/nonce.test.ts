import { describe, expect, it } from 'vitest';
import { DEFAULT_NONCE_OPTIONS, NonceMint } from '../../../src/policy/nonce.js';
import { T0 } from './helpers.js';

const REALM = 'portcullis';
const PEER = '192.0.2.10';
const KEY = Buffer.alloc(32, 1);

function mint(key: Buffer = KEY): NonceMint {
  return new NonceMint({ ...DEFAULT_NONCE_OPTIONS, key });
}

describe('nonces without memory (threats C.1)', () => {
  it('accepts what it issued, and another instance with the same key does too', () => {
    const nonce = mint().issue(REALM, PEER, T0);
    expect(mint().check(nonce, REALM, PEER, T0)).toEqual({ kind: 'valid', issued: T0 });
    expect(nonce).toMatch(/^[A-Za-z0-9_-]{40}$/);
  });

  it.each<[string, number, 'valid' | 'expired']>([
    ['at once', 0, 'valid'],
    ['after 300 s', 300_000, 'valid'],
    ['after 300.001 s', 300_001, 'expired'],
    ['after a day', 86_400_000, 'expired'],
    ['3 s before it was issued (threat 45: clock set back)', -3_000, 'valid'],
    ['3.001 s before it was issued (threat 45)', -3_001, 'expired'],
  ])('judges its age: %s', (_title, age, expected) => {
    const nonces = mint();
    expect(nonces.check(nonces.issue(REALM, PEER, T0), REALM, PEER, T0 + age).kind).toBe(expected);
  });

  it('binds a nonce to realm and peer address', () => {
    const nonces = mint();
    const nonce = nonces.issue(REALM, PEER, T0);
    expect(nonces.check(nonce, 'other', PEER, T0).kind).toBe('forged');
    expect(nonces.check(nonce, REALM, '192.0.2.11', T0).kind).toBe('forged');
  });

  it('does not confuse where the realm ends and the address begins', () => {
    const nonces = mint();
    expect(nonces.check(nonces.issue('a', 'b:1', T0), 'a:b', '1', T0).kind).toBe('forged');
    expect(nonces.check(nonces.issue('r1', '0.0.0.1', T0), 'r', '10.0.0.1', T0).kind).toBe('forged');
  });

  it('keeps the previous key alive for one rotation', () => {
    const nonces = mint();
    const first = nonces.issue(REALM, PEER, T0);
    nonces.rotate();
    const second = nonces.issue(REALM, PEER, T0);
    expect(nonces.check(first, REALM, PEER, T0).kind).toBe('valid');
    expect(nonces.check(second, REALM, PEER, T0).kind).toBe('valid');
    nonces.rotate(Buffer.alloc(32, 9));
    expect(nonces.check(first, REALM, PEER, T0).kind).toBe('forged');
    expect(nonces.check(second, REALM, PEER, T0).kind).toBe('valid');
  });

  it('never makes the same nonce twice, and none that another key would accept', () => {
    const nonces = mint();
    const issued = new Set(Array.from({ length: 1_000 }, () => nonces.issue(REALM, PEER, T0)));
    expect(issued.size).toBe(1_000);
    const foreign = new NonceMint().issue(REALM, PEER, T0);
    expect(nonces.check(foreign, REALM, PEER, T0).kind).toBe('forged');
  });

  it.each(['', 'x', 'A'.repeat(40), 'A'.repeat(1_024), '\u0000', '=', '{"issued":1}'])(
    'threat 41: a nonce it never issued (%s) is forged',
    (nonce) => {
      expect(mint().check(nonce, REALM, PEER, T0).kind).toBe('forged');
    },
  );

  it('threat 42: one nonce has one spelling', () => {
    const nonces = mint();
    let nonce = nonces.issue(REALM, PEER, T0);
    while (!/[-_]/.test(nonce)) nonce = nonces.issue(REALM, PEER, T0);
    const spellings = [
      `${nonce}=`,
      ` ${nonce}`,
      `${nonce.slice(0, 8)}\n${nonce.slice(8)}`,
      nonce.replaceAll('-', '+').replaceAll('_', '/'),
    ];
    for (const spelling of spellings) expect(nonces.check(spelling, REALM, PEER, T0).kind).toBe('forged');
  });
});
