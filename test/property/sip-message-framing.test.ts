import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SIP_LIMITS } from '../../src/base/limits.js';
import { FramingError, StreamFramer } from '../../src/sip/message/framer.js';
import { parseMessage } from '../../src/sip/message/parse.js';
import { serializeRequest } from '../../src/sip/message/serialize.js';
import { RFC4475_INVALID } from '../corpus/sip/rfc4475-invalid.js';
import { RFC4475_VALID } from '../corpus/sip/rfc4475-valid.js';

const limits = { ...DEFAULT_SIP_LIMITS, headerBlockBytes: 2_048, bodyBytes: 4_096 };

/** Everything that the pieces bring, as text; a fault is the last entry. */
function frame(pieces: readonly Buffer[]): string[] {
  const framer = new StreamFramer(limits);
  const seen: string[] = [];
  try {
    for (const piece of pieces) for (const event of framer.push(piece)) seen.push(show(event));
  } catch (error) {
    if (!(error instanceof FramingError)) throw error;
    seen.push(...error.events.map(show), error.code);
  }
  return seen;
}

const show = (event: { type: string; bytes?: Buffer }): string => event.bytes?.toString('latin1') ?? event.type;

/** `bytes` cut at the given places, which may coincide. */
function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const message = fc
  .record({ method: fc.constantFrom('INVITE', 'BYE', 'OPTIONS'), body, text: fc.stringMatching(/^[ -~]{0,40}$/) })
  .map(({ method, body, text }) => serializeRequest({ method, uri: 'sip:h', headers: [['X-A', text]], body }));
const blank = fc.constantFrom('\r\n', '\r\n\r\n').map((text) => Buffer.from(text));
const torture = fc.constantFrom(...[...RFC4475_VALID, ...RFC4475_INVALID].map(({ bytes }) => bytes));
const noise = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('GET / HTTP/1.1\r\n', '\r', '\n', 'SIP/2.0\r\n').map((text) => Buffer.from(text)),
);

const stream = (...parts: fc.Arbitrary<Buffer>[]): fc.Arbitrary<Buffer> =>
  fc.array(fc.oneof(...parts), { maxLength: 8 }).map((list) => Buffer.concat(list));
const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe('threat 81: framing does not depend on how the stream is split', () => {
  it('messages, blanks and keep-alives', () => {
    fc.assert(
      fc.property(stream(message, blank), cuts, (bytes, at) => {
        expect(frame(split(bytes, at))).toEqual(frame([bytes]));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('torture messages and noise in between', () => {
    fc.assert(
      fc.property(stream(message, blank, torture, noise), cuts, (bytes, at) => {
        expect(frame(split(bytes, at))).toEqual(frame([bytes]));
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  it('one byte at a time', () => {
    fc.assert(
      fc.property(stream(message, blank, noise), (bytes) => {
        expect(frame([...bytes].map((byte) => Buffer.from([byte])))).toEqual(frame([bytes]));
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  it('every message comes out once, in order and whole', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), cuts, (messages, at) => {
        expect(frame(split(Buffer.concat(messages), at))).toEqual(messages.map((bytes) => bytes.toString('latin1')));
      }),
      { numRuns: 200, seed: 4 },
    );
  });
});

describe('one parser, one view', () => {
  it('what the framer cuts out is for the parser all head and body, never more or less', () => {
    fc.assert(
      fc.property(stream(message, torture, blank), (bytes) => {
        const framer = new StreamFramer(DEFAULT_SIP_LIMITS);
        let events;
        try {
          events = framer.push(bytes);
        } catch (error) {
          if (!(error instanceof FramingError)) throw error;
          ({ events } = error);
        }
        for (const event of events) {
          if (event.type === 'keepalive') continue;
          const result = parseMessage(event.bytes, DEFAULT_SIP_LIMITS);
          if (result.ok) expect(result.message.raw).toHaveLength(event.bytes.length);
          else expect(['SIP_CONTENT_LENGTH', 'SIP_BYTES']).not.toContain(result.error.code);
        }
      }),
      { numRuns: 200, seed: 5 },
    );
  });
});

describe('threat 74: work is linear in the bytes', () => {
  it('the largest message, one byte at a time', () => {
    const bytes = serializeRequest({
      method: 'INVITE',
      uri: 'sip:h',
      headers: Array.from({ length: 10 }, () => ['X-A', 'y'.repeat(1_500)] as const),
      body: Buffer.alloc(98_304),
    });
    const framer = new StreamFramer(DEFAULT_SIP_LIMITS);
    const started = performance.now();
    let count = 0;
    for (let index = 0; index < bytes.length; index++) count += framer.push(bytes.subarray(index, index + 1)).length;
    expect(count).toBe(1);
    // Quadratic work over these 113,000 bytes would be billions of steps.
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
