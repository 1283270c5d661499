import type { AudioFormat } from '../adapter.js';

/** What a peer may ask for by MIME type: a bare stream of one encoding, or the same in a RIFF header. */
export interface AudioType extends AudioFormat {
  readonly container: 'raw' | 'wav';
  /** The type as it is named in answers. */
  readonly mime: string;
}

const RATES = new Set([8_000, 16_000]);
const MAX_TYPE_CHARS = 128;

const raw = (encoding: AudioFormat['encoding'], rate: number, mime: string): AudioType => ({
  encoding,
  rate,
  mime,
  container: 'raw',
});

/**
 * Reads an audio MIME type as Watson names it: `audio/basic`, `audio/mulaw;rate=8000`, `audio/alaw;rate=8000`,
 * `audio/l16;rate=8000|16000` (little-endian) and `audio/wav`. Returns null for anything else.
 */
export function parseAudioType(text: string): AudioType | null {
  if (text.length > MAX_TYPE_CHARS) return null;
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const known = new Map(parameters.map((part) => splitOnce(part)));
  const rate = Number(known.get('rate') ?? '8000');
  if (!RATES.has(rate) || (known.get('channels') ?? '1') !== '1') return null;
  if ((known.get('endianness') ?? 'little-endian') !== 'little-endian') return null;
  if (type === 'audio/wav') return { encoding: 'l16', rate, container: 'wav', mime: `audio/wav;rate=${rate}` };
  if (type === 'audio/l16') return known.has('rate') ? raw('l16', rate, `audio/l16;rate=${rate}`) : null;
  if (rate !== 8_000) return null;
  if (type === 'audio/basic') return raw('mulaw', rate, 'audio/basic');
  if (type === 'audio/mulaw') return raw('mulaw', rate, 'audio/mulaw;rate=8000');
  if (type === 'audio/alaw') return raw('alaw', rate, 'audio/alaw;rate=8000');
  return null;
}

function splitOnce(part: string): readonly [string, string] {
  const equals = part.indexOf('=');
  return equals < 0 ? [part, ''] : [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
}

/** Samples of a whole number of encoded samples; an odd last byte of `l16` is ignored. */
export function decodeAudio(bytes: Uint8Array, encoding: AudioFormat['encoding']): Int16Array {
  if (encoding === 'l16') {
    const samples = new Int16Array(bytes.byteLength >> 1);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let index = 0; index < samples.length; index += 1) samples[index] = view.getInt16(index * 2, true);
    return samples;
  }
  const table = encoding === 'mulaw' ? MULAW : ALAW;
  return Int16Array.from(bytes, (code) => table[code] ?? 0);
}

/** The samples in `encoding`; `l16` is little-endian. */
export function encodeAudio(samples: Int16Array, encoding: AudioFormat['encoding']): Buffer {
  if (encoding === 'l16') {
    const bytes = Buffer.allocUnsafe(samples.length * 2);
    for (let index = 0; index < samples.length; index += 1) bytes.writeInt16LE(samples[index] ?? 0, index * 2);
    return bytes;
  }
  const encode = encoding === 'mulaw' ? toMulaw : toAlaw;
  const bytes = Buffer.allocUnsafe(samples.length);
  for (let index = 0; index < samples.length; index += 1) bytes[index] = encode(samples[index] ?? 0);
  return bytes;
}

/** A RIFF WAVE file: mono, 16-bit PCM. */
export function wavFile(samples: Int16Array, rate: number): Buffer {
  const data = encodeAudio(samples, 'l16');
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}

const MULAW_BIAS = 0x84;
const MULAW_CLIP = 0x7fff - MULAW_BIAS;

// ITU-T G.711 table 2: the code is sent inverted; 3 bits of segment, 4 of step.
function fromMulaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + MULAW_BIAS) << ((bits & 0x70) >> 4)) - MULAW_BIAS;
  return (bits & 0x80) === 0 ? magnitude : -magnitude;
}

function toMulaw(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), MULAW_CLIP) + MULAW_BIAS;
  const segment = 24 - Math.clz32(magnitude);
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) & 0xff;
}

// ITU-T G.711 table 1: even bits are inverted (0x55); the sign bit is 1 for positive values.
function fromAlaw(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits & 0x70) >> 4;
  const step = (bits & 0x0f) << 4;
  const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return (bits & 0x80) === 0 ? -magnitude : magnitude;
}

function toAlaw(sample: number): number {
  const magnitude = (sample >= 0 ? sample : ~sample) >> 3;
  const segment = magnitude < 0x20 ? 0 : 27 - Math.clz32(magnitude);
  const step = (magnitude >> Math.max(1, segment)) & 0x0f;
  return ((segment << 4) | step) ^ (sample >= 0 ? 0xd5 : 0x55);
}

const MULAW = Int16Array.from({ length: 256 }, (_, code) => fromMulaw(code));
const ALAW = Int16Array.from({ length: 256 }, (_, code) => fromAlaw(code));
