import { describe, expect, it } from 'vitest';
import { DEFAULT_SIP_LIMITS, type SipLimits } from '../../../../src/base/limits.js';
import { type FramerEvent, FramingError, StreamFramer } from '../../../../src/sip/message/framer.js';
import { salvage } from '../../../../src/sip/message/salvage.js';
import { invite, request, SDP } from './samples.js';

const limits = DEFAULT_SIP_LIMITS;
const CRLF = Buffer.from('\r\n');

const push = (bytes: Buffer | string, by: SipLimits = limits): readonly FramerEvent[] =>
  new StreamFramer(by).push(Buffer.from(bytes));

const failure = (bytes: Buffer | string, by: SipLimits = limits): FramingError => {
  try {
    push(bytes, by);
  } catch (error) {
    if (error instanceof FramingError) return error;
    throw error;
  }
  throw new Error('was framed');
};

const texts = (events: readonly FramerEvent[]): string[] =>
  events.map((event) => (event.type === 'message' ? event.bytes.toString() : event.type));

describe('RFC 3261 §18.3 framing by Content-Length', () => {
  it('one message in one piece', () => {
    expect(texts(push(invite()))).toEqual([invite().toString()]);
  });

  it('threat 81: 1,000 messages in one segment, each once and in order', () => {
    const all = [...Array(1_000).keys()].map((index) => request('OPTIONS', [`X-N: ${index}`]));
    expect(texts(push(Buffer.concat(all)))).toEqual(all.map(String));
  });

  it('threat 81: byte by byte, with linear work', () => {
    const framer = new StreamFramer(limits);
    const all = Buffer.concat([invite(), CRLF, request('BYE')]);
    const events = [...all].flatMap((byte) => framer.push(Buffer.from([byte])));
    expect(texts(events)).toEqual([invite().toString(), request('BYE').toString()]);
  });

  it('threat 79: what is beyond Content-Length is a message of its own', () => {
    const outer = invite({ length: 'Content-Length: 0' }, [], '');
    expect(texts(push(Buffer.concat([outer, invite()])))).toEqual([outer.toString(), invite().toString()]);
  });

  it('threat 80: what Content-Length covers is body', () => {
    const inner = request('BYE');
    const outer = invite({ length: `l : ${inner.length}` }, [], inner.toString());
    expect(texts(push(outer))).toEqual([outer.toString()]);
  });

  it('responses and bodies with NUL are framed alike', () => {
    const bytes = 'SIP/2.0 200 OK\r\nContent-Length: 3\r\n\r\n\0\r\n';
    expect(texts(push(bytes))).toEqual([bytes]);
  });

  it('messages own their bytes', () => {
    for (const pieces of [[invite()], [invite().subarray(0, 300), invite().subarray(300)]]) {
      const framer = new StreamFramer(limits);
      const events = pieces.flatMap((piece) => {
        const reused = Buffer.from(piece);
        const made = framer.push(reused);
        reused.fill(0);
        return made;
      });
      expect(texts(events)).toEqual([invite().toString()]);
    }
  });

  it('messages do not share bytes with each other', () => {
    const [first, second] = push(Buffer.concat([request('BYE'), request('BYE')]));
    if (first?.type !== 'message' || second?.type !== 'message') throw new Error('not two messages');
    first.bytes.fill(0);
    expect(second.bytes.toString()).toBe(request('BYE').toString());
  });
});

describe('RFC 5626 §3.5.1 keep-alive', () => {
  it.each([
    ['', []],
    ['\r\n', []],
    ['\r\n\r\n', ['keepalive']],
    ['\r\n\r\n\r\n', ['keepalive']],
    ['\r\n\r\n\r\n\r\n', ['keepalive', 'keepalive']],
  ])('%j brings %j', (bytes, events) => {
    expect(texts(push(bytes))).toEqual(events);
  });

  it('RFC 3261 §7.5: lone CRLFs round messages are skipped and do not add up', () => {
    const bye = request('BYE').toString();
    expect(texts(push(`\r\n${bye}\r\n${bye}\r\n`))).toEqual([bye, bye]);
    expect(texts(push(`${bye}\r\n\r\n${bye}`))).toEqual([bye, 'keepalive', bye]);
  });

  it('pending tells whether a message is incomplete', () => {
    const framer = new StreamFramer(limits);
    const seen = [framer.pending];
    for (const piece of ['\r\n', 'INVITE', ` sip:h SIP/2.0\r\nl: 2\r\n\r\n`, 'a', 'b', '\r\n']) {
      framer.push(Buffer.from(piece));
      seen.push(framer.pending);
    }
    expect(seen).toEqual([false, false, true, true, true, false, false]);
  });
});

