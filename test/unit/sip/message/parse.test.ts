import { describe, expect, it } from 'vitest';
import { accepted, acceptedRequest, acceptedResponse, invite, refused, request, response, SDP } from './samples.js';

describe('RFC 3261 §7 a valid request', () => {
  const bytes = invite({}, ['Require: Timer, 100REL', 'X-A: 1', 'x-a: 2']);
  const message = acceptedRequest(bytes);

  it('has what types.ts promises', () => {
    expect(message).toMatchObject({
      kind: 'request',
      version: 'SIP/2.0',
      method: 'INVITE',
      maxForwards: 70,
      callId: 'c1@192.0.2.1',
      cseq: { number: 1, method: 'INVITE' },
      fromTag: 'a1',
      toTag: null,
      require: ['timer', '100rel'],
    });
    expect(message.uri).toMatchObject({ user: '+12345556789', host: 'gw.example' });
    expect(message.from).toMatchObject({ displayName: 'Alice', uri: { user: 'alice', host: 'good.example' } });
    expect(message.to).toMatchObject({ displayName: null, uri: { user: '+12345556789' } });
    expect(message.via.map((via) => via.host)).toEqual(['192.0.2.1']);
    expect(message.contacts.map((contact) => contact.uri.text)).toEqual(['sip:alice@192.0.2.1:5061;transport=tls']);
    expect(message.body.toString()).toBe(SDP);
    expect(message.raw.equals(bytes)).toBe(true);
  });

  it('gives header values by canonical name', () => {
    expect(message.header('x-a')).toBe('1');
    expect(message.headerAll('x-a')).toEqual(['1', '2']);
    expect(message.header('content-type')).toBe('application/sdp');
    expect(message.header('X-A')).toBeUndefined();
    expect(message.headerAll('absent')).toEqual([]);
    expect(message.headers.map(({ rawName }) => rawName)).toContain('x-a');
  });
});

describe('RFC 3261 §7.2 responses', () => {
  it.each([
    ['SIP/2.0 200 OK', 200, 'OK'],
    ['SIP/2.0 100 ', 100, ''],
    ['sip/2.0 699 x y', 699, 'x y'],
    ['SIP/2.0 200 = 2**3 * 5**2 но сто', 200, '= 2**3 * 5**2 но сто'],
  ])('reads %j', (start, status, reason) => {
    expect(acceptedResponse(response(start))).toMatchObject({ kind: 'response', status, reason });
  });

  it.each([
    ['SIP/2.0 200', 'SIP_START_LINE'],
    ['SIP/2.0', 'SIP_START_LINE'],
    ['SIP/2.0  200 OK', 'SIP_START_LINE'],
    ['SIP/2.0 099 x', 'SIP_START_LINE'],
    ['SIP/2.0 700 x', 'SIP_START_LINE'],
    ['SIP/2.0 20 x', 'SIP_START_LINE'],
    ['SIP/2.0 2000 x', 'SIP_START_LINE'],
    ['SIP/2.0 4294967301 better not break the receiver', 'SIP_START_LINE'],
    ['SIP/2.0 +20 x', 'SIP_START_LINE'],
    ['SIP/2.0\t200 OK', 'SIP_START_LINE'],
    ['SIP/3.0 200 OK', 'SIP_VERSION'],
    ['SIP/x 200 OK', 'SIP_START_LINE'],
  ])('threat 108: refuses %j and answers nothing', (start, code) => {
    const { error, status, reply, method } = refused(response(start));
    expect([error.code, status, reply, method]).toEqual([code, null, null, null]);
  });

  it('may have several Contacts and no Max-Forwards', () => {
    const contacts = ['Contact: <sip:a@h>, <sip:b@h>', 'm: <sip:c@h>'];
    expect(acceptedResponse(response('SIP/2.0 302 Moved', contacts)).contacts).toHaveLength(4);
  });
});

