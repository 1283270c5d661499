import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadline } from '../../../../src/sip/transport/deadline.js';
import { FakeClock } from '../../../support/fake-clock.js';

describe('Deadline', () => {
  it('expires once, when the last setting says, however it was moved before', () => {
    const settings = fc.array(fc.record({ wait: fc.nat(100), delay: fc.integer({ min: 1, max: 200 }) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(settings, (steps) => {
        const clock = new FakeClock();
        const fired: number[] = [];
        const deadline = new Deadline(clock, () => fired.push(clock.monotonic()));
        const expected: number[] = [];
        let due = Infinity;
        for (const { wait, delay } of steps) {
          if (clock.monotonic() + wait >= due) {
            expected.push(due);
            due = Infinity;
          }
          clock.advance(wait);
          deadline.set(delay);
          due = clock.monotonic() + delay;
          expect(clock.pending).toBe(1);
        }
        clock.advance(1_000);
        expect(fired).toEqual([...expected, due]);
        expect(clock.pending).toBe(0);
      }),
    );
  });

  it('cleared, it never expires and leaves no timer; set again, it works', () => {
    const clock = new FakeClock();
    let fired = 0;
    const deadline = new Deadline(clock, () => (fired += 1));
    deadline.set(10);
    deadline.clear();
    expect(clock.pending).toBe(0);
    clock.advance(100);
    expect(fired).toBe(0);
    deadline.set(10);
    clock.advance(10);
    expect(fired).toBe(1);
  });

  it('moved later many times, it makes no timer each time', () => {
    const clock = new FakeClock();
    let made = 0;
    const after = clock.after.bind(clock);
    clock.after = (ms, task) => {
      made += 1;
      return after(ms, task);
    };
    const deadline = new Deadline(clock, () => {});
    for (let times = 0; times < 1_000; times++) deadline.set(10_000);
    expect(made).toBe(1);
  });
});
