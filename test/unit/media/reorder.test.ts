import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reorder } from '../../../src/media/reorder.js';
import { rtpPacket } from '../../support/rtp-media.js';

function reorder(holdMs = 80) {
  const passed: [number, number][] = [];
  const stage = new Reorder({ push: ({ sequence, payload }) => passed.push([sequence, payload[0] ?? -1]) }, holdMs);
  const reused = rtpPacket();
  /** Pushes through one reused packet, as the reader does. */
  const push = (sequence: number, receivedMs = 0, ssrc = 1): void => {
    Object.assign(reused, { sequence: sequence & 0xffff, receivedMs, ssrc });
    reused.payload.fill(sequence & 0xff);
    stage.push(reused);
  };
  return { passed, stage, push, order: () => passed.map(([sequence]) => sequence) };
}

describe('Reorder', () => {
  it('passes what is in order at once', () => {
    const { push, order } = reorder();
    push(7);
    expect(order()).toEqual([7]);
    push(8);
    expect(order()).toEqual([7, 8]);
  });

  it('puts packets in order, also across the wrap of the sequence number', () => {
    const { push, order, passed } = reorder();
    [65_534, 0, 1, 65_535, 3, 2].forEach((sequence) => push(sequence));
    expect(order()).toEqual([65_534, 65_535, 0, 1, 2, 3]);
    expect(passed.every(([sequence, first]) => first === (sequence & 0xff))).toBe(true); // held payloads are copies
  });

  it('gives up on a missing packet after the hold time, not before (fault 20: 40–120 ms)', () => {
    const { push, order, stage } = reorder();
    push(1, 0);
    push(3, 40);
    push(4, 60);
    stage.tick(119);
    expect(order()).toEqual([1]);
    stage.tick(120);
    expect(order()).toEqual([1, 3, 4]);
    push(2, 130);
    expect(stage.drops).toEqual({ late: 1 });
  });

  it('counts the hold time of a second gap by itself', () => {
    const { push, order, stage } = reorder();
    push(1, 0);
    push(3, 10);
    push(5, 50);
    stage.tick(90);
    expect(order()).toEqual([1, 3]);
    stage.tick(130);
    expect(order()).toEqual([1, 3, 5]);
  });

  it('restarts at a jump it could not bridge, handing on what it held', () => {
    const { push, order } = reorder();
    [1, 3, 100, 101, 60_000, 60_001].forEach((sequence) => push(sequence));
    expect(order()).toEqual([1, 3, 100, 101, 60_000, 60_001]);
  });

  it('restarts with a new SSRC', () => {
    const { push, order } = reorder();
    push(1);
    push(3);
    push(500, 0, 2);
    push(501, 0, 2);
    expect(order()).toEqual([1, 3, 500, 501]);
  });

  it('hands on what it holds at the end', () => {
    const { push, order, stage } = reorder();
    [1, 3, 5].forEach((sequence) => push(sequence));
    stage.close();
    stage.close();
    expect(order()).toEqual([1, 3, 5]);
  });

  it('property: a shuffle within 8 places comes out in order and whole; with losses too, once time has passed', () => {
    const plan = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.boolean()), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(plan, fc.integer({ min: 0, max: 65_535 }), fc.boolean(), (delays, origin, lossy) => {
        const arrivals = delays
          .map(([late, lost], index) => ({
            index,
            at: index === 0 ? -1 : index + late,
            lost: lossy && lost && index > 0,
          }))
          .filter(({ lost }) => !lost)
          .sort((a, b) => a.at - b.at || a.index - b.index);
        const { push, order, stage } = reorder();
        arrivals.forEach(({ index, at }) => {
          push(origin + index, at * 20);
          if (!lossy) return;
          stage.tick(at * 20);
        });
        stage.close();
        const steps = order().map((sequence) => (sequence - origin) & 0xffff);
        expect(steps).toEqual([...steps].sort((a, b) => a - b));
        if (!lossy) expect(steps.length).toBe(delays.length);
        else expect(steps.length + stage.drops.late).toBe(arrivals.length);
      }),
    );
  });
});
