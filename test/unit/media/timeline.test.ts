import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timeline } from '../../../src/media/timeline.js';
import { rtpPacket } from '../../support/rtp-media.js';

const AUDIO = 0x11;
const PCMU = { codec: 'PCMU', payloadType: 0 } as const;

function timeline() {
  const out: number[] = [];
  const stage = new Timeline({ push: (bytes) => out.push(...bytes) }, PCMU);
  const push = (
    timestamp: number,
    receivedMs: number,
    changes: { ssrc?: number; payloadType?: number; fill?: number } = {},
  ): void => {
    const { fill = AUDIO, ...fields } = changes;
    stage.push(rtpPacket({ timestamp: timestamp >>> 0, receivedMs, ...fields }, fill));
  };
  /** Ticks every 20 ms in `(from, to]`. */
  const ticks = (from: number, to: number, answeredMs = 0): void => {
    for (let ms = from + 20; ms <= to; ms += 20) stage.tick(ms, answeredMs);
  };
  /** Runs of equal bytes as `[byte, milliseconds]`. */
  const runs = (): [number, number][] => {
    const found: [number, number][] = [];
    for (const byte of out) {
      const last = found.at(-1);
      if (last?.[0] === byte) last[1] += 1 / 8;
      else found.push([byte, 1 / 8]);
    }
    return found;
  };
  return { out, stage, push, ticks, runs };
}

describe('Timeline', () => {
  it('passes an even stream bit for bit and adds nothing', () => {
    const { stage, push, runs } = timeline();
    for (let index = 0; index < 50; index += 1) {
      push(index * 160, 1_000 + index * 20);
      stage.tick(1_000 + index * 20, 0);
    }
    expect(runs()).toEqual([[AUDIO, 1_000]]);
    expect(stage.beginMs).toBe(1_000);
  });

  it('fills what was lost with as much silence, so that time stays right (fault 20)', () => {
    const { push, runs } = timeline();
    push(0, 0);
    push(160 * 4, 80, { fill: 0x22 });
    expect(runs()).toEqual([
      [AUDIO, 20],
      [0xff, 60],
      [0x22, 20],
    ]);
  });

  it('counts across the wrap of the timestamp', () => {
    const { push, runs } = timeline();
    push(0xffff_ff60, 0);
    push(0, 20);
    push(320, 60, { fill: 0x22 });
    expect(runs()).toEqual([
      [AUDIO, 40],
      [0xff, 20],
      [0x22, 20],
    ]);
  });

  it('hears a jitter spike whole: packets up to 400 ms late lose nothing and add nothing', () => {
    const { push, ticks, runs } = timeline();
    push(0, 0);
    ticks(0, 380);
    for (let index = 1; index <= 19; index += 1) push(index * 160, 390);
    ticks(380, 400);
    expect(runs()).toEqual([[AUDIO, 400]]);
  });

  it('gives silence in real time while nothing comes, as on hold (recognisers end a session without audio)', () => {
    const { stage, ticks, runs, push } = timeline();
    push(0, 0);
    ticks(0, 60_000);
    expect(runs()).toEqual([
      [AUDIO, 20],
      [0xff, 59_580],
    ]);
    expect(stage.beginMs).toBe(0);
  });

  it('after hold, a sender whose clock ran on is placed by its timestamps', () => {
    const { push, ticks, out } = timeline();
    push(0, 0);
    ticks(0, 30_000);
    push(30_000 * 8, 30_000, { fill: 0x22 });
    expect(out.indexOf(0x22) / 8).toBe(30_000);
  });

  it('after hold, a sender whose clock stood still is placed by arrival', () => {
    const { push, ticks, out } = timeline();
    push(0, 0);
    ticks(0, 30_000);
    push(160, 30_000, { fill: 0x22 });
    expect(out.indexOf(0x22) / 8).toBe(30_000);
  });

  it('places a new SSRC by arrival, whatever its timestamp', () => {
    const { push, out } = timeline();
    push(0, 0);
    push(0xdead_0000, 300, { ssrc: 2, fill: 0x22 });
    push(0xdead_00a0, 320, { ssrc: 2, fill: 0x33 });
    expect([out.indexOf(0x22) / 8, out.indexOf(0x33) / 8]).toEqual([300, 320]);
  });

  it('resync places the next packet by arrival though its timestamp would be believed', () => {
    const { stage, push, out } = timeline();
    push(0, 0);
    stage.resync();
    push(160, 300, { fill: 0x22 });
    expect(out.indexOf(0x22) / 8).toBe(300);
  });

  it('does not believe a timestamp that jumps ahead of real time', () => {
    const { push, runs } = timeline();
    push(0, 0);
    push(8_000 * 3_600, 20, { fill: 0x22 });
    expect(runs()).toEqual([
      [AUDIO, 20],
      [0x22, 20],
    ]);
  });

  it('threat 114: a sender faster than time gains two seconds at most', () => {
    const { push, out, stage } = timeline();
    for (let index = 0; index < 1_000; index += 1) push(index * 160, index * 2);
    expect(out.length / 8).toBeLessThanOrEqual(2_000 + 2_000 + 40);
    expect(stage.drops.late).toBeGreaterThan(700);
  });

  it('a sender slower than our clock loses no audio and stays within the lag', () => {
    const bytes = { audio: 0, silence: 0 };
    const stage = new Timeline(
      { push: (piece) => (bytes[piece[0] === AUDIO ? 'audio' : 'silence'] += piece.length) },
      PCMU,
    );
    let sent = 0;
    for (let ms = 0; ms < 3_600_000; ms += 20) {
      // 1,000 ppm slow
      if (sent * 20.02 <= ms) stage.push(rtpPacket({ timestamp: sent++ * 160, receivedMs: ms }, AUDIO));
      stage.tick(ms, 0);
    }
    expect(bytes.audio).toBe(sent * 160);
    expect(Math.abs((bytes.audio + bytes.silence) / 8 - 3_600_000)).toBeLessThanOrEqual(440);
  });

  it('when no packet ever came, time counts from the answer', () => {
    const { stage, ticks, runs } = timeline();
    ticks(5_000, 6_000, 5_000);
    expect(runs()).toEqual([[0xff, 600]]);
    expect(stage.beginMs).toBe(5_000);
  });

  it('comfort noise (RFC 3389) is not audio', () => {
    const { push, out } = timeline();
    push(0, 0, { payloadType: 13 });
    expect(out).toEqual([]);
  });

  it('takes codec and payload type of a new plan', () => {
    const { stage, push, ticks, runs } = timeline();
    stage.accept({ codec: 'PCMA', payloadType: 8 });
    push(0, 0, { payloadType: 0 });
    push(0, 0, { payloadType: 8 });
    ticks(0, 500);
    expect(runs()).toEqual([
      [AUDIO, 20],
      [0xd5, 80],
    ]);
  });

  it('property: any loss pattern of an even stream keeps every packet at its own time', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 150 }), fc.nat(0xffff_ffff), (kept, origin) => {
        const { push, stage, out } = timeline();
        kept.forEach((here, index) => {
          if (here || index === 0) push(origin + index * 160, index * 20, { fill: index });
          stage.tick(index * 20, 0);
        });
        kept.forEach((here, index) => {
          if (here || index === 0)
            expect(out.slice(index * 160, index * 160 + 160)).toEqual(Array<number>(160).fill(index));
        });
      }),
      { numRuns: 60 },
    );
  });
});
