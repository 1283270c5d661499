import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SIP_LIMITS } from '../../src/base/limits.js';
import { FramingError, StreamFramer } from '../../src/sip/message/framer.js';
import { type ParseResult, parseMessage } from '../../src/sip/message/parse.js';
import { buildRefusal, buildResponse, requestWithReceived } from '../../src/sip/message/response.js';
import type { SipMessage } from '../../src/sip/message/types.js';

const limits = DEFAULT_SIP_LIMITS;
const MAX_STALL_MS = 50;
const peer = { address: '192.0.2.9', port: 9 };

const START = 'INVITE sip:+12345556789@gw.example;user=phone SIP/2.0';
const LINES = [
  'Via: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bKabc;rport, SIP/2.0/UDP [2001:db8::1]:5060;received=192.0.2.7',
  'Max-Forwards: 70',
  'From: "Alice \\"A\\" <x>" <sip:alice%20x:pw@good.example:5061;x=y>;tag=a1;p="q,r"',
  'To: Bob Example <sips:+12345556789@gw.example>',
  'Call-ID: c1@192.0.2.1',
  'CSeq: 4711 INVITE',
  'Contact: <sip:alice@192.0.2.1:5061;transport=tls>;+sip.instance="<urn:uuid:1>"',
  'Require: timer',
  'Record-Route: <sip:p1;lr>, <sip:p2;lr>',
  'Session-Expires: 1800;refresher=uac',
  'Content-Type: application/sdp',
];
const BODY = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

const assemble = (lines: readonly string[], start = START): Buffer =>
  Buffer.from(`${[start, ...lines, `Content-Length: ${BODY.length}`].join('\r\n')}\r\n\r\n${BODY}`);

