import { describe, expect, it } from 'vitest';
import type { CodecName } from '../../../src/call/ports.js';
import { PacedSender } from '../../../src/media/paced-sender.js';
import { Ticker } from '../../../src/media/ticker.js';
import { FakeClock } from '../../support/fake-clock.js';

interface Sent {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

function sender(codec: CodecName = 'PCMU', ptimeMs = 20) {
  const sent: Sent[] = [];
  let talk = 0;
  const paced = new PacedSender(
    {
      read: (out) => {
        const count = Math.min(talk, out.length);
        out.fill(0x33, 0, count);
        talk -= count;
        return count;
      },
    },
    { codec, payloadType: codec === 'PCMU' ? 0 : 8, ptimeMs },
    (packet) =>
      sent.push({
        marker: (packet.readUInt8(1) & 0x80) !== 0,
        payloadType: packet.readUInt8(1) & 0x7f,
        sequence: packet.readUInt16BE(2),
        timestamp: packet.readUInt32BE(4),
        ssrc: packet.readUInt32BE(8),
        payload: Buffer.from(packet.subarray(12)),
      }),
  );
  /** Timestamps relative to the first packet. */
  const times = (): number[] => sent.map(({ timestamp }) => (timestamp - (sent[0]?.timestamp ?? 0)) >>> 0);
  return { paced, sent, times, say: (bytes: number) => (talk = bytes) };
}

describe('PacedSender', () => {
  it('sends silence when there is nothing to say, one stream (RFC 3550 §5.1)', () => {
    const { paced, sent, times } = sender();
    for (let tick = 0; tick < 100; tick += 1) paced.tick(1);
    expect(sent.length).toBe(100);
    expect(times()).toEqual(Array.from({ length: 100 }, (_, index) => index * 160));
    expect(sent.every(({ sequence }, index) => sequence === (((sent[0]?.sequence ?? 0) + index) & 0xffff))).toBe(true);
    expect(new Set(sent.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect(sent.every(({ payload }) => payload.length === 160 && payload.every((byte) => byte === 0xff))).toBe(true);
    expect([paced.packetsSent, paced.bytesSent]).toEqual([100, 16_000]);
  });

  it('marks the first packet and each begin of speech (RFC 3551 §4.1), and fills the last packet up', () => {
    const { paced, sent, say } = sender('PCMA');
    paced.tick(1);
    paced.tick(1);
    say(400);
    for (let tick = 0; tick < 5; tick += 1) paced.tick(1);
    say(160);
    paced.tick(1);
    expect(sent.map(({ marker }) => marker)).toEqual([true, false, true, false, false, false, false, true]);
    expect(sent[4]?.payload.equals(Buffer.concat([Buffer.alloc(80, 0x33), Buffer.alloc(80, 0xd5)]))).toBe(true);
    expect(sent.every(({ payloadType }) => payloadType === 8)).toBe(true);
  });

  it('fault 26: after a stall at most two packets go out at once, and the timestamps count the time', () => {
    const { paced, sent, times, say } = sender();
    say(160_000);
    paced.tick(1);
    paced.tick(25);
    expect(times()).toEqual([0, 24 * 160, 25 * 160]);
    expect(sent.map(({ marker }) => marker)).toEqual([true, true, false]);
    paced.tick(2);
    expect(times().slice(3)).toEqual([26 * 160, 27 * 160]); // two ticks late are no stall
    expect(sent.slice(3).some(({ marker }) => marker)).toBe(false);
  });

  it.each([40, 60])('sends packets of %i ms', (ptimeMs) => {
    const { paced, sent, times } = sender('PCMU', ptimeMs);
    for (let tick = 0; tick < 12; tick += 1) paced.tick(1);
    expect(sent.length).toBe(240 / ptimeMs);
    expect(sent[0]?.payload.length).toBe(ptimeMs * 8);
    expect(times()[1]).toBe(ptimeMs * 8);
  });

  it('on hold nothing is sent and nothing is said; the time passes', () => {
    const { paced, sent, times, say } = sender();
    paced.tick(1);
    say(160);
    paced.enable(false);
    for (let tick = 0; tick < 50; tick += 1) paced.tick(1);
    paced.enable(true);
    paced.tick(1);
    expect(times()).toEqual([0, 51 * 160]);
    expect(sent[1]).toMatchObject({ marker: true, sequence: ((sent[0]?.sequence ?? 0) + 1) & 0xffff });
    expect(sent[1]?.payload[0]).toBe(0x33);
  });

  it('goes on in the same stream with a new format', () => {
    const { paced, sent } = sender();
    paced.tick(1);
    paced.configure({ codec: 'PCMA', payloadType: 8, ptimeMs: 20 });
    paced.tick(1);
    expect(sent.map(({ payloadType, payload }) => [payloadType, payload[0]])).toEqual([
      [0, 0xff],
      [8, 0xd5],
    ]);
    expect(new Set(sent.map(({ ssrc }) => ssrc)).size).toBe(1);
  });

  it('begins at random values (RFC 3550 §5.1)', () => {
    const firsts = Array.from({ length: 8 }, () => {
      const { paced, sent } = sender();
      paced.tick(1);
      return sent[0];
    });
    for (const key of ['ssrc', 'timestamp', 'sequence'] as const) {
      expect(new Set(firsts.map((packet) => packet?.[key])).size).toBeGreaterThan(1);
    }
  });
});

/** A clock whose timers come late by what the script says, as a real one's do. */
class LateClock extends FakeClock {
  lateMs: () => number = () => 0;
  override after(delayMs: number, task: () => void) {
    return super.after(delayMs + this.lateMs(), task);
  }
}

describe('Ticker', () => {
  it('drifts by at most one packet in ten minutes though every timer is late', () => {
    const clock = new LateClock();
    let seed = 1;
    clock.lateMs = () => (seed = (seed * 16_807) % 2_147_483_647) % 7; // 0–6 ms
    const ticker = new Ticker(clock, () => expect.unreachable());
    const { paced, sent } = sender();
    const worst = { behind: 0 };
    ticker.add((nowMs, steps) => {
      paced.tick(steps);
      worst.behind = Math.max(worst.behind, Math.abs(nowMs / 20 - sent.length));
    });
    clock.advance(600_000);
    expect(Math.abs(sent.length - 30_000)).toBeLessThanOrEqual(1);
    expect(worst.behind).toBeLessThanOrEqual(1);
    expect(sent.filter(({ marker }) => marker).length).toBe(1); // never two frames late, never a burst
  });

  it('says how many ticks were missed', () => {
    const clock = new LateClock();
    const steps: number[] = [];
    new Ticker(clock, () => {}).add((_now, count) => steps.push(count));
    clock.advance(15);
    clock.lateMs = () => 500;
    clock.advance(5);
    clock.lateMs = () => 0;
    clock.advance(520);
    expect(steps).toEqual([1, 26]);
  });

  it('runs no timer while nobody listens', () => {
    const clock = new FakeClock();
    const ticker = new Ticker(clock, () => {});
    const first = ticker.add(() => {});
    const second = ticker.add(() => {});
    expect(clock.pending).toBe(1);
    first();
    second();
    second();
    expect(clock.pending).toBe(0);
    let ticks = 0;
    ticker.add(() => (ticks += 1));
    clock.advance(40);
    expect(ticks).toBe(2);
  });

  it('a task that throws is reported and keeps nobody from the tick', () => {
    const clock = new FakeClock();
    const errors: unknown[] = [];
    let ticks = 0;
    const ticker = new Ticker(clock, (error) => errors.push(error));
    ticker.add(() => {
      throw new Error('mine');
    });
    ticker.add(() => (ticks += 1));
    clock.advance(60);
    expect([ticks, errors.length]).toEqual([3, 3]);
  });

  it('a task may leave within its own tick', () => {
    const clock = new FakeClock();
    const ticker = new Ticker(clock, () => {});
    let ticks = 0;
    const leave = ticker.add(() => {
      ticks += 1;
      leave();
    });
    clock.advance(100);
    expect([ticks, clock.pending]).toEqual([1, 0]);
  });
});