describe('RFC 3261 §7.1 request lines', () => {
  it.each([
    ['INVITE  sip:h SIP/2.0', 'SIP_START_LINE', 400],
    ['INVITE sip:h  SIP/2.0', 'SIP_START_LINE', 400],
    ['INVITE sip:h SIP/2.0 ', 'SIP_START_LINE', 400],
    [' INVITE sip:h SIP/2.0', 'SIP_START_LINE', 400],
    ['INVITE sip:h; lr SIP/2.0', 'SIP_START_LINE', 400],
    ['INV@TE sip:h SIP/2.0', 'SIP_START_LINE', 400],
    ['INVITE sip:h SIP/2.0.0', 'SIP_START_LINE', 400],
    ['INVITE sip:h SIP/2', 'SIP_START_LINE', 400],
    ['INVITE sip:h SIP/.0', 'SIP_START_LINE', 400],
    ['INVITE sip:h SIP/7.0', 'SIP_VERSION', 505],
    ['INVITE sip:h SIP/2.1', 'SIP_VERSION', 505],
    ['INVITE sip:h SIP/02.0', 'SIP_VERSION', 505],
    ['INVITE <sip:h> SIP/2.0', 'SIP_URI', 400],
    ['INVITE sip:h?x=1 SIP/2.0', 'SIP_URI', 400],
    ['INVITE sip:a%00@h SIP/2.0', 'SIP_URI', 400],
    ['INVITE sip:ü@h SIP/2.0', 'SIP_URI', 400],
    ['INVITE sip:a@127.1 SIP/2.0', 'SIP_URI', 400],
    ['INVITE * SIP/2.0', 'SIP_URI', 400],
    ['INVITE tel:123 SIP/2.0', 'SIP_URI', 400],
    ['INVITE http://h/ SIP/2.0', 'SIP_URI_SCHEME', 416],
    ['INVITE soap.beep://192.0.2.103:3002 SIP/2.0', 'SIP_URI_SCHEME', 416],
    [`INVITE sip:${'a'.repeat(1_019)}@h SIP/2.0`, 'SIP_URI_TOO_LONG', 414],
    [`INVITE sip:${'a'.repeat(5_000)}@h SIP/2.0`, 'SIP_URI_TOO_LONG', 414],
  ])('refuses %j with %s', (start, code, status) => {
    const result = refused(invite({ start }));
    expect([result.error.code, result.status]).toEqual([code, status]);
    expect(result.reply).not.toBeNull();
  });

  it.each(['INVITE', 'INVITE sip:h', 'INVITE\tsip:h SIP/2.0', 'GET / HTTP/1.1', ''])(
    'refuses %j, which is no SIP request, unanswered',
    (start) => {
      const result = refused(invite({ start }));
      expect([result.error.code, result.status, result.reply]).toEqual(['SIP_START_LINE', null, null]);
    },
  );

  it('takes the longest Request-URI, any case of the version, and tel', () => {
    expect(acceptedRequest(invite({ start: `INVITE sip:${'a'.repeat(1_018)}@h sip/2.0` })).version).toBe('SIP/2.0');
    expect(acceptedRequest(invite({ start: 'INVITE tel:+1-2 SIP/2.0' })).uri).toMatchObject({ number: '+12' });
  });
});

describe('RFC 3261 §20 single values', () => {
  it.each([
    ['CSeq: 2147483647 INVITE', 2_147_483_647],
    ['CSeq: 0009\r\n  INVITE', 9],
    ['cseq:\t0 \t INVITE', 0],
  ])('reads %j', (cseq, number) => {
    expect(acceptedRequest(invite({ cseq })).cseq).toEqual({ number, method: 'INVITE' });
  });

  it.each([
    ['CSeq: 2147483648 INVITE', 'SIP_HEADER'],
    ['CSeq: 36893488147419103232 INVITE', 'SIP_HEADER'],
    ['CSeq: -1 INVITE', 'SIP_HEADER'],
    ['CSeq: 0x1 INVITE', 'SIP_HEADER'],
    ['CSeq: 1', 'SIP_HEADER'],
    ['CSeq: INVITE', 'SIP_HEADER'],
    ['CSeq: 1INVITE', 'SIP_HEADER'],
    ['CSeq: 1 INVITE x', 'SIP_HEADER'],
    ['CSeq: 1, INVITE', 'SIP_HEADER'],
    ['CSeq:', 'SIP_HEADER'],
    ['CSeq: 1 invite', 'SIP_CSEQ_METHOD'],
    ['CSeq: 1 OPTIONS', 'SIP_CSEQ_METHOD'],
  ])('§8.1.1.5: refuses %j', (cseq, code) => {
    expect(refused(invite({ cseq })).error.code).toBe(code);
  });

  it.each([
    ['Max-Forwards: 0', 0],
    ['Max-Forwards: 255', 255],
    ['MaX-fOrWaRdS: 0068', 68],
    [null, null],
  ])('§20.22: %j is %j', (max, hops) => {
    expect(acceptedRequest(invite({ max })).maxForwards).toBe(hops);
  });

  it.each(['256', '-1', '+5', '1 3', '0x10', '', '7.0', '"7"', '٧'])('threat 104: refuses Max-Forwards %j', (hops) => {
    expect(refused(invite({ max: `Max-Forwards: ${hops}` })).error.code).toBe('SIP_HEADER');
  });

  it.each(['a', 'a@b', 'f81d4fae-7dec-11d0@foo.bar.com', 'a-.!%*_+`\'~()<>:\\"/[]?{}@x'])('reads Call-ID %s', (id) => {
    expect(acceptedRequest(invite({ callId: `i: ${id}` })).callId).toBe(id);
  });

  it.each(['', 'a b', 'a@b@c', '@a', 'a@', 'a,b', 'a;b', 'ü'])('refuses Call-ID %j', (id) => {
    expect(refused(invite({ callId: `Call-ID: ${id}` })).error.code).toBe('SIP_HEADER');
  });

  it.each([
    ['From: <sip:a@h?Subject=2345556789>;tag=1', 'SIP_URI'],
    ['From: sip:a@h?Subject=2345556789;tag=1', 'SIP_URI'],
    ['From: <sip:a@h>;tag', 'SIP_HEADER'],
    ['From: <sip:a@h>;tag=', 'SIP_HEADER'],
    ['From: <sip:a@h>;tag=1;tag=2', 'SIP_HEADER'],
    ['From: <sip:a@h>, <sip:b@h>', 'SIP_HEADER'],
    ['From: *', 'SIP_URI'],
    ['From:', 'SIP_URI'],
    ['From: <sip:2345556789%00@evil>;tag=1', 'SIP_URI'],
  ])('threats 4, 11: refuses %j, in To as well', (from, code) => {
    expect(refused(invite({ from })).error.code).toBe(code);
    expect(refused(invite({ to: from.replace('From', 'To') })).error.code).toBe(code);
  });

  it('the tags are optional and read from the header, not from the URI', () => {
    const message = acceptedRequest(invite({ from: 'From: <sip:a@h;tag=no>', to: 'To: sip:b@h;tag=t' }));
    expect([message.fromTag, message.toTag]).toEqual([null, 't']);
  });

  it.each(['Require:', 'Require: a,,b', 'Require: a b', 'Require: a,', 'Require: "a"'])(
    'threat 105: refuses %j',
    (line) => {
      expect(refused(invite({}, [line])).error.code).toBe('SIP_HEADER');
    },
  );

  it('reads Require from all its lines', () => {
    expect(acceptedRequest(invite({}, ['Require: a , B', 'require: c'])).require).toEqual(['a', 'b', 'c']);
  });
});

