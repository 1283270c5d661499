/** The G.711 variants by their SDP names. */
export type G711Codec = 'PCMU' | 'PCMA';

/**
 * ITU-T G.711 by tables, into buffers of the caller. Linear samples are 16-bit: the 14-bit (μ-law) and 13-bit (A-law)
 * values of the recommendation, shifted left.
 */

/** The byte that is silence. */
export const SILENCE: Readonly<Record<G711Codec, number>> = { PCMU: 0xff, PCMA: 0xd5 };

/** Samples per second of both codecs; one byte is one sample. */
export const G711_RATE = 8000;

const ULAW_BIAS = 0x84;
const ULAW_CLIP = 32_635;

/** One byte to its linear sample. */
export const DECODE: Readonly<Record<G711Codec, Int16Array>> = {
  PCMU: Int16Array.from({ length: 256 }, (_, byte) => decodeUlawByte(byte)),
  PCMA: Int16Array.from({ length: 256 }, (_, byte) => decodeAlawByte(byte)),
};

/** One linear sample, as the index `sample & 0xffff`, to its byte. */
const ENCODE: Readonly<Record<G711Codec, Uint8Array>> = {
  PCMU: Uint8Array.from({ length: 65_536 }, (_, index) => encodeUlawSample((index << 16) >> 16)),
  PCMA: Uint8Array.from({ length: 65_536 }, (_, index) => encodeAlawSample((index << 16) >> 16)),
};

/** A byte of the other codec to the nearest byte of the one named. */
export const TRANSCODE: Readonly<Record<G711Codec, Uint8Array>> = {
  PCMU: Uint8Array.from(DECODE.PCMA, (sample) => ENCODE.PCMU[sample & 0xffff] ?? 0),
  PCMA: Uint8Array.from(DECODE.PCMU, (sample) => ENCODE.PCMA[sample & 0xffff] ?? 0),
};

/** Decodes `input` into the front of `output`, which is at least as long; returns the number of samples. */
export function decodeG711(codec: G711Codec, input: Uint8Array, output: Int16Array): number {
  const table = DECODE[codec];
  for (let index = 0; index < input.length; index += 1) output[index] = table[input[index] ?? 0] ?? 0;
  return input.length;
}

/** Encodes `input` into the front of `output`, which is at least as long; returns the number of bytes. */
export function encodeG711(codec: G711Codec, input: Int16Array, output: Uint8Array): number {
  const table = ENCODE[codec];
  for (let index = 0; index < input.length; index += 1) output[index] = table[(input[index] ?? 0) & 0xffff] ?? 0;
  return input.length;
}

function decodeUlawByte(byte: number): number {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + ULAW_BIAS) << ((code & 0x70) >> 4)) - ULAW_BIAS;
  return (code & 0x80) === 0 ? magnitude : -magnitude;
}

function encodeUlawSample(sample: number): number {
  const biased = Math.min(Math.abs(sample), ULAW_CLIP) + ULAW_BIAS;
  const segment = 24 - Math.clz32(biased); // 0..7: the bias guarantees that bit 7 or a higher one is set
  const mantissa = (biased >> (segment + 3)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | mantissa) & 0xff;
}

function decodeAlawByte(byte: number): number {
  const code = byte ^ 0x55;
  const segment = (code & 0x70) >> 4;
  const base = ((code & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? base : (base + 0x100) << (segment - 1);
  return (code & 0x80) === 0 ? -magnitude : magnitude;
}

function encodeAlawSample(sample: number): number {
  // Negative values count from -1, so that both signs have 4,096 steps (G.711 §3.2 has no zero).
  const magnitude = (sample < 0 ? ~sample : sample) >> 4;
  const segment = Math.max(0, 28 - Math.clz32(magnitude));
  const mantissa = segment === 0 ? magnitude : (magnitude >> (segment - 1)) & 0x0f;
  return ((sample < 0 ? 0 : 0x80) | (segment << 4) | mantissa) ^ 0x55;
}