describe('Content-Length that cannot be followed', () => {
  it.each([
    [null, 'SIP_CONTENT_LENGTH'],
    ['Content-Length: -1', 'SIP_CONTENT_LENGTH'],
    ['Content-Length: +5', 'SIP_CONTENT_LENGTH'],
    ['Content-Length: 0x10', 'SIP_CONTENT_LENGTH'],
    ['Content-Length: 1 3', 'SIP_CONTENT_LENGTH'],
    ['Content-Length: "5"', 'SIP_CONTENT_LENGTH'],
    ['Content-Length: 5,5', 'SIP_CONTENT_LENGTH'],
    ['Content-Length:', 'SIP_CONTENT_LENGTH'],
    ['Content-Length: 5\r\nContent-Length: 5', 'SIP_CONTENT_LENGTH'],
    ['Content-Length: 5\r\nContent-Length: 7', 'SIP_CONTENT_LENGTH'],
    ['l: 5\r\nContent-Length: 5', 'SIP_CONTENT_LENGTH'],
    ['CONTENT-LENGTH : 5\r\nL: 5', 'SIP_CONTENT_LENGTH'],
    ['%43ontent-Length: 5', 'SIP_CONTENT_LENGTH'],
    ['Content-Length: 98305', 'SIP_TOO_LARGE'],
    ['Content-Length: 2147483648', 'SIP_TOO_LARGE'],
    ['Content-Length: 99999999999', 'SIP_TOO_LARGE'],
    ['Content-Length: 99999999999999999999', 'SIP_CONTENT_LENGTH'],
    ['Content-Length\x01: 5', 'SIP_BYTES'],
    ['Content-Length(: 5', 'SIP_HEADER'],
    ['Content-Length 5', 'SIP_HEADER'],
    ['X: a\r\n \r\nContent-Length: 5', 'SIP_HEADER'],
  ])('threats 76, 77, 78: %j closes with %s and can be answered', (length, code) => {
    const error = failure(invite({ length }));
    expect(error.code).toBe(code);
    expect(salvage(error.head ?? Buffer.alloc(0), limits).reply?.callId).toBe('c1@192.0.2.1');
  });

  it('a folded Content-Length is read like an unfolded one', () => {
    const bytes = invite({ length: `Content-Length:\r\n  ${SDP.length}` });
    expect(texts(push(bytes))).toEqual([bytes.toString()]);
  });

  it('RFC 4475 §3.1.2.2 clerr: more than there is waits', () => {
    const framer = new StreamFramer(limits);
    expect(framer.push(invite({ length: 'Content-Length: 9999' }))).toEqual([]);
    expect(framer.pending).toBe(true);
  });

  it('the answer is made from the refused message alone, whole or split', () => {
    const bytes = invite({ length: 'Content-Length: x', callId: 'Call-ID: bad' });
    const framer = new StreamFramer(limits);
    framer.push(Buffer.concat([invite(), bytes.subarray(0, 150)]));
    expect(() => framer.push(Buffer.concat([bytes.subarray(150), invite()]))).toThrow(
      expect.objectContaining({ head: bytes.subarray(0, bytes.length - SDP.length) }),
    );
  });
});

