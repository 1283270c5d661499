import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../../../src/base/memory.js';
import { IDLE_MS, IdleMemory } from '../../../src/gateway/idle-memory.js';
import { FakeClock } from '../../support/fake-clock.js';

describe('IdleMemory', () => {
  it('gives memory back soon after the last call and once more later, and not while calls come', () => {
    const clock = new FakeClock();
    let times = 0;
    const memory = new IdleMemory(clock, () => {
      times += 1;
    });
    const [soon = 0, later = 0] = IDLE_MS;
    memory.idle();
    clock.advance(soon - 1);
    memory.busy();
    clock.advance(later);
    expect(times).toBe(0);
    memory.idle();
    memory.idle();
    clock.advance(soon);
    expect(times).toBe(1);
    clock.advance(10 * later);
    expect(times).toBe(2);
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
