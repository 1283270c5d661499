import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMatchers, findMatch } from '../../src/policy/matchers.js';
import { closestMiss } from '../../src/policy/misses.js';
import { fromPolicy } from '../../src/policy/rules/from.js';
import { sameUri } from '../../src/policy/uri-equivalence.js';
import { parseUri } from '../../src/sip/message/uri.js';
import { contains, exact, facts } from '../unit/policy/helpers.js';

/** A SIP URI in parts, and as somebody might write it. */
interface Address {
  readonly user: string | null;
  readonly host: string;
  readonly port: number | null;
  readonly text: string;
}

const userChar = fc.constantFrom(...'aAbB019+-.*#@ü');
const label = fc.constantFrom('a', 'b', 'good', 'evil', 'x1');
const host = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => `${labels.join('.')}.example`);
const address: fc.Arbitrary<Address> = fc
  .record({
    user: fc.option(fc.string({ unit: userChar, minLength: 1, maxLength: 6 })),
    host,
    port: fc.option(fc.integer({ min: 1, max: 65_535 })),
    upper: fc.boolean(),
    secure: fc.boolean(),
    params: fc.constantFrom('', ';transport=tcp', ';x=good.example', ';x=019', '?Subject=019'),
  })
  .map(({ user, host, port, upper, secure, params }) => {
    const escaped = user === null ? '' : `${encodeURIComponent(user)}@`;
    const written = upper ? host.toUpperCase() : host;
    const text = `${secure ? 'sips' : 'sip'}:${escaped}${written}${port === null ? '' : `:${port}`}${params}`;
    return { user, host, port, text };
  });

/** interfaces.md §4 read naively: the user's own `@` is not the separator, so it is written as another character. */
function containsOracle(value: string, { user, host, port }: Address): boolean {
  const mark = '\u0001';
  const inUser = user ?? '';
  if (/^[+0-9*#\-.()]+$/.test(value)) return inUser.includes(value);
  const at = value.lastIndexOf('@');
  const place = port === null ? host : `${host}:${port}`;
  if (at < 0) return inUser.includes(value) || place.includes(value.toLowerCase());
  const haystack = user === null ? place : `${user}${mark}${place}`;
  return haystack.includes(`${value.slice(0, at)}${mark}${value.slice(at + 1).toLowerCase()}`);
}

/** A piece of the address as an operator might list it, or of another one. */
const piece = (from: Address): fc.Arbitrary<string> => {
  const whole = `${from.user ?? ''}@${from.host}${from.port === null ? '' : `:${from.port}`}`;
  return fc
    .tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: whole.length }))
    .map(([start, length]) => whole.slice(start, start + length));
};

const readable = (value: string): boolean => value.trim() === value && value !== '' && !/[\s<>"]/.test(value);

describe('allowlist matcher against a naive oracle', () => {
  it('contains entries', () => {
    const cases = address.chain((subject) =>
      fc.record({ subject: fc.constant(subject), value: fc.oneof(piece(subject), address.chain(piece)) }),
    );
    fc.assert(
      fc.property(cases, ({ subject, value }) => {
        fc.pre(readable(value));
        const found = findMatch(createMatchers(contains(value)), parseUri(subject.text)) !== null;
        expect(found).toBe(containsOracle(value, subject));
      }),
      { numRuns: 3_000 },
    );
  });

  it('exact entries match their own address, and another one only when it is the same', () => {
    fc.assert(
      fc.property(address, address, (entry, subject) => {
        fc.pre(entry.user !== null);
        const text = `${encodeURIComponent(entry.user ?? '')}@${entry.host}${entry.port === null ? '' : `:${entry.port}`}`;
        const matchers = createMatchers(exact(text));
        expect(findMatch(matchers, parseUri(entry.text))).not.toBeNull();
        const same =
          subject.user === entry.user &&
          subject.host === entry.host &&
          (entry.port === null || subject.port === entry.port);
        expect(findMatch(matchers, parseUri(subject.text)) !== null).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  it('what stands outside user, host and port never changes the answer', () => {
    fc.assert(
      fc.property(address, fc.constantFrom('019', 'good', 'evil.example', 'a@good'), (subject, value) => {
        const matchers = createMatchers(contains(value));
        const bare = parseUri(subject.text.replace(/[;?].*$/, ''));
        expect(findMatch(matchers, parseUri(subject.text))).toEqual(findMatch(matchers, bare));
      }),
      { numRuns: 1_000 },
    );
  });

  it('never lets a display name or tag match', () => {
    fc.assert(
      fc.property(fc.constantFrom('2345556789', 'good.example', 'alice@good.example'), (value) => {
        const policy = fromPolicy(createMatchers(contains(value)), 'last4');
        const from = `"sip:${value}" <sip:666@evil.test>;tag=${value.replaceAll('@', '.')};x="${value}"`;
        expect(policy.judge(facts({ from }))).toMatchObject({ kind: 'deny', status: 403 });
      }),
    );
  });

  it('finding a near miss never throws and never names the entry itself', () => {
    fc.assert(
      fc.property(address, address, (entry, subject) => {
        fc.pre(entry.user !== null);
        const matchers = createMatchers(exact(encodeURIComponent(entry.user ?? '')));
        const miss = closestMiss(matchers, parseUri(subject.text));
        expect(miss === null || miss.includes('portcullis.yaml:1')).toBe(true);
      }),
    );
  });
});

describe('URI equivalence (RFC 3261 §19.1.4)', () => {
  it('is reflexive and symmetric', () => {
    fc.assert(
      fc.property(address, address, (left, right) => {
        const [a, b] = [parseUri(left.text), parseUri(right.text)];
        expect(sameUri(a, a)).toBe(true);
        expect(sameUri(a, b)).toBe(sameUri(b, a));
      }),
    );
  });
});
