import { describe, expect, it } from 'vitest';
import { DEFAULT_SIP_LIMITS } from '../../../../src/base/limits.js';
import { accepted, acceptedRequest, invite, message, refused, request, response } from './samples.js';

const ALLOWED = 'From: <sip:2345556789@good.example>;tag=ok';
const EVIL = 'From: <sip:666@evil.example>;tag=evil';

/** The header block with every `\x01` replaced by `byte`. */
const withByte = (bytes: Buffer, byte: number): Buffer =>
  Buffer.from(bytes.map((value) => (value === 1 ? byte : value)));

describe('threat 16, RFC 4475 §3.3.8: singletons that stand twice', () => {
  it.each([
    'From: <sip:x@h>;tag=1',
    'f: "Alice" <sip:alice@good.example>;tag=a1',
    'To: <sip:x@h>',
    't: <sip:x@h>',
    'Call-ID: c1@192.0.2.1',
    'i: other',
    'CSeq: 1 INVITE',
    'Max-Forwards: 70',
    'Content-Type: application/sdp',
    'c: text/plain',
    'Content-Length: 0',
    'l: 131',
  ])('refuses %s next to the first', (line) => {
    const { error, status } = refused(invite({}, [line]));
    expect([error.code, status]).toEqual(['SIP_HEADER_DUPLICATE', 400]);
  });

  it.each([
    'Expires: 60',
    'Min-SE: 90',
    'Session-Expires: 1800',
    'x: 1800',
    'Content-Encoding: identity',
    'e: gzip',
    'Content-Disposition: session',
    'Subject: a',
    's: a',
    'Event: x',
    'Refer-To: <sip:a@h>',
    'r: <sip:a@h>',
    'Referred-By: <sip:a@h>',
    'Replaces: a;to-tag=1;from-tag=2',
    'MIME-Version: 1.0',
    'User-Agent: a',
    'Timestamp: 1',
    'RAck: 1 1 INVITE',
  ])('refuses two equal %s', (line) => {
    accepted(invite({}, [line]));
    expect(refused(invite({}, [line, line])).error.code).toBe('SIP_HEADER_DUPLICATE');
    expect(refused(invite({}, [line, line.replace(':', ' \t:').toUpperCase()])).error.code).toBe(
      'SIP_HEADER_DUPLICATE',
    );
  });

  it.each([
    'Allow: INVITE',
    'Supported: a',
    'Authorization: Digest a=b',
    'Record-Route: <sip:h;lr>',
    'Warning: 1 h "x"',
  ])('several %s are several', (line) => {
    expect(accepted(invite({}, [line, line])).headers.filter(({ value }) => line.endsWith(`: ${value}`))).toHaveLength(
      2,
    );
  });
});

