import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateCap } from '../../../src/media/rate-cap.js';
import { mayBeSource, SourceLock } from '../../../src/media/source-lock.js';
import type { Datagram } from '../../../src/media/stage.js';
import { rtpBytes } from '../../support/rtp-media.js';

const EXPECTED = {
  remoteAddress: '192.0.2.1',
  remotePort: 4_000,
  signalingAddress: '192.0.2.1',
  payloadTypes: [0, 101],
};
const NATTED = { ...EXPECTED, remoteAddress: '10.0.0.5', signalingAddress: '203.0.113.7' };

const datagram = (address: string, port: number, data = rtpBytes(), receivedMs = 0): Datagram => ({
  data,
  receivedMs,
  address,
  port,
});

function lock(expected = EXPECTED) {
  const passed: string[] = [];
  const locks: string[] = [];
  const stage = new SourceLock(
    { push: ({ address, port }) => passed.push(`${address}:${port}`) },
    expected,
    (address, port) => locks.push(`${address}:${port}`),
  );
  return { passed, locks, stage };
}

describe('mayBeSource', () => {
  it.each<[string, typeof EXPECTED, string, number, boolean]>([
    ['the SDP address and port', EXPECTED, '192.0.2.1', 4_000, true],
    ['the SDP address, another port', EXPECTED, '192.0.2.1', 4_001, false],
    ['another address', EXPECTED, '192.0.2.2', 4_000, false],
    ['the signalling address of a NATed peer, any port', NATTED, '203.0.113.7', 61_234, true],
    ['the private address of a NATed peer', NATTED, '10.0.0.5', 4_000, true],
    ['that address, another port', NATTED, '10.0.0.5', 4_001, false],
    ['a third address of a NATed peer', NATTED, '203.0.113.8', 4_000, false],
  ])('threat 110: %s', (_name, expected, address, port, allowed) => {
    expect(mayBeSource(expected, address, port)).toBe(allowed);
  });
});

describe('SourceLock', () => {
  it('threat 111: is fixed on the first valid packet; all others are dropped and counted', () => {
    const { passed, locks, stage } = lock();
    stage.push(datagram('198.51.100.66', 4_000));
    stage.push(datagram('192.0.2.1', 4_000));
    stage.push(datagram('198.51.100.66', 4_000));
    stage.push(datagram('192.0.2.1', 4_002));
    stage.push(datagram('192.0.2.1', 4_000));
    expect(passed).toEqual(['192.0.2.1:4000', '192.0.2.1:4000']);
    expect(locks).toEqual(['192.0.2.1:4000']);
    expect(stage.drops).toEqual({ source: 3, not_rtp: 0 });
  });

  it('learns the port of a NATed peer once: it never follows whoever sent last', () => {
    const { passed, locks, stage } = lock(NATTED);
    stage.push(datagram('203.0.113.7', 50_000));
    stage.push(datagram('203.0.113.7', 50_001));
    stage.push(datagram('10.0.0.5', 4_000));
    expect([passed, locks]).toEqual([['203.0.113.7:50000'], ['203.0.113.7:50000']]);
    expect(stage.drops.source).toBe(2);
  });

  it.each<[string, Buffer]>([
    ['a short datagram', Buffer.alloc(11, 0x80)],
    ['another version', Buffer.concat([Buffer.from([0x00]), rtpBytes().subarray(1)])],
    ['a payload type that was not agreed on', rtpBytes({ payloadType: 9 })],
    ['an RTCP packet', Buffer.from([0x80, 200, ...Array<number>(26).fill(0)])],
  ])('threat 112: %s cannot take the lock', (_name, data) => {
    const { passed, stage } = lock(NATTED);
    stage.push(datagram('203.0.113.7', 666, data));
    expect([stage.locked, stage.drops.not_rtp]).toEqual([false, 1]);
    stage.push(datagram('203.0.113.7', 50_000));
    expect(passed).toEqual(['203.0.113.7:50000']);
  });

  it('a new description arms it anew; an unchanged one keeps the lock', () => {
    const { passed, stage } = lock();
    stage.push(datagram('192.0.2.1', 4_000));
    stage.arm({ ...EXPECTED, payloadTypes: [8] });
    expect(stage.locked).toBe(true);
    stage.arm({ ...EXPECTED, remoteAddress: '192.0.2.9' });
    stage.push(datagram('192.0.2.1', 4_000, rtpBytes({ payloadType: 0 })));
    expect(stage.locked).toBe(true); // the signalling address, now that the SDP names another one
    stage.arm({ ...EXPECTED, remotePort: 6_000 });
    stage.push(datagram('192.0.2.1', 4_000));
    stage.push(datagram('192.0.2.1', 6_000));
    expect(passed).toEqual(['192.0.2.1:4000', '192.0.2.1:4000', '192.0.2.1:6000']);
  });

  it('property: at most one source passes, and only one that may', () => {
    const source = fc.tuple(
      fc.constantFrom('10.0.0.5', '203.0.113.7', '203.0.113.8'),
      fc.integer({ min: 4_000, max: 4_003 }),
    );
    fc.assert(
      fc.property(fc.array(source, { maxLength: 30 }), (sources) => {
        const { passed, stage } = lock(NATTED);
        for (const [address, port] of sources) stage.push(datagram(address, port));
        expect(new Set(passed).size).toBeLessThanOrEqual(1);
        expect(passed.every((text) => mayBeSource(NATTED, text.split(':')[0] ?? '', Number(text.split(':')[1])))).toBe(
          true,
        );
      }),
    );
  });
});

describe('RateCap', () => {
  it('threat 114: 10,000 packets a second become at most 2.5 times the nominal rate', () => {
    let passed = 0;
    const cap = new RateCap({ push: () => (passed += 1) });
    for (let index = 0; index < 20_000; index += 1) cap.push(datagram('a', 1, rtpBytes(), index / 10));
    expect(passed).toBeGreaterThan(250);
    expect(passed).toBeLessThanOrEqual(60 + 2 * 125);
    expect(cap.drops.rate).toBe(20_000 - passed);
  });

  it.each([10, 20, 30])('lets packets of %i ms through for a minute, jitter and all', (ptime) => {
    let passed = 0;
    const cap = new RateCap({ push: () => (passed += 1) });
    for (let index = 0; index < 60_000 / ptime; index += 1)
      cap.push(datagram('a', 1, rtpBytes(), index * ptime + (index % 7) * 5));
    expect(cap.drops.rate).toBe(0);
    expect(passed).toBe(60_000 / ptime);
  });

  it('lets a second of packets through at once, as they come after a stall', () => {
    const cap = new RateCap({ push: () => {} });
    for (let index = 0; index < 50; index += 1) cap.push(datagram('a', 1, rtpBytes(), 1_000));
    expect(cap.drops.rate).toBe(0);
  });

  it('threat 114: refuses 1,500 bytes', () => {
    const cap = new RateCap({ push: () => expect.unreachable() });
    cap.push(datagram('a', 1, Buffer.alloc(1_500)));
    expect(cap.drops).toEqual({ oversize: 1, rate: 0 });
  });
});
