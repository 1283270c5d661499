import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../../../src/audio/wav.js';
import { decodeAudio, encodeAudio, parseAudioType } from '../../../src/speech/embedded/audio.js';
import { decimate, normalize, upsampleFilled } from '../../../src/speech/embedded/resample.js';
import { bandRms, silence, tones } from './embedded-signals.js';

describe('audio types', () => {
  it.each([
    ['audio/basic', 'mulaw', 8_000, 'raw'],
    ['AUDIO/Basic', 'mulaw', 8_000, 'raw'],
    ['audio/mulaw;rate=8000', 'mulaw', 8_000, 'raw'],
    ['audio/alaw;rate=8000', 'alaw', 8_000, 'raw'],
    ['audio/alaw', 'alaw', 8_000, 'raw'],
    ['audio/l16;rate=8000', 'l16', 8_000, 'raw'],
    ['audio/l16; rate=16000; channels=1', 'l16', 16_000, 'raw'],
    ['audio/l16;rate=8000;endianness=little-endian', 'l16', 8_000, 'raw'],
    ['audio/wav', 'l16', 8_000, 'wav'],
    ['audio/wav;rate=16000', 'l16', 16_000, 'wav'],
  ])('%s', (text, encoding, rate, container) => {
    expect(parseAudioType(text)).toMatchObject({ encoding, rate, container });
  });

  it.each([
    '',
    'audio/l16',
    'audio/l16;rate=44100',
    'audio/l16;rate=8000;channels=2',
    'audio/l16;rate=8000;endianness=big-endian',
    'audio/l16;rate=',
    'audio/basic;rate=16000',
    'audio/alaw;rate=16000',
    'audio/ogg;codecs=opus',
    `audio/basic;${'x'.repeat(200)}`,
  ])('refuses %j', (text) => {
    expect(parseAudioType(text)).toBeNull();
  });

  it('names a type so that it parses to itself', () => {
    for (const text of ['audio/basic', 'audio/alaw;rate=8000', 'audio/l16;rate=16000', 'audio/wav;rate=8000']) {
      expect(parseAudioType(parseAudioType(text)?.mime ?? '')).toEqual(parseAudioType(text));
    }
  });
});

describe('G.711', () => {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => code);

  it.each([
    ['mulaw', 0xff, 0],
    ['mulaw', 0x00, -32_124],
    ['mulaw', 0x80, 32_124],
    ['mulaw', 0xf0, 120],
    ['alaw', 0xd5, 8],
    ['alaw', 0x55, -8],
    ['alaw', 0xaa, 32_256],
    ['alaw', 0x2a, -32_256],
  ] as const)('ITU-T G.711: %s code %i is %i', (encoding, code, sample) => {
    expect([...decodeAudio(Uint8Array.of(code), encoding)]).toEqual([sample]);
  });

  it.each(['mulaw', 'alaw'] as const)('%s: each code survives decoding and encoding', (encoding) => {
    const again = encodeAudio(decodeAudio(codes, encoding), encoding);
    // μ-law has two zeros; the positive one is sent.
    const expected = encoding === 'mulaw' ? codes.map((code) => (code === 0x7f ? 0xff : code)) : codes;
    expect([...again]).toEqual([...expected]);
  });

  it.each(['mulaw', 'alaw'] as const)('%s: a sample comes back within its step', (encoding) => {
    fc.assert(
      fc.property(fc.integer({ min: -32_768, max: 32_767 }), (sample) => {
        const [back = 0] = decodeAudio(encodeAudio(Int16Array.of(sample), encoding), encoding);
        expect(Math.abs(back - sample)).toBeLessThanOrEqual(Math.max(16, Math.abs(sample) / 16));
      }),
    );
  });
});