describe('header names', () => {
  it.each(['%46rom', 'Fr%6fm', 'From%3A', 'X-From', "f'", '__proto__', 'constructor', 'hasOwnProperty'])(
    'threats 17, 107: %s is an unknown header and the real From decides',
    (name) => {
      const parsed = accepted(invite({ from: EVIL }, [`${name}: <sip:2345556789@good.example>`]));
      expect(parsed.fromTag).toBe('evil');
      expect(parsed.header(name.toLowerCase())).toBe('<sip:2345556789@good.example>');
    },
  );

  it('threat 107: names of the prototype that are not there are not there', () => {
    const parsed = accepted(invite());
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length']) {
      expect(parsed.header(name)).toBeUndefined();
      expect(parsed.headerAll(name)).toEqual([]);
    }
  });

  it.each(['From :', 'From\t:', 'From \t  :', 'FROM:', 'fRoM:', 'f:', 'F :', 'From:\t'])(
    'threat 18: %j is From and gives the same decision',
    (name) => {
      expect(accepted(invite({ from: `${name}<sip:666@evil.example>;tag=evil` })).fromTag).toBe('evil');
    },
  );

  it.each([...Array(256).keys()].filter((byte) => byte !== 0x3a))(
    'threats 18, 19: byte %d after a name is a blank, a part of another name, or refused',
    (byte) => {
      const bytes = withByte(invite({ from: EVIL }, ['From\x01: <sip:2345556789@good.example>;tag=ok']), byte);
      const isBlank = byte === 0x20 || byte === 0x09;
      const isTokenChar = /[A-Za-z0-9\-.!%*_+`'~]/.test(String.fromCharCode(byte));
      if (isTokenChar) expect(accepted(bytes).fromTag).toBe('evil');
      else if (isBlank) expect(refused(bytes).error.code).toBe('SIP_HEADER_DUPLICATE');
      else expect(refused(bytes).error.code).toBe(byte < 0x20 || byte === 0x7f ? 'SIP_BYTES' : 'SIP_HEADER');
    },
  );

  it.each(['nothing', ': x', 'a b: c', 'a(b): c', '"a": c', 'a\r\n : c', '<x>', 'From\u00a0: x'])(
    'RFC 3261 §7.3.1: refuses the line %j',
    (line) => {
      expect(refused(invite({}, [line])).error.code).toBe('SIP_HEADER');
    },
  );
});

describe('bytes of the header block', () => {
  const controls = [...Array(32).keys(), 0x7f].filter((byte) => byte !== 0x09);

  it.each(controls)('threats 11, 19, 21: refuses byte %d in values, quotes and the start line', (byte) => {
    expect(refused(withByte(invite({}, ['Subject: a\x01b']), byte)).error.code).toBe('SIP_BYTES');
    expect(refused(withByte(invite({ from: 'From: "\\\x01" <sip:a@h>;tag=1' }), byte)).error.code).toBe('SIP_BYTES');
    expect(refused(withByte(invite({ start: 'INVITE sip:a\x01@h SIP/2.0' }), byte)).error.code).toBe('SIP_BYTES');
  });

  it.each([
    `Subject: a\n${ALLOWED}`,
    `Subject: a\r${ALLOWED}`,
    `Subject: a\n\n${ALLOWED}`,
    `Subject: a\r\r\n${ALLOWED}`,
    `Subject: a\n\r${ALLOWED}`,
  ])('threat 21: a bare CR or LF that hides a From is refused: %j', (line) => {
    const { error, status, reply } = refused(invite({ from: EVIL }, [line]));
    expect([error.code, status]).toEqual(['SIP_BYTES', 400]);
    expect(reply?.from).not.toContain('good.example');
  });

  it('refuses a message with LF line ends only, and an unfinished block', () => {
    expect(refused(Buffer.from(invite().toString().replaceAll('\r\n', '\n'))).error.code).toBe('SIP_BYTES');
    expect(refused(invite().subarray(0, 200)).error.code).toBe('SIP_HEADER');
    expect(refused(Buffer.alloc(0)).error.code).toBe('SIP_HEADER');
  });

  it.each([
    [[0xff], false],
    [[0xc3], false],
    [[0xc0, 0x80], false],
    [[0xed, 0xa0, 0x80], false],
    [[0xf5, 0x80, 0x80, 0x80], false],
    [[0xc3, 0xa9], true],
    [[0xf0, 0x9f, 0x98, 0x80], true],
    [[0xef, 0xbb, 0xbf], true],
  ])('RFC 3261 §7: bytes %j in a value are UTF-8: %s', (bytes, valid) => {
    const [before = '', after = ''] = invite({}, ['X-Name: <\x01>']).toString().split('\x01');
    const whole = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
    if (valid) expect(accepted(whole).header('x-name')).toBe(`<${Buffer.from(bytes).toString()}>`);
    else expect(refused(whole).error.code).toBe('SIP_BYTES');
  });

  it('non-ASCII stands in display names and unknown headers, never in addresses', () => {
    expect(accepted(invite({ from: 'From: "Åsa" <sip:a@h>;tag=1' })).from.displayName).toBe('Åsa');
    expect(refused(invite({ from: 'From: <sip:Åsa@h>;tag=1' })).error.code).toBe('SIP_URI');
    expect(refused(invite({ from: 'From: <sip:a@h>;tag=å' })).error.code).toBe('SIP_HEADER');
    expect(refused(invite({ via: 'Via: SIP/2.0/TLS ü' })).error.code).toBe('SIP_HEADER');
  });

  it('no space but SP and TAB is trimmed, folded or not', () => {
    const [before = '', after = ''] = invite({}, ['X-A: \r\n \x01x']).toString().split('\x01');
    const stray = Buffer.concat([Buffer.from(before), Buffer.from([0xa0]), Buffer.from(after)]);
    expect(refused(stray).error.code).toBe('SIP_BYTES');
    expect(accepted(invite({}, ['X-A:\r\n \u00a0a\r\n \u00a0'])).header('x-a')).toBe('\u00a0a \u00a0');
    expect(accepted(invite({}, ['X-A: \u00a0a\u00a0 \t'])).header('x-a')).toBe('\u00a0a\u00a0');
  });
});

describe('RFC 3261 §7.3.1 folding', () => {
  it('a fold is one space', () => {
    const parsed = accepted(invite({}, ['X-A:  a \t\r\n \t b\r\n\tc', 'X-B:\r\n d', 'X-C: e\r\n f  ']));
    expect(['x-a', 'x-b', 'x-c'].map((name) => parsed.header(name))).toEqual(['a b c', 'd', 'e f']);
  });

  it('threat 20: From folded after its name is the same From', () => {
    const parsed = accepted(invite({ from: 'From:\r\n <sip:666@evil.example>\r\n\t;tag\r\n =evil' }));
    expect([parsed.fromTag, parsed.from.uri.text]).toEqual(['evil', 'sip:666@evil.example']);
  });

  it('threat 20: a fold inside a URI is a space inside a URI', () => {
    expect(refused(invite({ from: 'From: <sip:666\r\n @evil.example>;tag=1' })).error.code).toBe('SIP_URI');
  });

  it.each([' ', '\t', ' \t '])(
    'refuses a line of blanks (%j), where other readers see the end of the headers',
    (blank) => {
      expect(refused(invite({ from: EVIL }, [`X-A: a\r\n${blank}`, 'X-B: b'])).error.code).toBe('SIP_HEADER');
      expect(refused(message([blank])).error.code).toBe('SIP_START_LINE');
    },
  );

  it('refuses a folded start line', () => {
    expect(refused(invite({ start: 'INVITE sip:h SIP/2.0\r\n X-A: b' })).error.code).toBe('SIP_HEADER');
  });

  it('a folded value keeps its bytes: an escaped header inside it stays a value', () => {
    const parsed = accepted(invite({ from: EVIL }, [`Subject: a\r\n ${ALLOWED}`]));
    expect([parsed.fromTag, parsed.header('subject')]).toEqual(['evil', `a ${ALLOWED}`]);
  });
});

describe('limits, threat 83', () => {
  const limits = DEFAULT_SIP_LIMITS;
  const bodyOf = (length: number): Buffer => invite({ length: `Content-Length: ${length}` }, [], 'x'.repeat(length));

  it('header count', () => {
    const more = (count: number): string[] => Array(count).fill('X-Z: y') as string[];
    expect(accepted(invite({}, more(limits.headerCount - 9))).headers).toHaveLength(limits.headerCount);
    expect(refused(invite({}, more(limits.headerCount - 8))).error.code).toBe('SIP_TOO_MANY');
    // threat 22: the From that matters may not hide behind the limit
    expect(refused(invite({ from: null }, [...more(200), EVIL])).error.code).toBe('SIP_TOO_MANY');
  });

  it('header line, folded lines included', () => {
    const line = (length: number): string => `X-Z: ${'y'.repeat(length - 5)}`;
    expect(accepted(invite({}, [line(limits.headerLineBytes)])).header('x-z')).toHaveLength(limits.headerLineBytes - 5);
    const long = refused(invite({}, [line(limits.headerLineBytes + 1)]));
    expect([long.error.code, long.status]).toEqual(['SIP_TOO_LARGE', 513]);
    expect(refused(invite({}, [`X-Z: a${'\r\n b'.repeat(limits.headerLineBytes / 4)}`])).error.code).toBe(
      'SIP_TOO_LARGE',
    );
  });

  it('header block', () => {
    const lines = (total: number): string[] =>
      Array(Math.ceil(total / 1_000)).fill(`X-Z: ${'y'.repeat(993)}`) as string[];
    accepted(invite({}, lines(15_000)));
    const long = refused(invite({}, lines(17_000)));
    expect([long.error.code, long.status]).toEqual(['SIP_TOO_LARGE', 513]);
    expect(long.reply).not.toBeNull();
  });

  it('Vias', () => {
    const vias = (count: number): string[] => Array(count).fill('v: SIP/2.0/UDP h') as string[];
    expect(accepted(invite({}, vias(limits.viaCount - 1))).via).toHaveLength(limits.viaCount);
    const many = refused(invite({}, vias(limits.viaCount)));
    expect([many.error.code, many.status]).toEqual(['SIP_TOO_MANY', 400]);
  });

  it('body and message', () => {
    expect(accepted(bodyOf(limits.bodyBytes)).body).toHaveLength(limits.bodyBytes);
    expect(refused(bodyOf(limits.bodyBytes + 1))).toMatchObject({ error: { code: 'SIP_TOO_LARGE' }, status: 513 });
    expect(refused(bodyOf(limits.messageBytes)).error.code).toBe('SIP_TOO_LARGE');
    expect(refused(invite(), { ...limits, messageBytes: 100 }).error.code).toBe('SIP_TOO_LARGE');
  });

  it('a start line of 64 KiB is 414', () => {
    const { error } = refused(invite({ start: `INVITE sip:${'a'.repeat(65_536)}@h SIP/2.0` }));
    expect(error.code).toBe('SIP_URI_TOO_LONG');
  });
});

describe('what a refusal tells', () => {
  it('the fields to answer with, as written', () => {
    const from = 'f : "A\\"" <sip:a@h>\r\n ;tag=1';
    const bytes = invite({ from, cseq: 'CSeq: 1 BYE' }, ['v: SIP/2.0/UDP b']);
    expect(refused(bytes)).toMatchObject({
      status: 400,
      method: 'INVITE',
      callId: 'c1@192.0.2.1',
      reply: {
        via: ['SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bKabc;rport', 'SIP/2.0/UDP b'],
        from: '"A\\"" <sip:a@h> ;tag=1',
        to: '<sip:+12345556789@gw.example>',
        callId: 'c1@192.0.2.1',
        cseq: '1 BYE',
      },
    });
  });

  it('RFC 3261 §17.1.1.3: an ACK is never answered', () => {
    const { status, reply, method } = refused(request('ACK', ['Max-Forwards: x']));
    expect([status, reply, method]).toEqual([null, null, 'ACK']);
  });

  it('responses are never answered', () => {
    const { status, reply, callId } = refused(response('SIP/2.0 200 OK', ['Max-Forwards: x', 'max-forwards: 1']));
    expect([status, reply, callId]).toEqual([null, null, 'c1@192.0.2.1']);
  });

  it.each(['from', 'to', 'callId', 'cseq', 'via'])('no answer is made from a %s with a control byte', (name) => {
    expect(refused(invite({ [name]: `${name === 'callId' ? 'Call-ID' : name}: a\x01b` })).reply).toBeNull();
  });

  it('every field of an answer is free of control characters', () => {
    const { reply } = refused(invite({}, ['Subject: \x00', 'v: SIP/2.0/UDP b\t;x']));
    const text = JSON.stringify(reply);
    expect(text).toContain('\\t;x');
    expect(text.replaceAll('\\t', '')).not.toMatch(/\\u00|\\r|\\n/);
  });

  it('a value that may have been cut off is not used', () => {
    const bytes = invite();
    const cut = bytes.subarray(0, bytes.indexOf('CSeq') + 10);
    expect(refused(cut).reply).toBeNull();
  });

  it('a fault that is not a refusal is not swallowed', () => {
    expect(() => acceptedRequest(null as unknown as Buffer)).toThrow(TypeError);
  });
});
