import { describe, expect, it } from 'vitest';
import type { SipUri, TelUri } from '../../../../src/sip/message/types.js';
import { parseUri, uriToText } from '../../../../src/sip/message/uri.js';
import { codeThrownBy } from './samples.js';

const sip = (text: string): SipUri => {
  const uri = parseUri(text);
  if (uri.kind !== 'sip') throw new Error(`${text} is ${uri.kind}`);
  return uri;
};

describe('RFC 3261 §19.1.1 sip and sips URIs', () => {
  it('splits all parts', () => {
    expect(sip('sips:alice:secret@Example.COM:5061;transport=TLS;lr?Subject=hi&Priority=urgent')).toEqual({
      kind: 'sip',
      scheme: 'sips',
      user: 'alice',
      rawUser: 'alice',
      hasPassword: true,
      host: 'example.com',
      hostType: 'name',
      port: 5061,
      params: new Map<string, string | null>([
        ['transport', 'TLS'],
        ['lr', null],
      ]),
      headers: new Map([
        ['subject', 'hi'],
        ['priority', 'urgent'],
      ]),
      text: 'sips:alice@Example.COM:5061;transport=TLS;lr?Subject=hi&Priority=urgent',
    });
  });

  it.each([
    ['sip:example.com', null, 'example.com'],
    ['SIP:bob@example.com', 'bob', 'example.com'],
    ['SiPs:bob@example.com', 'bob', 'example.com'],
    ['sip:bob@a', 'bob', 'a'],
    ['sip:bob@xn--bcher-kva.example', 'bob', 'xn--bcher-kva.example'],
    ['sip:bob@1und1.example', 'bob', '1und1.example'],
    ['sip:1-2.(3)@h', '1-2.(3)', 'h'],
    ["sip:a-_.!~*'()&=+$,;?/@h", "a-_.!~*'()&=+$,;?/", 'h'],
    ['sip:*21%23@h', '*21#', 'h'],
  ])('threat 28: reads %s', (text, user, host) => {
    expect(sip(text)).toMatchObject({ user, host, hostType: 'name' });
  });

  it.each([
    ['sip:a@good.example.', 'good.example', 'name'],
    ['sip:a@GOOD.example', 'good.example', 'name'],
    ['sip:a@192.0.2.4', '192.0.2.4', 'ipv4'],
    ['sip:a@[2001:DB8:0:0::1]', '2001:db8::1', 'ipv6'],
    ['sip:a@[::1]', '::1', 'ipv6'],
    ['sip:a@[::ffff:10.0.0.6]', '10.0.0.6', 'ipv4'],
  ])('threats 14, 15: the host of %s is %s', (text, host, hostType) => {
    expect(sip(text)).toMatchObject({ host, hostType });
  });

  it.each([
    '0x7f.1',
    '127.1',
    '010.0.0.6',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.4.',
    '2130706433',
    '0',
    '1.2.3.',
    '192.0.2.04',
    '127.0.0.0x1',
    '[::1',
    '::1',
    '[]',
    '[1.2.3.4]',
    '[fe80::1%25eth0]',
    '[fe80::1%eth0]',
    '[2001:db8:::1]',
    '[::ffff:010.0.0.6]',
    '[::1]x',
    'a..b',
    '.a',
    'a..',
    '.',
    '-a.example',
    'a-.example',
    'a_b.example',
    'exa mple',
    'gооd.example',
    'good%2eexample',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}example`,
    '',
  ])('threats 13, 15: refuses the host %j', (host) => {
    expect(codeThrownBy(() => parseUri(`sip:a@${host}`))).toBe('SIP_URI');
  });

  it.each(['0', '65536', '-1', '+5060', '05060', '5060x', '', ' 5060', '99999999999'])(
    'refuses the port %j',
    (port) => {
      expect(codeThrownBy(() => parseUri(`sip:a@h:${port}`))).toBe('SIP_URI');
    },
  );

  it.each([1, 5060, 65_535])('reads the port %d', (port) => {
    expect(sip(`sip:a@h:${port}`).port).toBe(port);
    expect(sip(`sip:a@[::1]:${port}`).port).toBe(port);
  });

  it('threat 5: a password is noted and thrown away', () => {
    const uri = sip('sip:666:2345556789@evil.example;x=1');
    expect(uri).toMatchObject({ user: '666', hasPassword: true, text: 'sip:666@evil.example;x=1' });
    expect(JSON.stringify({ ...uri, params: [...uri.params] })).not.toContain('2345556789');
    expect(sip('sip:a:@h')).toMatchObject({ hasPassword: true, text: 'sip:a@h' });
  });

  it.each([
    ['sip:%32345556789@h', '2345556789', '%32345556789'],
    ['sip:2345556789%40good@evil', '2345556789@good', '2345556789%40good'],
    ['sip:%2532@h', '%32', '%2532'],
    ['sip:m%C3%BCller@h', 'müller', 'm%C3%BCller'],
    ['sip:a%3Bb%3a@h', 'a;b:', 'a%3Bb%3a'],
  ])('threat 10: %s is decoded once, after the split', (text, user, rawUser) => {
    expect(sip(text)).toMatchObject({ user, rawUser });
  });

  it.each(['%00', '%0d%0a', '%09', '%1F', '%7f', '%C2%85', '%', '%4', '%4g', '%ff', '%C3', '%c0%80', '%ED%A0%80'])(
    'threat 11: refuses %s in user, parameter and header',
    (escape) => {
      expect(codeThrownBy(() => parseUri(`sip:2345556789${escape}@h`))).toBe('SIP_URI');
      expect(codeThrownBy(() => parseUri(`sip:a@h;x=1${escape}`))).toBe('SIP_URI');
      expect(codeThrownBy(() => parseUri(`sip:a@h;x${escape}=1`))).toBe('SIP_URI');
      expect(codeThrownBy(() => parseUri(`sip:a@h?x=1${escape}`))).toBe('SIP_URI');
    },
  );

  it.each([
    'sip:',
    'sip:@h',
    'sip:a@',
    'sip:a@b@h',
    'sip:a@h;x=a@b',
    'sip:a:b:c@h',
    'sip:a b@h',
    ' sip:a@h',
    'sip:a@h ',
    'sip: a@h',
    'sip:a@h;',
    'sip:a@h;;x',
    'sip:a@h;=1',
    'sip:a@h;x=',
    'sip:a@h;x=1=2',
    'sip:a@h?',
    'sip:a@h?x',
    'sip:a@h?=1',
    'sip:a@h?x=1&',
    'sip:a@h?x=1;y=2',
    'sip:a@h/x',
    'sip:a@h#x',
    'sip:a<b@h',
    'sip:a"b@h',
    'sip:a\\b@h',
    'sip:a#b@h',
    'sip:２３４５@h',
    'sip:müller@h',
    'sip:a@h;x=ü',
    'sip:a\u0000@h',
    'sip:a\u007f@h',
    'sip:a\r\n@h',
    'sip:a\t@h',
    'sip:a@h,sip:b@h',
    '<sip:a@h>',
  ])('refuses %j', (text) => {
    expect(codeThrownBy(() => parseUri(text))).toBe('SIP_URI');
  });

  it('threat 3: parameters are no part of user or host', () => {
    expect(sip('sip:666@evil;x=2345556789')).toMatchObject({ user: '666', host: 'evil' });
  });

  it.each(['sip:a@h;x=1;X=2', 'sip:a@h;x=1;%78=2', 'sip:a@h;lr;lr', 'sip:a@h?a=1&A=2'])(
    'RFC 3261 §19.1.1: refuses a second parameter or header of one name: %s',
    (text) => {
      expect(codeThrownBy(() => parseUri(text))).toBe('SIP_URI');
    },
  );

  it('RFC 4475 §3.1.1.3: parameter names and values are decoded once', () => {
    expect(sip('sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31')).toMatchObject({
      user: 'caller',
      params: new Map([
        ['lr', null],
        ['name', 'value%41'],
      ]),
    });
  });

  it('threat 107: names of the prototype are names', () => {
    const { params, headers } = sip('sip:a@h.example;__proto__;constructor=x?__proto__=y&toString=z');
    expect([...params]).toEqual([
      ['__proto__', null],
      ['constructor', 'x'],
    ]);
    expect([...headers]).toEqual([
      ['__proto__', 'y'],
      ['tostring', 'z'],
    ]);
    expect(params.get('toString')).toBeUndefined();
  });
});

describe('RFC 3966 tel URIs', () => {
  const tel = (text: string): TelUri => {
    const uri = parseUri(text);
    if (uri.kind !== 'tel') throw new Error(`${text} is ${uri.kind}`);
    return uri;
  };

  it.each([
    ['tel:+1-234-555-6789', '+12345556789'],
    ['tel:+1(234)555.6789', '+12345556789'],
    ['TEL:+12345556789;ext=12', '+12345556789'],
    ['tel:2345556789;phone-context=evil.example', '2345556789'],
    ['tel:*21#;phone-context=+1', '*21#'],
    ['tel:ab-c1;phone-context=+1', 'ABC1'],
  ])('§3, §5.1.1, threat 12: the number of %s is %s', (text, number) => {
    expect(tel(text)).toMatchObject({ number, text });
  });

  it('keeps parameters with lower-case names', () => {
    expect([...tel('tel:+1;EXT=12;Isub=a%20b').params]).toEqual([
      ['ext', '12'],
      ['isub', 'a b'],
    ]);
  });

  it.each([
    'tel:',
    'tel:+',
    'tel:+-',
    'tel:+1a',
    'tel:+1*',
    'tel:++1',
    'tel:1+2;phone-context=+1',
    'tel:2345556789',
    'tel:2345556789;phone-context',
    'tel:+1;phone-context=+1',
    'tel:+1;',
    'tel:+1;ext=1;ext=2',
    'tel:+1?x=1',
    'tel:+1 2',
    'tel:+1%32',
    'tel:+１２',
    'tel:g1;phone-context=+1',
  ])('refuses %j', (text) => {
    expect(codeThrownBy(() => parseUri(text))).toBe('SIP_URI');
  });
});

describe('other absolute URIs', () => {
  it.each([
    ['http://www.example.com/a?b=c', 'http'],
    ['isbn:2983792873', 'isbn'],
    ['soap.beep://192.0.2.103:3002', 'soap.beep'],
    ['NobodyKnowsThisScheme:totallyopaquecontent', 'nobodyknowsthisscheme'],
    ['urn:service:sos', 'urn'],
    ['a+b-c.1:x', 'a+b-c.1'],
  ])('%s is kept as text only', (text, scheme) => {
    expect(parseUri(text)).toEqual({ kind: 'other', scheme, text });
  });

  it.each([
    '',
    ':',
    'a',
    'a:',
    ':a',
    '1a:b',
    '+a:b',
    'a_b:c',
    'http://a b',
    'http://a<b',
    'x:%zz',
    'x:ü',
    'х:a',
    '<a:b>',
  ])('refuses %j', (text) => {
    expect(codeThrownBy(() => parseUri(text))).toBe('SIP_URI');
  });
});

describe('uriToText', () => {
  it.each([
    ['SIP:Alice@Example.COM.:5060;Transport=tcp;lr', 'sip:Alice@example.com:5060;transport=tcp;lr'],
    ['sip:a:pw@h', 'sip:a@h'],
    ['sip:%61%40b@[2001:DB8::1]:5061', 'sip:a%40b@[2001:db8::1]:5061'],
    ['sips:h?Subject=a%20b&x=', 'sips:h?subject=a%20b&x='],
    ['sip:m%c3%bcller@h', 'sip:m%C3%BCller@h'],
    ['tel:+1-(2)34;Ext=5', 'tel:+1234;ext=5'],
    ['isbn:123', 'isbn:123'],
  ])('%s is written %s', (text, canonical) => {
    expect(uriToText(parseUri(text))).toBe(canonical);
    expect(uriToText(parseUri(canonical))).toBe(canonical);
  });
});
