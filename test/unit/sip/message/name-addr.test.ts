import { describe, expect, it } from 'vitest';
import { parseNameAddr, parseNameAddrList, parseParams } from '../../../../src/sip/message/name-addr.js';
import { codeThrownBy } from './samples.js';

const summary = (text: string): readonly [string | null, string, string] => {
  const { displayName, uri, params } = parseNameAddr(text);
  return [displayName, uri.text, [...params].map(([name, value]) => `${name}=${value ?? ''}`).join(';')];
};

describe('RFC 3261 §20.10, §20.20 name-addr and addr-spec', () => {
  it.each([
    ['<sip:a@h>', null, 'sip:a@h', ''],
    ['sip:a@h', null, 'sip:a@h', ''],
    ['  <sip:a@h>  ', null, 'sip:a@h', ''],
    ['sip:a@h;tag=1', null, 'sip:a@h', 'tag=1'],
    ['sip:a@h ;   tag    = 1918', null, 'sip:a@h', 'tag=1918'],
    ['<sip:a@h;x=1>;tag=1', null, 'sip:a@h;x=1', 'tag=1'],
    ['<sip:a@h?x=1>;tag=1', null, 'sip:a@h?x=1', 'tag=1'],
    ['caller<sip:a@h>', 'caller', 'sip:a@h', ''],
    ['Bob  van\tDyk <sip:a@h>', 'Bob van Dyk', 'sip:a@h', ''],
    ["token1~` token2'+_ token3*%!.- <sip:a@h>", "token1~` token2'+_ token3*%!.-", 'sip:a@h', ''],
    ['"" <sip:a@h>', '', 'sip:a@h', ''],
    ['"J \\\\\\"" <sip:a@h>', 'J \\"', 'sip:a@h', ''],
    ['"Åsa, <3>"<sip:a@h>', 'Åsa, <3>', 'sip:a@h', ''],
    ['<sip:a@h>;X="a;b,c\\"";Y', null, 'sip:a@h', 'x=a;b,c";y='],
    ['<sip:a@h>;x=[2001:db8::1]', null, 'sip:a@h', 'x=[2001:db8::1]'],
    ['<tel:+1-2>;tag=1', null, 'tel:+1-2', 'tag=1'],
  ])('reads %s', (text, displayName, uri, params) => {
    expect(summary(text)).toEqual([displayName, uri, params]);
  });

  it.each([
    ['"sip:2345556789@good.example" <sip:666@evil.example>;tag=1', 'sip:666@evil.example'],
    ['"a <sip:2345556789@good.example> b" <sip:666@evil.example>', 'sip:666@evil.example'],
    ['"\\"<sip:2345556789@good.example>\\"" <sip:666@evil.example>', 'sip:666@evil.example'],
    ['<sip:666@evil.example>;x="<sip:2345556789@good.example>"', 'sip:666@evil.example'],
  ])('threats 6, 7, 8: the URI of %s is what stands in the real brackets', (text, uri) => {
    expect(parseNameAddr(text).uri.text).toBe(uri);
  });

  it.each([
    '',
    ' ',
    '<>',
    '<sip:a@h',
    'sip:a@h>',
    '<<sip:a@h>>',
    '< sip:a@h>',
    '<sip:a@h >',
    '<sip:a@h> <sip:b@h>',
    '<sip:a@h>x',
    '<sip:a@h>,<sip:b@h>',
    'sip:a@h,sip:b@h',
    'sip:a@h?x=1',
    'sip:a@h x',
    'sip:user;par=1@h',
    '"x" sip:a@h',
    '"x <sip:a@h>',
    '"x\\" <sip:a@h>',
    '"x" y <sip:a@h>',
    'x "y" <sip:a@h>',
    'Bell, Alexander <sip:a@h>',
    'Müller <sip:a@h>',
    'a@b <sip:a@h>',
    '<sip:a@h>;',
    '<sip:a@h>;;x',
    '<sip:a@h>;;;;',
    '<sip:a@h>;=1',
    '<sip:a@h>;x=',
    '<sip:a@h>;x="a',
    '<sip:a@h>;x=a b',
    '<sip:a@h>;x="a"b',
    '<sip:a@h>;x=ü',
    '<sip:a@h>;x=[::1',
    '<sip:a@h>;x=[zz]',
    '<sip:a@h>;tag=1;TAG=2',
    '<sip:a@h>;tag="1"',
    '<sip:a@h>;tag=a@b',
    '"\\ü" <sip:a@h>',
  ])('refuses %j', (text) => {
    expect(codeThrownBy(() => parseNameAddr(text))).toMatch(/^SIP_(HEADER|URI)$/);
  });
});

describe('lists of addresses', () => {
  it('RFC 3261 §7.3.1: commas in quotes and angle brackets do not separate', () => {
    const list = parseNameAddrList('"a, b" <sip:a,b@h>;x="c,d" , sip:c@h;q=1,<sip:d@h>');
    expect(list.map(({ uri }) => uri.text)).toEqual(['sip:a,b@h', 'sip:c@h', 'sip:d@h']);
    expect(list[0]?.params.get('x')).toBe('c,d');
    expect(list[1]?.params.get('q')).toBe('1');
  });

  it.each(['', ',', '<sip:a@h>,', ',<sip:a@h>', '<sip:a@h>,,<sip:b@h>', '<sip:a@h> <sip:b@h>', '*', '*,<sip:a@h>'])(
    'refuses %j',
    (text) => {
      expect(codeThrownBy(() => parseNameAddrList(text))).toMatch(/^SIP_(HEADER|URI)$/);
    },
  );
});

describe('parseParams', () => {
  it.each([
    ['', []],
    ['  ', []],
    [
      ';a=1;B',
      [
        ['a', '1'],
        ['b', null],
      ],
    ],
    [
      'a=1 ; b = "x y"',
      [
        ['a', '1'],
        ['b', 'x y'],
      ],
    ],
    [
      ';__proto__=1;constructor',
      [
        ['__proto__', '1'],
        ['constructor', null],
      ],
    ],
  ])('reads %j', (text, pairs) => {
    expect([...parseParams(text)]).toEqual(pairs);
  });

  it.each([';', ';a=1;a=2', 'a b', 'a=1,b=2', '=1', ';a=1 x'])('refuses %j', (text) => {
    expect(codeThrownBy(() => parseParams(text))).toBe('SIP_HEADER');
  });
});
