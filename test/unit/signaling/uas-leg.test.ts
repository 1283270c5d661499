import { EventEmitter } from 'node:events';
import type Srf from 'drachtio-srf';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { UasLeg } from '../../../src/signaling/uas-leg.js';
import { FakeClock } from '../../support/fake-clock.js';

/** drachtio-srf rejects with plain strings too. */
function rejection(reason: unknown): Promise<never> {
  let fail: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  fail(reason);
  return promise;
}

function legThatFails(reason: unknown): UasLeg {
  const srf = {
    createUAS: () => rejection(reason),
  } as unknown as Srf;
  const request = new EventEmitter() as unknown as Srf.SrfRequest;
  const deps = { clock: new FakeClock(), log: silentLog, callId: 'c1' };
  return new UasLeg(srf, request, {} as Srf.SrfResponse, deps);
}

describe('UasLeg.answer', () => {
  it.each([
    ['what the edge says', 'Response not sent due to unknown transaction'],
    ['what drachtio-srf says', new Error('Request Terminated')],
  ])('threat 103: a caller that is gone is no fault of ours: %s', async (_name, reason) => {
    await expect(legThatFails(reason).answer('v=0')).rejects.toMatchObject({
      code: 'SIP_TRANSPORT',
      cause: reason,
    });
  });
});
