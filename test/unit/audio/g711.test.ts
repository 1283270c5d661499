import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CodecName } from '../../../src/call/ports.js';
import { DECODE, decodeG711, encodeG711, SILENCE, TRANSCODE } from '../../../src/audio/g711.js';

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const EVERY_SAMPLE = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);

/** Upper ends of the 128 steps of one sign: widths double by segment; μ-law begins with half a step, A-law's first two segments are equal. */
const ENDS: Readonly<Record<CodecName, readonly number[]>> = { PCMU: stepEnds(8, 4, 0), PCMA: stepEnds(16, 16, 1) };

function stepEnds(width: number, first: number, equal: number): number[] {
  const ends: number[] = [];
  let end = 0;
  for (let step = 0; step < 128; step += 1) {
    const segment = Math.floor(step / 16);
    end += step === 0 ? first : width * 2 ** Math.max(0, segment - equal);
    ends.push(end);
  }
  return ends;
}

/** Counts steps until the sample fits: slow and plain. Negative A-law values begin at -1. */
function plainEncode(codec: CodecName, sample: number): number {
  const magnitude = sample >= 0 ? sample : codec === 'PCMA' ? -sample - 1 : -sample;
  const found = ENDS[codec].findIndex((end) => magnitude < end);
  const step = found < 0 ? 127 : found;
  return codec === 'PCMU' ? (sample < 0 ? 127 : 255) - step : ((sample < 0 ? 0 : 128) + step) ^ 0x55;
}

/** The value of a byte: the middle of its step, and zero for the half step in the middle of μ-law. */
function plainDecode(codec: CodecName, byte: number): number {
  const code = codec === 'PCMU' ? byte : byte ^ 0x55;
  const step = codec === 'PCMU' ? 127 - (code & 0x7f) : code & 0x7f;
  const [start, end] = [step === 0 ? 0 : (ENDS[codec][step - 1] ?? 0), ENDS[codec][step] ?? 0];
  const magnitude = codec === 'PCMU' && step === 0 ? 0 : (start + end) / 2;
  return (code & 0x80) !== 0 ? magnitude : 0 - magnitude;
}

/** SHA-256 of all 256 decoded values, little-endian, as another implementation (CPython's audioop) gives them. */
const FOREIGN: Readonly<Record<CodecName, string>> = {
  PCMU: '3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827',
  PCMA: 'e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174',
};

describe.each<CodecName>(['PCMU', 'PCMA'])('ITU-T G.711 %s', (codec) => {
  const decoded = new Int16Array(256);
  decodeG711(codec, EVERY_BYTE, decoded);

  it('decodes every byte to the value of the recommendation’s table', () => {
    expect([...decoded]).toEqual([...EVERY_BYTE].map((byte) => plainDecode(codec, byte)));
  });

  it('decodes every byte like a foreign implementation', () => {
    expect(createHash('sha256').update(Buffer.from(decoded.buffer)).digest('hex')).toBe(FOREIGN[codec]);
  });

  it('encodes every sample by the decision values of the recommendation', () => {
    const encoded = new Uint8Array(65_536);
    expect(encodeG711(codec, EVERY_SAMPLE, encoded)).toBe(65_536);
    let wrong = 0;
    EVERY_SAMPLE.forEach((sample, index) => {
      if (encoded[index] !== plainEncode(codec, sample)) wrong += 1;
    });
    expect(wrong).toBe(0);
  });

  it('brings every byte back, but for the negative zero of μ-law', () => {
    const again = new Uint8Array(256);
    encodeG711(codec, decoded, again);
    expect([...again].filter((byte, index) => byte !== index)).toEqual(codec === 'PCMU' ? [0xff] : []);
  });

  it('has the quietest value as silence', () => {
    expect(Math.abs(DECODE[codec][SILENCE[codec]] ?? 99)).toBe(Math.min(...DECODE[codec].map(Math.abs)));
  });

  it('transcodes to the code of the decoded value', () => {
    const other = codec === 'PCMU' ? 'PCMA' : 'PCMU';
    const expected = new Uint8Array(256);
    encodeG711(codec, DECODE[other], expected);
    expect(TRANSCODE[codec]).toEqual(expected);
  });
});
