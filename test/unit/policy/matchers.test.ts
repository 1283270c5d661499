import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../src/base/errors.js';
import { type AllowEntry, createMatchers, findMatch } from '../../../src/policy/matchers.js';
import { parseUri } from '../../../src/sip/message/uri.js';
import { contains, exact } from './helpers.js';

function hits(entries: AllowEntry[], uri: string): boolean {
  return findMatch(createMatchers(entries), parseUri(uri)) !== null;
}

function errorOf(entries: AllowEntry[]): string {
  try {
    createMatchers(entries);
  } catch (error) {
    return codeOf(error);
  }
  return 'none';
}

describe('contains entries (interfaces.md §4: IBM environment lists)', () => {
  it.each<[string, string, boolean]>([
    // A value of digits and phone characters is sought in the user part only.
    ['2345556789', 'sip:2345556789@good.example', true],
    ['2345556789', 'sip:12345556789@myhost.com', true],
    ['2345556789', 'sips:92345556789000@good.example', true],
    ['2345556789', 'SIP:%32345556789@good.example', true],
    ['2345556789', 'sip:666@2345556789.evil.example', false],
    ['2345556789', 'sip:666@good.example;x=2345556789', false],
    ['2345556789', 'sip:666@good.example?Subject=2345556789', false],
    ['2345556789', 'sip:666:2345556789@good.example', false],
    ['2345556789', 'sip:good.example', false],
    ['5061', 'sip:666@good.example:5061', false],
    ['192.0.2.4', 'sip:666@192.0.2.4', false],
    ['192.0.2.4', 'sip:192.0.2.4@good.example', true],
    ['*55#', 'sip:*55%23@good.example', true],
    ['+1', 'sip:+123@good.example', true],
    ['(0)', 'sip:+49(0)30@good.example', true],
    // Anything else is sought in user@host[:port].
    ['good.example', 'sip:666@good.example', true],
    ['GOOD.example', 'sip:666@gooD.Example.', true],
    ['good.example:5061', 'sip:666@good.example:5061', true],
    ['good.example:5061', 'sip:666@good.example', false],
    ['good.example', 'sip:good.example', true],
    ['good.example', 'sip:666@evil.example;maddr=good.example', false],
    ['good.example', 'sip:666@evil.example?X=good.example', false],
    ['good.example', 'sip:666:good.example@evil.example', false],
    ['alice', 'sip:alice@good.example', true],
    ['alice', 'sip:Alice@good.example', false],
    ['alice@good', 'sip:malice@good.example', true],
    ['Alice@GOOD', 'sip:Alice@good.example', true],
    ['Alice@good', 'sip:alice@good.example', false],
    ['2345556789@good', 'sip:2345556789%40good@evil.example', false],
    ['2345556789@good', 'sip:2345556789@evil.example;good', false],
    ['@good.example', 'sip:666@good.example', true],
    ['@good.example', 'sip:good.example', false],
    ['bob@', 'sip:bob@anywhere.example', true],
    ['bob@', 'sip:bobby@anywhere.example', false],
    ['2001:db8::1', 'sip:666@[2001:DB8:0::1]', true],
    ['[2001:db8::1]:5061', 'sip:666@[2001:db8::1]:5061', true],
    // A scheme anchors the entry at the start of the user part; sip and sips are the same.
    ['sip:234', 'sips:2345@good.example', true],
    ['sip:234', 'sip:1234@good.example', false],
    ['sips:2345@good', 'sip:2345@good.example', true],
    ['sip:345@good', 'sip:2345@good.example', false],
    ['sip:good.example', 'sip:good.example', true],
    ['sip:good.example', 'sip:666@good.example', false],
    // Other schemes need entries of their own; a local number is one only in its context (RFC 3966 §5).
    ['2345556789', 'tel:+12345556789', false],
    ['tel:+1-234-555', 'tel:+1(234)555-6789', true],
    ['tel:+1234', 'tel:1234;phone-context=+1', false],
    ['tel:+1234', 'sip:+1234@good.example', false],
    ['urn', 'urn:service:sos', false],
    ['service', 'urn:service:sos', false],
  ])('%s in %s: %s', (value, uri, expected) => {
    expect(hits(contains(value), uri)).toBe(expected);
  });

  it('trims blanks and returns the first entry that matches, with its origin', () => {
    const matchers = createMatchers(contains('111', ' 222 ', '22'));
    expect(findMatch(matchers, parseUri('sip:12223@h.example'))).toEqual({
      text: ' 222 ',
      origin: 'WHITELIST_FROM_URI[1]',
    });
  });

  it.each(['', ' ', '\t', 'sip:', 'sips:', 'a b', '<sip:a@b>', 'tel:', 'tel:123', 'tel:+12x'])(
    'threat 30: refuses the entry "%s" at start',
    (value) => {
      expect(errorOf(contains('111', value))).toBe('CONFIG_INVALID');
    },
  );
});

