import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionLedger } from '../../../../src/sip/transport/connection-ledger.js';

const LIMITS = { connections: 6, connectionsPerIp: 2, connectionsPerTrustedIp: 4 };
const trusted = (address: string) => address === 'trusted';

describe('ConnectionLedger (threat 73)', () => {
  it('names the limit in the way', () => {
    const ledger = new ConnectionLedger(LIMITS, trusted);
    const take = (address: string, times: number) =>
      Array.from({ length: times }, () => typeof ledger.acquire(address));
    expect(take('a', 2)).toEqual(['function', 'function']);
    expect(ledger.acquire('a')).toBe('connections-per-ip');
    expect(take('trusted', 4)).toEqual(['function', 'function', 'function', 'function']);
    expect(ledger.acquire('b')).toBe('connections');
    expect(ledger.total).toBe(6);
  });

  it('never holds more than the limits, and nothing when all are released, twice or not', () => {
    const actions = fc.array(
      fc.record({ address: fc.constantFrom('a', 'b', '__proto__', 'trusted'), release: fc.boolean() }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(actions, (steps) => {
        const ledger = new ConnectionLedger(LIMITS, trusted);
        const held: { address: string; release: () => void }[] = [];
        for (const { address, release } of steps) {
          if (release) {
            const entry = held.shift();
            entry?.release();
            entry?.release();
          } else {
            const mine = held.filter((entry) => entry.address === address).length;
            const place = ledger.acquire(address);
            const room = held.length < 6 && mine < (trusted(address) ? 4 : 2);
            expect(typeof place === 'function').toBe(room);
            if (typeof place === 'function') held.push({ address, release: place });
          }
          expect(ledger.total).toBe(held.length);
        }
        for (const { release } of held) release();
        expect(ledger.total).toBe(0);
        expect(typeof ledger.acquire('a')).toBe('function');
      }),
    );
  });
});
