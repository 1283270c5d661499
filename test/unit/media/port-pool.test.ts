import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.js';
import { PortPool } from '../../../src/media/port-pool.js';
import { FakeClock } from '../../support/fake-clock.js';

const pool = (min: number, max: number, quarantineMs = 1_000, clock = new FakeClock()) => ({
  clock,
  ports: new PortPool({ min, max }, quarantineMs, clock),
});

describe('PortPool', () => {
  it.each([
    [20_000, 20_009, [20_000, 20_002, 20_004, 20_006, 20_008]],
    [20_001, 20_009, [20_002, 20_004, 20_006, 20_008]],
    [20_000, 20_002, [20_000]],
    [20_001, 20_002, []],
  ])('from %i to %i gives even ports whose next is within (RFC 3550 §11)', (min, max, expected) => {
    const { ports } = pool(min, max);
    const given = expected.map(() => ports.acquire());
    expect(given.sort((a, b) => a - b)).toEqual(expected);
    expect(() => ports.acquire()).toThrow(expect.objectContaining({ code: 'MEDIA_NO_PORT' }));
  });

  it('a released pair rests, then is used again', () => {
    const { ports, clock } = pool(20_000, 20_001);
    ports.release(ports.acquire());
    expect(ports.counts()).toEqual({ total: 1, inUse: 0, resting: 1 });
    clock.advance(999);
    expect(() => ports.acquire()).toThrow(GatewayError);
    clock.advance(1);
    expect(ports.acquire()).toBe(20_000);
  });

  it('ignores a port that is not in use, and a second release', () => {
    const { ports } = pool(20_000, 20_003);
    const port = ports.acquire();
    ports.release(port);
    ports.release(port);
    ports.release(4_711);
    expect(ports.counts()).toEqual({ total: 2, inUse: 0, resting: 1 });
  });

  it('threat 110: the next port cannot be told from the last', () => {
    const firsts = new Set(Array.from({ length: 20 }, () => pool(20_000, 24_000).ports.acquire()));
    expect(firsts.size).toBeGreaterThan(10);
  });

  it('property: no pair is out twice, none is lost, and after rest the pool is whole', () => {
    const step = fc.tuple(fc.constantFrom('acquire', 'release', 'wait'), fc.nat(50));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { ports, clock } = pool(20_000, 20_019);
        const out: number[] = [];
        for (const [action, value] of steps) {
          if (action === 'wait') clock.advance(value * 10);
          else if (action === 'release') ports.release(out.splice(value % Math.max(1, out.length), 1)[0] ?? 0);
          else if (out.length + ports.counts().resting < 10) out.push(ports.acquire());
          expect(new Set(out).size).toBe(out.length);
          expect(ports.counts()).toMatchObject({ total: 10, inUse: out.length });
        }
        out.forEach((port) => ports.release(port));
        clock.advance(1_000);
        expect(ports.counts()).toEqual({ total: 10, inUse: 0, resting: 0 });
      }),
    );
  });
});