describe('RFC 3261 §8.1.1.8, §20.10 Contact', () => {
  it.each(['INVITE', 'UPDATE', 'SUBSCRIBE', 'REFER', 'NOTIFY'])('%s has one at most', (method) => {
    const one = 'Contact: <sip:a@h>';
    expect(acceptedRequest(request(method, [one])).contacts).toHaveLength(1);
    expect(refused(request(method, [one, one])).error.code).toBe('SIP_HEADER_DUPLICATE');
    expect(refused(request(method, [`${one}, <sip:b@h>`])).error.code).toBe('SIP_HEADER_DUPLICATE');
    expect(refused(request(method, [one, 'm: <sip:b@h>'])).error.code).toBe('SIP_HEADER_DUPLICATE');
  });

  it('REGISTER may have many, or the star alone', () => {
    expect(acceptedRequest(request('REGISTER', ['Contact: <sip:a@h>, <sip:b@h>'])).contacts).toHaveLength(2);
    expect(acceptedRequest(request('REGISTER', ['Contact: *'])).contacts).toEqual([]);
    expect(refused(request('REGISTER', ['Contact: *', 'Contact: <sip:a@h>'])).error.code).toBe('SIP_URI');
    expect(refused(request('INVITE', ['Contact: *'])).error.code).toBe('SIP_HEADER');
  });
});

describe('RFC 3261 §18.3 Content-Length of a datagram', () => {
  it('cuts what is beyond', () => {
    const message = accepted(Buffer.concat([invite(), Buffer.from('INVITE sip:evil SIP/2.0\r\n\r\n')]));
    expect(message.body.toString()).toBe(SDP);
    expect(message.raw.equals(invite())).toBe(true);
  });

  it('takes the rest where it is missing, NULs and all', () => {
    expect(accepted(invite({ length: null }, [], 'a\0b\r\n\r\n\n')).body.toString()).toBe('a\0b\r\n\r\n\n');
    expect(accepted(invite({ length: null }, [], '')).body).toHaveLength(0);
  });

  it.each(['0', '000', 'l'])('reads a short form and zeros: %s', (value) => {
    expect(accepted(invite({ length: value === 'l' ? 'l: 0' : `Content-Length: ${value}` })).body).toHaveLength(0);
  });

  it.each([
    '9999',
    '2147483648',
    '99999999999',
    '-1',
    '-999',
    '+5',
    '0x10',
    '1 3',
    '"5"',
    '5;x',
    '5,5',
    '',
    '1e1',
    '٣',
  ])('threat 76: refuses %j', (value) => {
    const { error, status } = refused(invite({ length: `Content-Length: ${value}` }));
    expect([error.code, status]).toEqual(['SIP_CONTENT_LENGTH', 400]);
  });
});

describe('RFC 3261 §8.1.1 mandatory header fields', () => {
  it.each(['via', 'from', 'to', 'callId', 'cseq'])('refuses a request without %s, which cannot be answered', (name) => {
    const { error, status, reply } = refused(invite({ [name]: null }));
    expect([error.code, status, reply]).toEqual(['SIP_HEADER_MISSING', 400, null]);
  });
});

describe('malformed Vias', () => {
  it('all are read, in order, from all lines', () => {
    const message = accepted(invite({}, ['v: SIP/2.0/UDP b, SIP/2.0/UDP c', 'Via: SIP/2.0/TCP d']));
    expect(message.via.map(({ host }) => host)).toEqual(['192.0.2.1', 'b', 'c', 'd']);
  });

  it('one bad entry refuses the message', () => {
    expect(refused(invite({}, ['Via: SIP/2.0/UDP b, x'])).error.code).toBe('SIP_HEADER');
  });
});
