import { describe, expect, it } from 'vitest';
import { answerInDialog, type OpenExchanges } from '../../../../src/sip/dialog/in-dialog.js';
import { dialogOf, type Shape, sipRequest } from './fixtures.js';

const IDLE: OpenExchanges = { remoteInvite: false, unacknowledged: false, localInvite: false, remoteUpdate: false };

function statusOf(shape: Shape, open: Partial<OpenExchanges> = {}): number | null {
  const request = sipRequest({ to: '<sip:bot@gw.example>;tag=local', cseq: 11, ...shape });
  return answerInDialog(dialogOf(), request, { ...IDLE, ...open })?.status ?? null;
}

describe('what the edge answers inside a dialog', () => {
  it.each([
    ['RFC 3261 §12.2.2: a CSeq that goes back', { method: 'INFO', cseq: 9 }, {}, 500],
    ['RFC 3261 §12.2.2: the same CSeq', { method: 'INFO', cseq: 10 }, {}, null],
    ['RFC 3261 §8.2.1: an unknown method', { method: 'DANCE' }, {}, 501],
    ['RFC 3262 §3: a PRACK of nothing', { method: 'PRACK' }, {}, 481],
    ['RFC 3261 §12.2.1.1: a re-INVITE without Contact', { contact: null }, {}, 400],
    ['RFC 3261 §14.2: a re-INVITE when nothing is under way', {}, {}, null],
    ['RFC 3261 §14.2: a re-INVITE before the answer to another', {}, { remoteInvite: true }, 500],
    ['RFC 3261 §14.2: a re-INVITE that meets ours', {}, { localInvite: true }, 491],
    ['RFC 3261 §14.2: a re-INVITE before the ACK of our 2xx', {}, { unacknowledged: true }, 491],
    ['RFC 3311 §5.2: an UPDATE before the answer to another', { method: 'UPDATE' }, { remoteUpdate: true }, 500],
    [
      'RFC 3311 §5.2: an UPDATE with offer that meets our re-INVITE',
      { method: 'UPDATE', body: 'v=0' },
      { localInvite: true },
      491,
    ],
    [
      'RFC 3311 §5.2: an UPDATE with offer during their INVITE',
      { method: 'UPDATE', body: 'v=0' },
      { remoteInvite: true },
      500,
    ],
    ['RFC 3311 §5.2: an UPDATE without offer', { method: 'UPDATE' }, { localInvite: true, remoteInvite: true }, null],
    [
      'RFC 3261 §15: a BYE whatever is under way',
      { method: 'BYE' },
      { remoteInvite: true, localInvite: true, unacknowledged: true },
      null,
    ],
  ] as const)('%s', (_what, shape, open, status) => {
    expect(statusOf(shape, open)).toBe(status);
  });

  it.each([
    [{ remoteInvite: true }, true],
    [{ localInvite: true }, false],
  ])('RFC 3261 §14.2: Retry-After goes with 500, not with 491: %j', (open, retryLater) => {
    expect(answerInDialog(dialogOf(), sipRequest({ cseq: 11 }), { ...IDLE, ...open })?.retryLater).toBe(retryLater);
  });
});
