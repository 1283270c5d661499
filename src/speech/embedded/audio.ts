import { decodeG711, encodeG711 } from '../../audio/g711.js';
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
  const samples = new Int16Array(bytes.length);
  decodeG711(encoding === 'mulaw' ? 'PCMU' : 'PCMA', bytes, samples);
  return samples;
}

/** The samples in `encoding`; `l16` is little-endian. */
export function encodeAudio(samples: Int16Array, encoding: AudioFormat['encoding']): Buffer {
  if (encoding === 'l16') {
    const bytes = Buffer.allocUnsafe(samples.length * 2);
    for (let index = 0; index < samples.length; index += 1) bytes.writeInt16LE(samples[index] ?? 0, index * 2);
    return bytes;
  }
  const bytes = Buffer.allocUnsafe(samples.length);
  encodeG711(encoding === 'mulaw' ? 'PCMU' : 'PCMA', samples, bytes);
  return bytes;
}
