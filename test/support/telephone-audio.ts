import { decodeG711, encodeG711 } from '../../src/audio/g711.js';

/** Samples per second. */
export const RATE = 8_000;

/** The two μ-law codes of zero. Encoders differ in which of them they choose, and decoders in what they make of it. */
const ZEROS = new Set([0x7f, 0xff]);

/**
 * As many μ-law codes, all but zero among them, in a sequence that repeats nowhere. Decoded, every right encoder makes
 * the same codes of it again. The same seed gives the same codes.
 */
export function pseudoSpeech(length: number, seed: number): Buffer {
  const codes = Buffer.alloc(length);
  let state = seed;
  for (let index = 0; index < length;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const code = state >>> 24;
    if (!ZEROS.has(code)) codes[index++] = code;
  }
  return codes;
}

/** As many samples of a 440 Hz tone at half of full scale, in μ-law; zero is not among them. */
export function tone(length: number): Buffer {
  // Half a sample late: 440 Hz at this rate then meets zero between samples only.
  const angle = (index: number): number => (2 * Math.PI * 440 * (index + 0.5)) / RATE;
  return toMulaw(Int16Array.from({ length }, (_, index) => 16_384 * Math.sin(angle(index))));
}

export function silence(length: number): Buffer {
  return Buffer.alloc(length, 0xff);
}

export function toMulaw(samples: Int16Array): Buffer {
  const codes = Buffer.alloc(samples.length);
  encodeG711('PCMU', samples, codes);
  return codes;
}

export function fromMulaw(codes: Uint8Array): Int16Array {
  const samples = new Int16Array(codes.length);
  decodeG711('PCMU', codes, samples);
  return samples;
}
