import { describe, expect, it } from 'vitest';
import { createMatchers } from '../../../../src/policy/matchers.js';
import { fromPolicy } from '../../../../src/policy/rules/from.js';
import { toPolicy } from '../../../../src/policy/rules/to.js';
import { contains, exact, facts } from '../helpers.js';

function reasonOf(
  entries: Parameters<typeof createMatchers>[0],
  from: string,
  mask: 'last4' | 'none' = 'last4',
): string {
  const result = fromPolicy(createMatchers(entries), mask).judge(facts({ from }));
  return result.kind === 'pass' ? 'pass' : result.reason;
}

describe('from rule', () => {
  const policy = fromPolicy(createMatchers(contains('111', '2345556789')), 'last4');

  it('passes with the entry that matched', () => {
    expect(policy.judge(facts())).toEqual({
      kind: 'pass',
      input: 'From user ***6789 at good.example',
      entry: { text: '2345556789', origin: 'WHITELIST_FROM_URI[1]' },
    });
  });

  it('refuses with 403 and says what was looked for, where', () => {
    expect(policy.judge(facts({ from: '<sip:9876543210@h.example>;tag=a' }))).toEqual({
      kind: 'deny',
      status: 403,
      input: 'From user ***3210 at h.example',
      reason: 'From user ***3210 at h.example matches no entry of WHITELIST_FROM_URI',
      headers: [],
    });
  });

  it.each<[string, string]>([
    ['<sip:good.example>;tag=a', 'From address good.example without user'],
    ['<sip:anonymous@anonymous.invalid>;tag=a', 'From user *** at anonymous.invalid'],
    ['<sip:1@[2001:db8::1]:5061>;tag=a', 'From user ***1 at [2001:db8::1]:5061'],
    ['<tel:+1-987-654-3210>;tag=a', 'From number ***3210'],
    ['<urn:service:sos>;tag=a', 'From urn: URI'],
  ])('threat 29 and others: names %s safely', (from, words) => {
    expect(reasonOf(contains('2345556789'), from)).toBe(`${words} matches no entry of WHITELIST_FROM_URI`);
  });

  it('shows at most 64 characters of a host', () => {
    const host = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`;
    expect(reasonOf(contains('111'), `<sip:x@${host}>;tag=a`)).not.toContain('bbbbb');
  });

  it('shows the identity in full only when told so', () => {
    expect(reasonOf(contains('111'), '<sip:9876543210@h.example>;tag=a', 'none')).toContain('9876543210');
  });

  it.each<[string, Parameters<typeof createMatchers>[0], string, string]>([
    [
      'another host',
      exact('9', '2345556789@good.example'),
      '2345556789@evil.example',
      'the user is that of portcullis.yaml:2, but the host or port is not',
    ],
    ['another case', exact('alice'), 'Alice@h.example', 'it differs from portcullis.yaml:1 in upper and lower case'],
    [
      'a plus',
      exact('+12345556789'),
      '12345556789@h.example',
      'its digits are those of portcullis.yaml:1, but a + or separators differ',
    ],
    [
      'separators',
      contains('2345556789'),
      '234-555-6789@h.example',
      'its digits are those of WHITELIST_FROM_URI[0], but a + or separators differ',
    ],
    [
      'a country code',
      exact('+12345556789'),
      '2345556789@h.example',
      'it is the number of portcullis.yaml:1 with another country code or dial prefix',
    ],
    [
      'a trunk prefix',
      exact('+493012345678'),
      '03012345678@h.example',
      'it is the number of portcullis.yaml:1 with another country code or dial prefix',
    ],
    [
      'a tel entry',
      exact('tel:+12345556789'),
      '12345556789@h.example',
      'it has the number of portcullis.yaml:1, which is for tel: URIs only',
    ],
    [
      'another host for an entry that is contained',
      contains('alice@good.example'),
      'alice@evil.example',
      'the user is that of WHITELIST_FROM_URI[0], but the host or port is not',
    ],
  ])('tells the closest miss: %s', (_title, entries, address, expected) => {
    expect(reasonOf(entries, `<sip:${address}>;tag=a`).split('; ')[1]).toBe(expected);
  });

  it.each(['sip:000@h.example', 'sip:999@h.example', 'sip:0000000000@h.example', 'sip:h.example'])(
    'sees no near miss in %s',
    (uri) => {
      expect(reasonOf(exact('+12345556789', 'alice', '0000000'), `<${uri}>;tag=a`)).not.toContain(';');
    },
  );

  it('names each list once', () => {
    const lists = [...contains('111', '222'), ...exact('333', '444')];
    expect(reasonOf(lists, '<sip:9@h.example>;tag=a')).toContain('of WHITELIST_FROM_URI and portcullis.yaml');
  });
});

describe('to rule', () => {
  const policy = toPolicy(createMatchers(contains('2345556789')), 'last4');
  const judge = (to: string, requestUri: string) => policy.judge(facts({ to: `<${to}>`, requestUri }));

  it('matches To, and calls it', () => {
    const result = judge('sip:12345556789@myhost.com', 'sip:bot@gw.example');
    expect(result).toMatchObject({ kind: 'pass', called: { user: '12345556789' }, entry: { text: '2345556789' } });
  });

  it('threat 23: falls back to the Request-URI, and then calls that one and not To', () => {
    const result = judge('sip:9005551234@x.example', 'sip:2345556789@gw.example');
    expect(result).toMatchObject({ kind: 'pass', called: { user: '2345556789', host: 'gw.example' } });
  });

  it('prefers To when both match', () => {
    const result = judge('sip:12345556789@to.example', 'sip:22345556789@gw.example');
    expect(result).toMatchObject({ called: { host: 'to.example' } });
  });

  it('refuses with 403 when neither matches', () => {
    expect(judge('sip:9005551234@x.example', 'sip:bot@gw.example')).toEqual({
      kind: 'deny',
      status: 403,
      input: 'To user ***1234 at x.example, Request-URI user *** at gw.example',
      reason:
        'neither To user ***1234 at x.example nor Request-URI user *** at gw.example matches an entry of WHITELIST_FROM_URI',
      headers: [],
    });
  });

  it('tells a near miss of the Request-URI too', () => {
    const result = judge('sip:bot@x.example', 'sip:234-555-6789@gw.example');
    expect(result.kind === 'deny' && result.reason).toContain('but a + or separators differ');
  });
});

describe('near misses in long lists', () => {
  it('refusing stays cheap: only the first 1,000 entries are compared', () => {
    const many = exact(...Array.from({ length: 1_000 }, (_, index) => `4930${index}`), '+12345556789');
    expect(reasonOf(many, '<sip:12345556789@h.example>;tag=a')).not.toContain(';');
    expect(reasonOf(many.slice(1), '<sip:12345556789@h.example>;tag=a')).toContain('portcullis.yaml:1001');
  });
});
