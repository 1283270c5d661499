import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameReader } from '../../../src/control/frames.js';

function readAll(...chunks: Buffer[]): string[] {
  const reader = new FrameReader();
  return chunks.flatMap((chunk) => [...reader.push(chunk)].map((payload) => payload.toString()));
}

describe('control frames (drachtio protocol §2)', () => {
  it('counts bytes, not characters', () => {
    expect(encodeFrame('grüß').toString()).toBe('6#grüß');
  });

  it('puts CRLF between the meta line and the message', () => {
    expect(encodeFrame('id|sip|', Buffer.from('INVITE')).toString()).toBe('15#id|sip|\r\nINVITE');
  });

  it('keeps bytes of a message that are no UTF-8', () => {
    const message = Buffer.from([0xff, 0x00, 0x80]);
    const [payload] = [...new FrameReader().push(encodeFrame('m', message))];
    expect(payload?.subarray(3)).toEqual(message);
  });

  it('property: any split of any frames reads the same', () => {
    const payloads = fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), { maxLength: 5 });
    fc.assert(
      fc.property(
        payloads,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }),
        (texts, sizes) => {
          const stream = Buffer.concat(texts.map((text) => encodeFrame(text)));
          const chunks: Buffer[] = [];
          for (let at = 0; at < stream.length;) {
            const size = sizes[chunks.length % sizes.length] ?? 1;
            chunks.push(stream.subarray(at, at + size));
            at += size;
          }
          expect(readAll(...chunks)).toEqual(texts);
        },
      ),
    );
  });

  it.each([
    ['a letter', 'x'],
    ['a letter after digits', '12x'],
    ['a sign', '-5#hello'],
    ['a blank', ' 5#hello'],
    ['no digit', '#hello'],
    ['zero', '0#'],
    ['zeros', '00000#'],
    ['six digits', '100000#'],
    ['leading zeros beyond five digits', '000005#'],
  ])('refuses %s as length', (_what, text) => {
    expect(() => readAll(Buffer.from(text))).toThrowError(expect.objectContaining({ code: 'CONTROL_PROTOCOL' }));
  });

  it('takes the largest length, 99999 bytes', () => {
    const payload = 'a'.repeat(99_999);
    expect(readAll(Buffer.from('99999#'), Buffer.from(payload))).toEqual([payload]);
  });

  it('yields the frames before a broken one', () => {
    const seen: string[] = [];
    const read = () => {
      for (const payload of new FrameReader().push(Buffer.from('1#a2#bbx'))) seen.push(payload.toString());
    };
    expect(read).toThrow();
    expect(seen).toEqual(['a', 'bb']);
  });
});
