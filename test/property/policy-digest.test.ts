import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_NONCE_OPTIONS, NonceMint } from '../../src/policy/nonce.js';
import { NonceCounts } from '../../src/policy/nonce-counts.js';
import { digestPolicy } from '../../src/policy/rules/digest.js';
import {
  formatChallenge,
  formatCredentials,
  parseChallenge,
  parseCredentials,
} from '../../src/sip/digest/credentials.js';
import { digestOptions, facts, REALM, sign, T0, TLS_PEER } from '../unit/policy/helpers.js';

const PEER = TLS_PEER.address;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('nonces', () => {
  it('are never accepted when any byte is changed', () => {
    const mint = new NonceMint({ ...DEFAULT_NONCE_OPTIONS, key: Buffer.alloc(32, 3) });
    const bytes = Buffer.from(mint.issue(REALM, PEER, T0), 'base64url');
    for (let index = 0; index < bytes.length; index++) {
      for (let change = 1; change < 256; change++) {
        const forged = Buffer.from(bytes);
        forged[index] = (forged[index] ?? 0) ^ change;
        expect(mint.check(forged.toString('base64url'), REALM, PEER, T0).kind).toBe('forged');
      }
    }
  });

  it('are never accepted when characters are changed, inserted or removed', () => {
    const mint = new NonceMint({ ...DEFAULT_NONCE_OPTIONS, key: Buffer.alloc(32, 4) });
    fc.assert(
      fc.property(
        fc.nat(39),
        fc.nat(2),
        fc.oneof(fc.constantFrom(...ALPHABET), fc.string({ unit: 'binary', minLength: 1, maxLength: 3 })),
        (at, removed, inserted) => {
          const nonce = mint.issue(REALM, PEER, T0);
          const forged = nonce.slice(0, at) + inserted + nonce.slice(at + removed);
          fc.pre(forged !== nonce);
          expect(mint.check(forged, REALM, PEER, T0).kind).toBe('forged');
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('are valid exactly while they live', () => {
    const mint = new NonceMint({ lifeMs: 1_000, driftMs: 50 });
    fc.assert(
      fc.property(fc.integer({ min: -200, max: 1_200 }), (age) => {
        const nonce = mint.issue(REALM, PEER, T0);
        expect(mint.check(nonce, REALM, PEER, T0 + age).kind).toBe(age >= -50 && age <= 1_000 ? 'valid' : 'expired');
      }),
    );
  });
});

describe('nonce counts against a set', () => {
  it('a count is fresh once, unless it is 0 or 64 below the highest', () => {
    const count = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0xffff_ff00, max: 0xffff_ffff }));
    fc.assert(
      fc.property(fc.array(count, { maxLength: 200 }), (sequence) => {
        const counts = new NonceCounts();
        const used = new Set<number>();
        let highest = 0;
        for (const nc of sequence) {
          const fresh = nc > 0 && !used.has(nc) && nc > highest - 64;
          expect(counts.use('n', T0, nc)).toBe(fresh ? 'fresh' : 'replayed');
          if (!fresh) continue;
          used.add(nc);
          highest = Math.max(highest, nc);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('no pair of nonce and count is ever fresh twice, however small the memory', () => {
    const use = fc.record({ nonce: fc.nat(9), nc: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(use, { maxLength: 100 }), fc.integer({ min: 1, max: 5 }), (sequence, room) => {
        const counts = new NonceCounts(room);
        const used = new Set<string>();
        for (const { nonce, nc } of sequence) {
          if (counts.use(`n${nonce}`, nonce, nc) !== 'fresh') continue;
          expect(used.has(`${nonce}/${nc}`)).toBe(false);
          used.add(`${nonce}/${nc}`);
        }
        expect(counts.size).toBeLessThanOrEqual(room);
      }),
    );
  });
});

describe('credentials', () => {
  // Everything a quoted-string can carry: no C0 controls but tab, and no lone surrogates.
  const text = fc
    .string({ unit: 'grapheme', maxLength: 40 })
    .map((value) => [...value].filter((char) => char >= ' ' && char !== '\u007f').join(''));
  const filled = text.filter((value) => value !== '');

  it('parse what they format', () => {
    const hex = fc.constantFrom(...'0123456789abcdef');
    const credentials = fc.record({
      username: filled,
      realm: text,
      nonce: filled,
      uri: filled,
      response: fc.string({ unit: hex, minLength: 64, maxLength: 64 }),
      algorithm: fc.constantFrom('SHA-256', 'SHA-512-256', 'SHA-256-sess'),
      opaque: fc.option(text),
      protection: fc.option(
        fc.record({
          qop: fc.constantFrom('auth', 'auth-int'),
          nc: fc.string({ unit: hex, minLength: 8, maxLength: 8 }),
          cnonce: filled,
        }),
      ),
      userhash: fc.boolean(),
    });
    fc.assert(
      fc.property(credentials, (value) => {
        expect(parseCredentials(formatCredentials(value))).toEqual(value);
      }),
    );
  });

  it('challenges parse what they format', () => {
    const challenge = fc.record({
      realm: text,
      nonce: text,
      opaque: fc.option(text),
      algorithm: fc.constantFrom('MD5', 'SHA-256'),
      qop: fc.option(fc.constantFrom(['auth'], ['auth', 'auth-int'])),
      stale: fc.boolean(),
    });
    fc.assert(
      fc.property(challenge, (value) => {
        expect(parseChallenge(formatChallenge(value))).toEqual(value);
      }),
    );
  });

  it('threat 54: no text makes the rule throw or pass', () => {
    const policy = digestPolicy(digestOptions());
    const soup = fc
      .array(
        fc.constantFrom('Digest ', 'username', '=', '"', '\\', ',', ' ', 'nc=00000001', 'x', '\u0000', 'response="'),
        {
          maxLength: 30,
        },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(soup, fc.string({ unit: 'binary' })), { minLength: 1, maxLength: 3 }),
        (authorization) => {
          expect(policy.judge(facts({ authorization })).kind).toMatch(/^(challenge|deny)$/);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('threat 41 to 52: a right value with any one character changed never passes, unless it means the same', () => {
    const options = digestOptions();
    const policy = digestPolicy(options);
    // Hex digits of nc and response count without case; names, scheme, algorithm and qop are case-insensitive too.
    const meaning = (value: string): unknown => {
      const parsed = parseCredentials(value);
      return parsed === null
        ? null
        : { ...parsed, response: parsed.response.toLowerCase(), algorithm: parsed.algorithm.toUpperCase() };
    };
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...'aZ09"\\,= @%'), (position, char) => {
        const nonce = options.nonces.issue(REALM, PEER, T0);
        const right = sign({ nonce });
        const at = position % right.length;
        const changed = right.slice(0, at) + char + right.slice(at + 1);
        const result = policy.judge(facts({ authorization: [changed] }));
        if (result.kind === 'pass') expect(meaning(changed)).toEqual(meaning(right));
      }),
      { numRuns: 2_000 },
    );
  });
});
