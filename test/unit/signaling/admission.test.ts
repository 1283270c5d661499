import { describe, expect, it } from 'vitest';
import { AdmissionDesk, type Admission } from '../../../src/signaling/admission.js';
import { FakeClock } from '../../support/fake-clock.js';

const admission = {} as Admission;

describe('AdmissionDesk', () => {
  it('hands out an admission once', () => {
    const desk = new AdmissionDesk(new FakeClock());
    desk.put('a', admission);
    expect(desk.take('a')).toBe(admission);
    expect(desk.take('a')).toBeNull();
  });

  it('forgets what is never fetched', () => {
    const clock = new FakeClock();
    const desk = new AdmissionDesk(clock);
    for (let index = 0; index < 100; index++) desk.put(`old-${index}`, admission);
    clock.advance(71_000);
    desk.put('new', admission);
    expect(desk.size).toBe(1);
  });
});