/** A small generator of numbers from a seed (mulberry32): the same mutations on every machine. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const BITS = [
  '\r\n',
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '@',
  '<',
  '>',
  '"',
  '\\',
  '%00',
  '%',
  '[',
  ']',
  '?',
  '=',
  '\xff',
  'é',
  '0',
  '9',
];

function mutate(bytes: Buffer, next: (below: number) => number): Buffer {
  const at = next(bytes.length);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (next(7)) {
    case 0:
      return Buffer.concat([before, Buffer.from([next(256)]), after.subarray(1)]);
    case 1:
      return Buffer.concat([before, Buffer.from(BITS[next(BITS.length)] ?? ''), after]);
    case 2:
      return Buffer.concat([before, after.subarray(1 + next(20))]);
    case 3:
      return Buffer.concat([before, bytes.subarray(next(bytes.length)).subarray(0, next(60)), after]);
    case 4:
      return Buffer.concat([before, Buffer.alloc(next(3_000), BITS[next(BITS.length)] ?? ' '), after]);
    case 5:
      return Buffer.concat([before, Buffer.from([(after[0] ?? 0) ^ (1 << next(8))]), after.subarray(1)]);
    default:
      return before;
  }
}

const UNPARSED = parseMessage(Buffer.alloc(0), limits);

/** Milliseconds that `run` takes. What is slow is run again: work is slow every time, a busy machine is not. */
function timeOf(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5 && best > MAX_STALL_MS; attempt++) {
    const started = performance.now();
    run();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

/** Everything that is done with a message after it was parsed. */
function use(result: ParseResult): void {
  if (!result.ok) {
    if (result.reply !== null && result.status !== null) buildRefusal(result.reply, peer, result.status);
    return;
  }
  const { message } = result;
  expect(message.headerAll('via').length).toBeGreaterThan(0);
  if (message.kind !== 'request') return;
  const responded = parseMessage(buildResponse(message, peer, { status: 200, toTag: 't' }), limits);
  expect(responded.ok).toBe(true);
  const handed = parseMessage(requestWithReceived(message, peer), limits);
  expect(handed.ok && facts(handed.message)).toEqual(facts(message));
}

/** What policy decides upon. */
function facts(message: SipMessage): unknown {
  const { from, to, callId, cseq, fromTag, toTag, contacts } = message;
  return {
    from,
    to,
    callId,
    cseq,
    fromTag,
    toTag,
    contacts,
    ...(message.kind === 'request' ? { uri: message.uri } : {}),
  };
}

describe('20,000 seeded mutations of a valid INVITE', () => {
  it('threats 83, 106: are taken or refused, quickly, and never anything else', () => {
    const next = numbers(20_260_101);
    const original = assemble(LINES);
    let [taken, slowest] = [0, 0];
    for (let index = 0; index < 20_000; index++) {
      let bytes = original;
      for (let count = 1 + next(3); count > 0; count--) bytes = mutate(bytes, next);
      let result = UNPARSED;
      const parse = (): unknown => (result = parseMessage(bytes, limits));
      slowest = Math.max(slowest, timeOf(parse));
      if (result.ok) taken++;
      else expect(result.error.code).toMatch(/^SIP_/);
      if (index % 10 === 0) use(result);
    }
    expect(slowest).toBeLessThan(MAX_STALL_MS);
    // Both ends are reached: mutations that do no harm, and those that do.
    expect(taken).toBeGreaterThan(1_000);
    expect(taken).toBeLessThan(15_000);
  });

  it('threat 81: on a stream they are framed, wait, or close the connection', () => {
    const next = numbers(7);
    const original = assemble(LINES);
    for (let index = 0; index < 3_000; index++) {
      try {
        new StreamFramer(limits).push(Buffer.concat([mutate(original, next), original]));
      } catch (error) {
        expect(error).toBeInstanceOf(FramingError);
      }
    }
  });
});

describe('threat 106: long runs of one character are read in linear time', () => {
  const place = LINES.map((_, index) => index);

  it.each(BITS)('%j in every header', (bit) => {
    const long = bit.repeat(4_000 / bit.length);
    for (const index of place) {
      const lines = LINES.map((line, at) => (at === index ? line + long : line));
      expect(timeOf(() => use(parseMessage(assemble(lines), limits)))).toBeLessThan(MAX_STALL_MS);
    }
  });
});

describe('RFC 3261 §7.3.1: what is written in another way is read the same', () => {
  const baseline = parseMessage(assemble(LINES), limits);
  const expected = baseline.ok ? facts(baseline.message) : null;

  const agrees = (lines: readonly string[]): void => {
    const result = parseMessage(assemble(lines), limits);
    if (!result.ok) throw result.error;
    expect(facts(result.message)).toEqual(expected);
  };

  it('the baseline is taken', () => {
    expect(expected).not.toBeNull();
  });

  it('threat 20: folded at any space is the same as unfolded', () => {
    const fold = fc.constantFrom('\r\n ', '\r\n\t', ' \r\n  ', '\t\r\n \t');
    fc.assert(
      fc.property(fc.nat(LINES.length - 1), fc.nat(), fold, (line, place, by) => {
        agrees(
          LINES.map((text, index) => {
            if (index !== line) return text;
            const spaces = [...text.matchAll(/ /g)].map((match) => match.index);
            const at = spaces[place % spaces.length] ?? 0;
            return text.slice(0, at) + by + text.slice(at + 1);
          }),
        );
      }),
      { numRuns: 300, seed: 21 },
    );
  });

  it('threat 18: blanks before the colon, case and compact forms', () => {
    const compact = new Map([
      ['Via', 'v'],
      ['From', 'f'],
      ['To', 't'],
      ['Call-ID', 'i'],
      ['Contact', 'm'],
      ['Content-Type', 'c'],
    ]);
    const respell = fc.constantFrom<(name: string) => string>(
      (name) => `${name} `,
      (name) => `${name}\t \t`,
      (name) => name.toUpperCase(),
      (name) => name.toLowerCase(),
      (name) => compact.get(name) ?? name,
      (name) => compact.get(name)?.toUpperCase() ?? name,
    );
    fc.assert(
      fc.property(fc.array(respell, { minLength: LINES.length, maxLength: LINES.length }), (spellings) => {
        agrees(LINES.map((line, index) => line.replace(/^[^:]+/, (name) => spellings[index]?.(name) ?? name)));
      }),
      { numRuns: 200, seed: 22 },
    );
  });

  it('the order of header fields', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(LINES, { minLength: LINES.length }), (lines) => agrees(lines)),
      { numRuns: 200, seed: 23 },
    );
  });
});

describe('threat 16: a second singleton is refused wherever and however it stands', () => {
  it('with another value, another case, a compact form or blanks', () => {
    const second = fc.constantFrom(
      ...['From: <sip:ok@h>;tag=2', 'f: <sip:ok@h>', 'FROM : <sip:ok@h>', 'To: <sip:ok@h>', 'T\t: <sip:ok@h>'],
      ...['Call-ID: x', 'I: x', 'CSeq: 4711 INVITE', 'cseq :1 INVITE', 'Max-Forwards: 70', 'max-forwards: 1'],
      ...['Content-Length: 0', 'L: 3', 'Content-Type: text/plain', 'c : a/b', 'x: 90', 'From:\r\n <sip:ok@h>'],
      ...['Contact: <sip:ok@h>', 'M: <sip:ok@h>'],
    );
    fc.assert(
      fc.property(second, fc.nat(LINES.length), (line, at) => {
        const result = parseMessage(assemble([...LINES.slice(0, at), line, ...LINES.slice(at)]), limits);
        expect(result.ok ? null : result.error.code).toBe('SIP_HEADER_DUPLICATE');
      }),
      { numRuns: 400, seed: 24 },
    );
  });
});