describe('bytes that are not SIP', () => {
  it.each([
    ['GET / HTTP/1.1\r\n', 'HTTP'],
    ['POST http://h/ HTTP/1.1\r\n', 'HTTP proxy request'],
    ['CONNECT h:443 HTTP/1.1\r\n', 'CONNECT'],
    ['DESCRIBE rtsp://h/ RTSP/1.0\r\n', 'RTSP'],
    ['HTTP/1.1 200 OK\r\n', 'HTTP response'],
    ['PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n', 'PROXY v1'],
    ['\x16\x03\x01', 'TLS record'],
    ['\x16', 'first byte of a TLS record'],
    ['\r\n\r\n\x00\r\nQUIT\n', 'PROXY v2'],
    ['\x00', 'NUL'],
    [' ', 'a blank'],
    ['\xff\xfe', 'noise'],
    ['SSH-2.0-x\r\n', 'SSH'],
    ['{"a":1}', 'JSON'],
    ['<x>', 'XML'],
    ['SIP/3', null],
    ['SIPX/2.0 200 OK', 'almost SIP'],
    ['INVITE\r\n', 'one word'],
    ['\n', 'LF'],
    ['\rINVITE', 'CR alone'],
  ])('threat 82: %j is refused at once and unanswered', (text, name) => {
    const bytes = Buffer.from(text, 'latin1');
    if (name === null) return void expect(push(bytes)).toEqual([]);
    const error = failure(bytes);
    expect([error.code, error.head]).toEqual(['SIP_FRAMING', null]);
    for (let split = 1; split < bytes.length; split++) {
      const framer = new StreamFramer(limits);
      expect(() => {
        framer.push(bytes.subarray(0, split));
        framer.push(bytes.subarray(split));
      }).toThrow(expect.objectContaining({ code: 'SIP_FRAMING' }));
    }
  });

  it.each(['lwsstart', 'trws', 'ltgtruri'])(
    'RFC 4475 §3.1.2: SIP with a bad start line is left to the parser: %s',
    (name) => {
      const start = {
        lwsstart: 'INVITE  sip:h  SIP/2.0',
        trws: 'INVITE sip:h SIP/2.0  ',
        ltgtruri: 'INVITE <sip:h> SIP/2.0',
      }[name];
      const bytes = invite({ start: start ?? null });
      expect(texts(push(bytes))).toEqual([bytes.toString()]);
    },
  );

  it('threat 21: a bare LF in the header block closes', () => {
    const error = failure(invite({}, ['Subject: a\nFrom: <sip:ok@h>']));
    expect(error.code).toBe('SIP_BYTES');
    expect(salvage(error.head ?? Buffer.alloc(0), limits).method).toBe('INVITE');
  });
});

describe('limits', () => {
  it('threat 83: an endless header block is refused at its limit, not later', () => {
    const framer = new StreamFramer(limits);
    const start = Buffer.from('INVITE sip:h SIP/2.0\r\n');
    framer.push(start);
    framer.push(Buffer.alloc(limits.headerBlockBytes - start.length - 1, 'x'));
    expect(() => framer.push(Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'SIP_TOO_LARGE' }));
  });

  it('a start line that does not end is 414', () => {
    expect(failure(`INVITE sip:${'a'.repeat(limits.headerBlockBytes)}`).code).toBe('SIP_URI_TOO_LONG');
  });

  it('head and body together', () => {
    const tight = { ...limits, messageBytes: invite().length };
    expect(push(invite(), tight)).toHaveLength(1);
    expect(failure(invite({}, ['X: y']), tight).code).toBe('SIP_TOO_LARGE');
  });

  it('the largest head and body pass', () => {
    const body = 'x'.repeat(limits.bodyBytes);
    expect(push(invite({ length: `Content-Length: ${body.length}` }, [], body))).toHaveLength(1);
  });
});

describe('after a fault', () => {
  it('the framer is dead', () => {
    const framer = new StreamFramer(limits);
    expect(() => framer.push(Buffer.from('\0'))).toThrow(FramingError);
    expect(() => framer.push(invite())).toThrow(
      expect.objectContaining({ code: 'SIP_FRAMING', head: null, events: [] }),
    );
    expect(framer.pending).toBe(false);
  });

  it('what came before it in the same segment is not lost', () => {
    const error = failure(Buffer.concat([invite(), Buffer.from('\r\n\r\n'), Buffer.from([0x16, 3, 1])]));
    expect(texts(error.events)).toEqual([invite().toString(), 'keepalive']);
  });
});
