import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../../../src/base/memory.js';
import { IDLE_MS, IdleMemory } from '../../../src/gateway/idle-memory.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('IdleMemory', () => {
  it('gives memory back once, some time after the last call, and not while calls come', () => {
    const clock = new FakeClock();
    let times = 0;
    const memory = new IdleMemory(clock, () => {
      times += 1;
    });
    memory.idle();
    clock.advance(IDLE_MS - 1);
    memory.busy();
    clock.advance(IDLE_MS);
    expect(times).toBe(0);
    memory.idle();
    memory.idle();
    clock.advance(10 * IDLE_MS);
    expect(times).toBe(1);
    expect(clock.pending).toBe(0);
  });
});

describe('collectGarbage', () => {
  it('frees what nobody holds', () => {
    collectGarbage();
    const registry: WeakRef<object>[] = [];
    (() => {
      for (let index = 0; index < 1_000; index++) registry.push(new WeakRef({ index }));
    })();
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      collectGarbage();
      expect(registry.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(10);
    });
  });
});
