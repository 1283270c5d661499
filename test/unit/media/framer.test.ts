import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CodecName } from '../../../src/call/ports.js';
import { chain } from '../../../src/media/chain.js';
import { Framer, formatOf } from '../../../src/media/framer.js';
import { DECODE, TRANSCODE } from '../../../src/audio/g711.js';
import type { Sink, Stage } from '../../../src/media/stage.js';
import type { AudioFormat } from '../../../src/speech/adapter.js';
import { noise } from '../../support/rtp-media.js';

function framer(codec: CodecName, format: AudioFormat, frameMs = 100) {
  const frames: Uint8Array[] = [];
  const stage = new Framer({ push: (frame) => frames.push(frame) }, codec, format, frameMs);
  return { frames, stage };
}

describe('Framer', () => {
  it.each([60, 80, 100])('makes frames of %i ms, and what is left at the end', (frameMs) => {
    const { frames, stage } = framer('PCMU', formatOf('PCMU'), frameMs);
    const audio = noise(2_000);
    for (let at = 0; at < audio.length; at += 160) stage.push(audio.subarray(at, at + 160));
    stage.close();
    stage.close();
    const sizes = frames.map((frame) => frame.length);
    expect(sizes.slice(0, -1).every((size) => size === frameMs * 8)).toBe(true);
    expect(sizes.at(-1)).toBe(2_000 % (frameMs * 8));
    expect(Buffer.concat(frames).equals(audio)).toBe(true);
  });

  it('gives every frame a buffer of its own', () => {
    const { frames, stage } = framer('PCMU', formatOf('PCMU'));
    stage.push(noise(1_600));
    expect(frames[0]?.buffer).not.toBe(frames[1]?.buffer);
  });

  it.each<[CodecName, AudioFormat['encoding'], (byte: number) => number[]]>([
    ['PCMA', 'alaw', (byte) => [byte]],
    ['PCMA', 'mulaw', (byte) => [TRANSCODE.PCMU[byte] ?? 0]],
    ['PCMU', 'alaw', (byte) => [TRANSCODE.PCMA[byte] ?? 0]],
    ['PCMU', 'l16', (byte) => [(DECODE.PCMU[byte] ?? 0) & 0xff, ((DECODE.PCMU[byte] ?? 0) >> 8) & 0xff]],
    ['PCMA', 'l16', (byte) => [(DECODE.PCMA[byte] ?? 0) & 0xff, ((DECODE.PCMA[byte] ?? 0) >> 8) & 0xff]],
  ])('makes %s into %s', (codec, encoding, expected) => {
    const { frames, stage } = framer(codec, { encoding, rate: 8000 });
    const audio = Uint8Array.from({ length: 800 }, (_, index) => index & 0xff);
    stage.push(audio);
    expect([...Buffer.concat(frames)]).toEqual([...audio].flatMap(expected));
    expect(frames.length).toBe(1);
  });

  it('keeps the format of the recogniser when the codec of the call changes', () => {
    const { frames, stage } = framer('PCMU', formatOf('PCMU'));
    stage.push(new Uint8Array(400).fill(0x12));
    stage.accept('PCMA');
    stage.push(new Uint8Array(400).fill(0x12));
    expect([...(frames[0] ?? [])].slice(398, 402)).toEqual([0x12, 0x12, TRANSCODE.PCMU[0x12], TRANSCODE.PCMU[0x12]]);
  });

  it('refuses a rate that it does not make', () => {
    expect(() => framer('PCMU', { encoding: 'l16', rate: 16_000 })).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });

  it('property: however the audio is cut, the bytes come out the same', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 1_000 }), { maxLength: 20 }), (pieces) => {
        const { frames, stage } = framer('PCMU', formatOf('PCMU'));
        pieces.forEach((piece) => stage.push(piece));
        stage.close();
        expect(Buffer.concat(frames).equals(Buffer.concat(pieces))).toBe(true);
      }),
    );
  });
});

describe('chain', () => {
  const named =
    (name: string, log: string[]) =>
    (next: Sink<string>): Stage<string> => ({
      name,
      drops: { [name]: 1 },
      push: (item) => next.push(`${item}${name}`),
      close: () => {
        log.push(name);
        next.push(`flush-${name}`);
      },
    });

  it('runs first stage first, and closes first first, so that what one flushes passes the next', () => {
    const closed: string[] = [];
    const out: string[] = [];
    const built = chain(named('a', closed))
      .to(named('b', closed))
      .to(named('c', closed))
      .into({ push: (item) => out.push(item) });
    built.push('-');
    built.close();
    expect(out).toEqual(['-abc', 'flush-abc', 'flush-bc', 'flush-c']);
    expect(closed).toEqual(['a', 'b', 'c']);
    expect(built.stages.map((stage) => stage.name)).toEqual(['a', 'b', 'c']);
  });
});
