import { GatewayError } from '../base/errors.js';
import { decodeG711, encodeG711, type G711Codec } from './g711.js';

/** How samples stand in a WAV file. */
export type WavEncoding = 'pcm16' | G711Codec;

/** One channel of 16-bit samples, whatever the file's encoding was. */
export interface WavAudio {
  readonly rate: number;
  readonly samples: Int16Array;
}

/** WAVE format tags. */
const TAGS: Readonly<Record<WavEncoding, number>> = { pcm16: 1, PCMA: 6, PCMU: 7 };
/** Largest file we read: an hour of 16 kHz audio. */
const MAX_BYTES = 120_000_000;

/** Reads a mono or multi-channel (first channel taken) WAV file. Throws GatewayError FILE_UNAVAILABLE when it is not one we read. */
export function readWav(file: Uint8Array): WavAudio {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (
    bytes.length > MAX_BYTES ||
    bytes.toString('latin1', 0, 4) !== 'RIFF' ||
    bytes.toString('latin1', 8, 12) !== 'WAVE'
  ) {
    throw unreadable('Not a WAV file.');
  }
  const format = findChunk(bytes, 'fmt ');
  const data = findChunk(bytes, 'data');
  if (format === null || format.length < 16 || data === null) throw unreadable('A WAV file lacks a chunk.');
  const [tag, channels, rate, bits] = [0, 2, 4, 14].map((at) =>
    at === 4 ? format.readUInt32LE(at) : format.readUInt16LE(at),
  ) as [number, number, number, number];
  if (channels < 1 || channels > 8 || rate < 1 || rate > 192_000) throw unreadable('A WAV file has odd parameters.');
  return { rate, samples: firstChannel(decode(tag, bits, data), channels) };
}

/** Writes mono samples as a WAV file. */
export function writeWav({ rate, samples }: WavAudio, encoding: WavEncoding = 'pcm16'): Buffer {
  const data = encode(samples, encoding);
  const width = encoding === 'pcm16' ? 2 : 1;
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + data.length + (data.length % 2), 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(TAGS[encoding], 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * width, 28);
  header.writeUInt16LE(width, 32);
  header.writeUInt16LE(width * 8, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data, Buffer.alloc(data.length % 2)]);
}

/** The audio at 8,000 samples per second, from 8,000 or 16,000. Throws GatewayError FILE_UNAVAILABLE for other rates. */
export function toTelephone({ rate, samples }: WavAudio): Int16Array {
  if (rate === 8000) return samples;
  if (rate !== 16_000) throw unreadable('A WAV file has a rate other than 8000 or 16000.');
  return halve(samples);
}

/** Low-pass at 3.6 kHz for 16 kHz input: a windowed sinc, odd length, gain one. */
const LOW_PASS = lowPass(47, 3_600 / 16_000);

/** Every second sample behind a low-pass, so that what lies above 4 kHz does not fold into speech. */
function halve(samples: Int16Array): Int16Array {
  const half = new Int16Array(Math.floor(samples.length / 2));
  const middle = (LOW_PASS.length - 1) / 2;
  for (let index = 0; index < half.length; index += 1) {
    let sum = 0;
    for (let tap = 0; tap < LOW_PASS.length; tap += 1) {
      sum += (LOW_PASS[tap] ?? 0) * (samples[index * 2 + tap - middle] ?? 0);
    }
    half[index] = Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }
  return half;
}

function lowPass(length: number, cutoff: number): Float64Array {
  const middle = (length - 1) / 2;
  const taps = Float64Array.from({ length }, (_, tap) => {
    const x = 2 * Math.PI * cutoff * (tap - middle);
    const window = 0.54 - 0.46 * Math.cos((2 * Math.PI * tap) / (length - 1));
    return (tap === middle ? 1 : Math.sin(x) / x) * window;
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}

function findChunk(bytes: Buffer, id: string): Buffer | null {
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = bytes.readUInt32LE(at + 4);
    // Streams written to a pipe carry no true size: the chunk then ends with the file.
    if (bytes.toString('latin1', at, at + 4) === id)
      return bytes.subarray(at + 8, Math.min(bytes.length, at + 8 + size));
    at += 8 + size + (size % 2);
  }
  return null;
}

function decode(tag: number, bits: number, data: Buffer): Int16Array {
  if (tag === TAGS.pcm16 && bits === 16) {
    return Int16Array.from({ length: Math.floor(data.length / 2) }, (_, index) => data.readInt16LE(index * 2));
  }
  const samples = new Int16Array(data.length);
  if (tag === TAGS.PCMU && bits === 8) decodeG711('PCMU', data, samples);
  else if (tag === TAGS.PCMA && bits === 8) decodeG711('PCMA', data, samples);
  else throw unreadable('A WAV file is neither 16-bit PCM nor G.711.');
  return samples;
}

function encode(samples: Int16Array, encoding: WavEncoding): Buffer {
  if (encoding === 'pcm16') {
    const data = Buffer.alloc(samples.length * 2);
    samples.forEach((sample, index) => data.writeInt16LE(sample, index * 2));
    return data;
  }
  const data = Buffer.alloc(samples.length);
  encodeG711(encoding, samples, data);
  return data;
}

function firstChannel(samples: Int16Array, channels: number): Int16Array {
  return channels === 1 ? samples : samples.filter((_, index) => index % channels === 0);
}

function unreadable(message: string): GatewayError {
  return new GatewayError('FILE_UNAVAILABLE', message);
}
