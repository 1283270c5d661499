import { describe, expect, it } from 'vitest';
import { Lifetime } from '../../../src/base/lifetime.js';

describe('Lifetime', () => {
  it('undoes in reverse order, once, and aborts its signal first', async () => {
    const order: string[] = [];
    const life = new Lifetime();
    life.signal.addEventListener('abort', () => order.push('abort'));
    life.defer(() => void order.push('first'));
    life.defer(async () => {
      await Promise.resolve();
      order.push('second');
    });
    await Promise.all([life.end(), life.end()]);
    expect(order).toEqual(['abort', 'second', 'first']);
    expect(life.ended).toBe(true);
  });

  it('goes on when a cleanup fails', async () => {
    const errors: unknown[] = [];
    const life = new Lifetime((error) => errors.push(error));
    let released = false;
    life.defer(() => {
      released = true;
    });
    life.defer(() => {
      throw new Error('stuck');
    });
    await life.end();
    expect(released).toBe(true);
    expect(errors).toHaveLength(1);
  });

  it('releases at once what is acquired too late', async () => {
    const life = new Lifetime();
    await life.end();
    let released = false;
    life.defer(() => {
      released = true;
    });
    expect(released).toBe(true);
  });
});