describe('linear samples', () => {
  it('are little-endian, from any offset, an odd byte left out', () => {
    const bytes = Uint8Array.of(9, 0x34, 0x12, 0xff, 0xff, 7).subarray(1);
    expect([...decodeAudio(bytes, 'l16')]).toEqual([0x1234, -1]);
    expect([...encodeAudio(Int16Array.of(0x1234, -1), 'l16')]).toEqual([0x34, 0x12, 0xff, 0xff]);
  });

  it('make a WAV file that says what it is', () => {
    const file = writeWav({ rate: 8_000, samples: Int16Array.of(1, -2, 3) });
    expect(file.toString('latin1', 0, 4)).toBe('RIFF');
    expect(file.readUInt32LE(4)).toBe(file.length - 8);
    expect(file.readUInt16LE(20)).toBe(1);
    expect(file.readUInt16LE(22)).toBe(1);
    expect(file.readUInt32LE(24)).toBe(8_000);
    expect(file.readUInt32LE(40)).toBe(6);
    expect([...decodeAudio(file.subarray(44), 'l16')]).toEqual([1, -2, 3]);
  });
});

describe('resampling', () => {
  const middle = (samples: Int16Array, size: number): Int16Array =>
    samples.subarray((samples.length - size) >> 1, (samples.length + size) >> 1);

  it.each([300, 1_000, 3_000])('keeps %i Hz on the way down', (frequency) => {
    const down = decimate(tones(100, [frequency], 10_000, 16_000));
    expect(down).toHaveLength(800);
    expect(bandRms(middle(down, 400), frequency - 60, frequency + 60, 8_000)).toBeCloseTo(7_071, -2);
  });

  it.each([4_200, 5_000, 7_500])('lets nothing of %i Hz alias on the way down', (frequency) => {
    const down = decimate(tones(100, [frequency], 10_000, 16_000));
    expect(bandRms(middle(down, 400), 20, 4_000, 8_000)).toBeLessThan(60);
  });

  it.each([300, 1_000, 3_000])('keeps %i Hz on the way up, without an image', (frequency) => {
    const up = upsampleFilled(tones(100, [frequency], 10_000));
    expect(up).toHaveLength(1_600);
    const piece = middle(up, 800);
    expect(bandRms(piece, frequency - 60, frequency + 60, 16_000)).toBeCloseTo(7_071, -2);
    expect(bandRms(piece, 4_300, 8_000, 16_000)).toBeLessThan(120);
  });

  it('fills the upper band, and only that, with quiet noise', () => {
    const up = middle(upsampleFilled(silence(200)), 1_600);
    expect(bandRms(up, 4_000, 8_000, 16_000)).toBeGreaterThan(40);
    expect(bandRms(up, 4_000, 8_000, 16_000)).toBeLessThan(80);
    expect(bandRms(up, 20, 3_200, 16_000)).toBeLessThan(5);
  });

  it('gives the same for the same', () => {
    const samples = tones(50, [700], 5_000);
    expect(upsampleFilled(samples)).toEqual(upsampleFilled(samples));
  });

  it('clips instead of wrapping', () => {
    const loud = Int16Array.from({ length: 800 }, (_, index) => (index % 16 < 8 ? 32_767 : -32_768));
    for (const samples of [decimate(loud), upsampleFilled(loud)]) {
      const jumps = samples.subarray(1).filter((sample, index) => Math.abs(sample - (samples[index] ?? 0)) > 60_000);
      expect(jumps).toHaveLength(0);
    }
  });

  it.each([0, 1, 2, 7])('takes %i samples', (length) => {
    const samples = new Int16Array(length).fill(100);
    expect(decimate(samples)).toHaveLength(length >> 1);
    expect(upsampleFilled(samples)).toHaveLength(length * 2);
  });

  it('sets the loudest sample to the peak and leaves silence alone', () => {
    expect([...normalize(Int16Array.of(100, -200, 50), 5_000)]).toEqual([2_500, -5_000, 1_250]);
    expect([...normalize(Int16Array.of(0, 0), 5_000)]).toEqual([0, 0]);
    expect([...normalize(Int16Array.of(-32_768), 32_767)]).toEqual([-32_767]);
  });
});
