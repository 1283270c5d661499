import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  belongsTo,
  type DialogEvent,
  type DialogState,
  inOrder,
  received,
  retargeted,
  transition,
} from '../../../../src/sip/dialog/dialog.js';
import { dialogOf, PEER, sipRequest } from './fixtures.js';

describe('dialog state (RFC 3261 §12)', () => {
  const matrix: Record<DialogState, Record<DialogEvent, DialogState>> = {
    trying: { provisional: 'early', accepted: 'confirmed', refused: 'terminated', ended: 'terminated' },
    early: { provisional: 'early', accepted: 'confirmed', refused: 'terminated', ended: 'terminated' },
    confirmed: { provisional: 'confirmed', accepted: 'confirmed', refused: 'confirmed', ended: 'terminated' },
    terminated: { provisional: 'terminated', accepted: 'terminated', refused: 'terminated', ended: 'terminated' },
  };
  const cells = Object.entries(matrix).flatMap(([state, row]) =>
    Object.entries(row).map(([event, next]) => [state, event, next] as [DialogState, DialogEvent, DialogState]),
  );

  it.each(cells)('%s, %s → %s', (state, event, next) => {
    expect(transition({ ...dialogOf(), state }, event).state).toBe(next);
  });

  it('property: what has ended stays ended', () => {
    const events = fc.array(fc.constantFrom<DialogEvent>('provisional', 'accepted', 'refused', 'ended'));
    fc.assert(
      fc.property(events, events, (before, after) => {
        const ended = transition(before.reduce(transition, dialogOf()), 'ended');
        expect(after.reduce(transition, ended).state).toBe('terminated');
      }),
    );
  });
});

describe('a dialog made by an INVITE (RFC 3261 §12.1.1)', () => {
  it('takes its parts from the request', () => {
    const dialog = dialogOf({ headers: ['Record-Route: <sip:p2.example;lr>, <sip:p1.example>'] });
    expect(dialog).toMatchObject({
      id: 'call-1;from-tag=a1',
      state: 'trying',
      callId: 'call-1',
      localTag: 'local',
      remoteTag: 'a1',
      localParty: '<sip:bot@gw.example>',
      remoteParty: '"Alice" <sip:alice@example.com>;tag=a1',
      secure: false,
      localSequence: 0,
      remoteSequence: 10,
    });
    expect(dialog.remoteTarget.text).toBe('sip:alice@192.0.2.1:40000;transport=tcp');
    expect(dialog.routeSet).toEqual([
      { uri: 'sip:p2.example;lr', loose: true },
      { uri: 'sip:p1.example', loose: false },
    ]);
  });

  it.each([
    ['sips:bot@gw.example', 'tls', true],
    ['sips:bot@gw.example', 'tcp', false],
    ['sip:bot@gw.example', 'tls', false],
  ] as const)('is secure only for sips over TLS: %s over %s', (uri, transport, secure) => {
    expect(dialogOf({ uri }, { ...PEER, transport }).secure).toBe(secure);
  });
});

describe('who may speak in a dialog (threat 59)', () => {
  it.each([
    ['udp', 'udp', true],
    ['udp', 'tcp', true],
    ['udp', 'tls', true],
    ['tcp', 'udp', false],
    ['tcp', 'tcp', true],
    ['tcp', 'tls', true],
    ['tls', 'udp', false],
    ['tls', 'tcp', false],
    ['tls', 'tls', true],
  ] as const)('a dialog over %s, a request over %s: %s', (made, spoken, belongs) => {
    const dialog = dialogOf({}, { ...PEER, transport: made });
    expect(belongsTo(dialog, { ...PEER, transport: spoken, port: 1 })).toBe(belongs);
  });

  it('another address never', () => {
    expect(belongsTo(dialogOf(), { ...PEER, address: '192.0.2.2' })).toBe(false);
  });
});

describe('requests inside a dialog (RFC 3261 §12.2.2)', () => {
  it.each([
    [9, false],
    [10, true],
    [11, true],
  ])('CSeq %d after 10: in order %s', (cseq, ordered) => {
    expect(inOrder(dialogOf(), sipRequest({ method: 'INFO', cseq }))).toBe(ordered);
  });

  it('the remote sequence number never goes back', () => {
    const dialog = received(dialogOf(), sipRequest({ method: 'INFO', cseq: 20 }));
    expect(dialog.remoteSequence).toBe(20);
    expect(received(dialog, sipRequest({ method: 'ACK', cseq: 10 })).remoteSequence).toBe(20);
  });

  it('a target refresh moves the remote target; without Contact it stays', () => {
    const moved = retargeted(dialogOf(), sipRequest({ contact: '<sip:new@192.0.2.7>' }));
    expect(moved.remoteTarget.text).toBe('sip:new@192.0.2.7');
    expect(retargeted(moved, { contacts: [] })).toBe(moved);
  });
});
