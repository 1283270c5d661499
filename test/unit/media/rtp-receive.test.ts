import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RtpReceive } from '../../../src/media/rtp-receive.js';
import type { RtpPacket } from '../../../src/media/stage.js';
import { rtpPacket } from '../../support/rtp-media.js';

function receiver() {
  const passed: number[] = [];
  const stage = new RtpReceive({ push: ({ sequence }) => passed.push(sequence) }, [0, 101]);
  /** A packet of a steady 20 ms stream whose first number is `origin`. */
  const push = (sequence: number, changes: Partial<RtpPacket> = {}, origin = 0): void => {
    const index = (sequence - origin) & 0xffff;
    stage.push(rtpPacket({ sequence: sequence & 0xffff, timestamp: index * 160, receivedMs: index * 20, ...changes }));
  };
  return { passed, stage, push };
}

describe('RtpReceive (RFC 3550 A.1)', () => {
  it('lets the first source through from its first packet: the source lock has chosen it', () => {
    const { passed, push } = receiver();
    [5, 6, 7].forEach((sequence) => push(sequence));
    expect(passed).toEqual([5, 6, 7]);
  });

  it('wraps the sequence number', () => {
    const { passed, stage, push } = receiver();
    for (let index = 0; index < 10; index += 1) push(65_530 + index, {}, 65_530);
    expect(passed).toEqual([65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 0, 1, 2, 3]);
    expect(stage.state()).toMatchObject({ highest: 0x1_0003, expected: 10, received: 10 });
  });

  it.each<[string, number[], number[], Record<string, number>]>([
    ['a duplicate', [1, 2, 2, 3], [1, 2, 3], { duplicate: 1 }],
    ['a late packet, once', [1, 3, 2, 2, 4], [1, 3, 2, 4], { duplicate: 1 }],
    ['one before the first', [5, 4, 6], [5, 6], { misordered: 1 }],
    ['a permissible gap', [1, 2_900], [1, 2_900], {}],
    ['a jump forward', [1, 2, 4_000, 3], [1, 2, 3], { sequence: 1 }],
    ['a jump back', [500, 501, 100, 502], [500, 501, 502], { sequence: 1 }],
  ])('handles %s', (_name, sequences, expected, drops) => {
    const { passed, stage, push } = receiver();
    sequences.forEach((sequence, index) => push(sequence, { receivedMs: index * 20 }));
    expect(passed).toEqual(expected);
    expect(stage.drops).toEqual({ payload_type: 0, ssrc: 0, sequence: 0, duplicate: 0, misordered: 0, ...drops });
  });

  it('threat 111: packets of another SSRC between those of the running stream never pass', () => {
    const { passed, stage, push } = receiver();
    for (let sequence = 0; sequence < 100; sequence += 1) {
      push(sequence);
      push(1_000 + sequence, { ssrc: 66, receivedMs: sequence * 20 + 1 });
    }
    expect(passed).toEqual(Array.from({ length: 100 }, (_, sequence) => sequence));
    expect(stage.drops.ssrc).toBe(100);
  });

  it('threat 111: a spoofed jump of the same SSRC does not pass either', () => {
    const { passed, stage, push } = receiver();
    for (let sequence = 0; sequence < 50; sequence += 1) {
      push(sequence);
      push(30_000 + sequence, { receivedMs: sequence * 20 + 1 });
    }
    expect(passed.length).toBe(50);
    expect(stage.drops.sequence).toBe(50);
  });

  it('a new SSRC takes over after two packets in sequence once the old one is quiet (A.1: probation)', () => {
    const { passed, stage, push } = receiver();
    push(10, { receivedMs: 0 });
    const at = (sequence: number, receivedMs: number): void => push(sequence, { ssrc: 2, receivedMs });
    at(900, 20); // old stream is fresh
    at(901, 40);
    at(905, 300); // quiet, but not in sequence
    at(906, 320);
    at(907, 340);
    expect(passed).toEqual([10, 906, 907]);
    expect(stage.state()).toMatchObject({ ssrc: 2, received: 3, expected: 3 });
  });

  it('a restart of the same SSRC is believed the same way', () => {
    const { passed, push } = receiver();
    push(10, { receivedMs: 0 });
    push(40_000, { receivedMs: 500 });
    push(40_001, { receivedMs: 520 });
    push(40_002, { receivedMs: 540 });
    expect(passed).toEqual([10, 40_001, 40_002]);
  });

  it('refuses payload types that were not agreed on, and takes those of a new plan', () => {
    const { passed, stage, push } = receiver();
    push(1, { payloadType: 8 });
    stage.accept([8]);
    push(2, { payloadType: 8 });
    push(3, { payloadType: 0 });
    expect(passed).toEqual([2]);
    expect(stage.drops.payload_type).toBe(2);
  });

  it('counts loss by A.3', () => {
    const { stage, push } = receiver();
    for (let sequence = 0; sequence < 100; sequence += 1) if (sequence % 10 !== 5) push(sequence);
    expect(stage.state()).toMatchObject({ expected: 100, received: 90 });
  });

  it('measures jitter by A.8: none for an even stream, the mean deviation for an uneven one', () => {
    const even = receiver();
    for (let sequence = 0; sequence < 500; sequence += 1) even.push(sequence);
    expect(even.stage.state()?.jitter).toBe(0);
    const uneven = receiver();
    for (let sequence = 0; sequence < 500; sequence += 1) {
      uneven.push(sequence, { receivedMs: sequence * 20 + (sequence % 2) * 10 });
    }
    expect(uneven.stage.state()?.jitter).toBeGreaterThanOrEqual(78); // 10 ms are 80 units
    expect(uneven.stage.state()?.jitter).toBeLessThanOrEqual(80);
  });

  it('property: whatever is lost, doubled or late by up to 20, every packet passes exactly once', () => {
    const order = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 })), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(order, fc.integer({ min: 0, max: 65_535 }), (delays, origin) => {
        const arrivals = delays
          .flatMap(([late, copies], index) =>
            Array.from({ length: index === 0 ? 1 : copies }, () => ({ index, at: index === 0 ? -1 : index + late })),
          )
          .sort((a, b) => a.at - b.at);
        const { passed, push } = receiver();
        for (const { index } of arrivals) push(origin + index, {}, origin);
        const sent = [...new Set(arrivals.map(({ index }) => (origin + index) & 0xffff))];
        expect([...passed].sort((a, b) => a - b)).toEqual(sent.sort((a, b) => a - b));
      }),
    );
  });
});