describe('exact entries (YAML without prefix)', () => {
  it.each<[string, string, boolean]>([
    ['2345556789', 'sip:2345556789@good.example', true],
    ['2345556789', 'sips:2345556789@evil.example:5099', true],
    ['2345556789', 'sip:92345556789000@good.example', false],
    ['2345556789', 'sip:+2345556789@good.example', false],
    ['2345556789', 'sip:%32345556789@good.example', true],
    ['2345556789', 'sip:%2532345556789@good.example', false],
    ['2345556789', 'sip:2345556789.example', false],
    ['+12345556789', 'sip:+1-234-555-6789@good.example', false],
    ['alice', 'sip:alice@good.example', true],
    ['alice', 'sip:Alice@good.example', false],
    ['.*', 'sip:alice@good.example', false],
    ['.*', 'sip:.*@good.example', true],
    ['*55#', 'sip:*55%23@good.example', true],
    ['2345556789@good.example', 'sip:2345556789@good.example', true],
    ['2345556789@good.example', 'sip:2345556789@evil.example', false],
    ['2345556789@good.example', 'sip:2345556789@GOOD.example.', true],
    ['2345556789@GOOD.example.', 'sip:2345556789@good.example', true],
    ['2345556789@good.example', 'sip:2345556789@good.example:5061', true],
    ['2345556789@good.example:5061', 'sip:2345556789@good.example', false],
    ['2345556789@good.example:5061', 'sip:2345556789@good.example:5061', true],
    ['2345556789@good.example', 'sip:2345556789%40good.example@evil.example', false],
    ['sips:2345556789@good.example', 'sip:2345556789@good.example', true],
    ['a%40b@good.example', 'sip:a%40b@good.example', true],
    ['a@b@good.example', 'sip:a%40b@good.example', true],
    ['alice@[2001:db8:0::1]', 'sip:alice@[2001:DB8::1]', true],
    ['alice@10.0.0.6', 'sip:alice@[::ffff:10.0.0.6]', true],
    ['exact:alice', 'sip:alice@good.example', true],
    ['exact:alice', 'sip:malice@good.example', false],
    ['contains: 555', 'sip:15556@good.example', true],
    ['tel:+1-234-555-6789', 'tel:+12345556789', true],
    ['tel:+1-234-555-6789', 'tel:+1(234)555.6789', true],
    ['tel:+12345556789', 'tel:+123455567890', false],
    ['tel:+12345556789', 'tel:+12345556789;ext=5', false],
    ['tel:+12345556789;ext=5', 'tel:+12345556789;ext=5', true],
    ['tel:2345556789;phone-context=good.example', 'tel:2345556789;phone-context=Good.Example', true],
    ['tel:2345556789;phone-context=good.example', 'tel:2345556789;phone-context=evil.example', false],
    ['tel:+12345556789', 'tel:12345556789;phone-context=evil.example', false],
    ['tel:+12345556789', 'sip:+12345556789@good.example;user=phone', false],
  ])('%s against %s: %s', (value, uri, expected) => {
    expect(hits(exact(value), uri)).toBe(expected);
  });

  it.each(['', '  ', 'exact:', 'contains: ', '@good.example', 'sip:good.example', 'a@', 'a@b c', 'a@h;x=1', 'a@h?x=1'])(
    'refuses the entry "%s" at start',
    (value) => {
      expect(errorOf(exact(value))).toBe('CONFIG_INVALID');
    },
  );

  it.each(['a:pw@good.example', 'a@0x7f.1', 'a@010.0.0.6', 'a@good.example:0', 'a@good.example:99999', '%zz', '%00'])(
    'threats 5, 11, 15: refuses the entry "%s" at start',
    (value) => {
      expect(errorOf(exact(value))).toBe('CONFIG_INVALID');
    },
  );

  it.each(['user:alice', 'host:good.example', 'prefix:+49', 'e164:+1234', 'regex:^1', '!alice'])(
    'house rule: a prefix that is not built yet (%s) stops the start and is named',
    (value) => {
      expect(errorOf(exact('alice', value))).toBe('CONFIG_NOT_BUILT');
      expect(() => createMatchers(exact('alice', value))).toThrow(/portcullis\.yaml:2/);
    },
  );

  it('environment values know no prefixes: they are sought as they stand', () => {
    expect(hits(contains('host:5060'), 'sip:a@myhost:5060')).toBe(true);
  });
});
