import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.js';
import { readWav, toTelephone, writeWav } from '../../../src/audio/wav.js';

const tone = (hertz: number, rate: number, seconds = 0.5): Int16Array =>
  Int16Array.from({ length: rate * seconds }, (_, index) =>
    Math.round(10_000 * Math.sin((2 * Math.PI * hertz * index) / rate)),
  );
const power = (samples: Int16Array): number =>
  Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
const codeFrom = (bytes: Uint8Array): string => {
  try {
    readWav(bytes);
    return 'accepted';
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
};

describe('WAV files', () => {
  it('property: 16-bit PCM comes back sample for sample', () => {
    fc.assert(
      fc.property(fc.int16Array({ maxLength: 300 }), fc.constantFrom(8_000, 16_000, 44_100), (samples, rate) => {
        expect(readWav(writeWav({ rate, samples }))).toEqual({ rate, samples });
      }),
    );
  });

  it.each(['PCMU', 'PCMA'] as const)('%s comes back as near as the codec is, at odd lengths too', (encoding) => {
    const samples = tone(440, 8_000).subarray(0, 3_999);
    const again = readWav(writeWav({ rate: 8_000, samples }, encoding)).samples;
    expect(again.length).toBe(3_999);
    expect(Math.max(...again.map((value, index) => Math.abs(value - (samples[index] ?? 0))))).toBeLessThan(300);
  });

  it('takes the first channel, passes other chunks over, and lives with a size that is not true', () => {
    const mono = writeWav({ rate: 8_000, samples: Int16Array.of(1, -1, 2, -2) });
    mono.writeUInt16LE(2, 22);
    expect([...readWav(mono).samples]).toEqual([1, 2]);
    const list = Buffer.concat([Buffer.from('LIST'), Buffer.from([3, 0, 0, 0]), Buffer.from('abc\0')]);
    const listed = Buffer.concat([mono.subarray(0, 12), list, mono.subarray(12)]);
    listed.writeUInt32LE(0xffff_ffff, listed.length - 12);
    expect([...readWav(listed).samples]).toEqual([1, 2]);
  });

  const good = writeWav({ rate: 8_000, samples: Int16Array.of(1) });
  const changed = (at: number, ...bytes: number[]): Buffer => {
    const copy = Buffer.from(good);
    copy.set(bytes, at);
    return copy;
  };
  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['another format', changed(0, 0x4f)],
    ['no data', good.subarray(0, 36)],
    ['no format', changed(12, 0x58)],
    ['floating point', changed(20, 3)],
    ['24 bits', changed(34, 24)],
    ['no channel', changed(22, 0)],
    ['no rate', changed(24, 0, 0, 0, 0)],
  ])('refuses %s', (_name, bytes) => {
    expect(codeFrom(bytes)).toBe('FILE_UNAVAILABLE');
  });

  it('property: no bytes make it fail otherwise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(44), (bytes, at) => {
        const data = Buffer.from(good);
        data.set(bytes.subarray(0, data.length - at), at);
        expect(['accepted', 'FILE_UNAVAILABLE']).toContain(codeFrom(data));
      }),
    );
  });
});

describe('toTelephone', () => {
  it('leaves 8,000 alone and refuses what is neither 8,000 nor 16,000', () => {
    const samples = tone(440, 8_000);
    expect(toTelephone({ rate: 8_000, samples })).toBe(samples);
    expect(() => toTelephone({ rate: 44_100, samples })).toThrow(expect.objectContaining({ code: 'FILE_UNAVAILABLE' }));
  });

  it('keeps speech and its pitch', () => {
    const half = toTelephone({ rate: 16_000, samples: tone(1_000, 16_000) });
    expect(half.length).toBe(4_000);
    const wanted = tone(1_000, 8_000);
    const error = half.map((value, index) => value - (wanted[index] ?? 0)).subarray(50, -50);
    expect(power(error)).toBeLessThan(power(wanted) / 50);
  });

  it.each([5_000, 6_000, 7_500])('takes away %i Hz, which would fold into speech', (hertz) => {
    const samples = tone(hertz, 16_000);
    expect(power(toTelephone({ rate: 16_000, samples }))).toBeLessThan(power(samples) / 50);
  });
});
