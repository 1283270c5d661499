import { describe, expect, it } from 'vitest';
import { inviteClient } from '../../../../src/sip/transaction/invite-client.js';
import { inviteServer } from '../../../../src/sip/transaction/invite-server.js';
import type { Effect, Step } from '../../../../src/sip/transaction/machine.js';
import { nonInviteClient } from '../../../../src/sip/transaction/non-invite-client.js';
import { nonInviteServer } from '../../../../src/sip/transaction/non-invite-server.js';
import type { TimerName } from '../../../../src/sip/transaction/timers.js';

/** `state event → state effects`; a row for UDP, one for TCP where it differs. All that is not listed must change nothing. */
type Rows = Readonly<Record<string, string>>;

const SERVER_EVENTS = ['begin', 'request', 'ack', 'provisional', 'success', 'failure', 'transportError'] as const;
const CLIENT_EVENTS = ['begin', 'cancel', 'trying', 'provisional', 'success', 'failure', 'transportError'] as const;
const TIMERS: readonly TimerName[] = [
  'A',
  'B',
  'D',
  'E',
  'F',
  'G',
  'H',
  'I',
  'J',
  'K',
  'L',
  'M',
  'unanswered',
  'cancelled',
];

function show(effect: Effect): string {
  switch (effect.kind) {
    case 'start':
      return `start ${effect.timer} ${effect.afterMs}`;
    case 'stop':
      return `stop ${effect.timer}`;
    case 'end':
      return `end ${effect.why}`;
    default:
      return effect.kind;
  }
}

function walk<State extends string, Name extends string>(
  states: readonly State[],
  events: readonly Name[],
  machine: (
    state: State,
    event: { type: Name } | { type: 'timer'; timer: TimerName; intervalMs: number },
    reliable: boolean,
  ) => Step<State>,
  rows: Rows,
): void {
  const unseen = new Set(Object.keys(rows));
  for (const state of states) {
    for (const reliable of [false, true]) {
      const check = (name: string, step: Step<State>) => {
        const keys = [`${state} ${name} ${reliable ? 'tcp' : 'udp'}`, `${state} ${name}`];
        const key = keys.find((candidate) => candidate in rows);
        if (key !== undefined) unseen.delete(key);
        const seen = [step.state, ...step.effects.map(show)].join(', ');
        it(`${state} + ${name} over ${reliable ? 'TCP' : 'UDP'}`, () => {
          expect(seen).toBe(key === undefined ? state : rows[key]);
        });
      };
      for (const name of events) check(name, machine(state, { type: name }, reliable));
      for (const timer of TIMERS) check(timer, machine(state, { type: 'timer', timer, intervalMs: 3_000 }, reliable));
    }
  }
  it('has a case for every row of the table', () => expect([...unseen]).toEqual([]));
}

describe('INVITE server transaction: RFC 3261 §17.2.1, RFC 6026 §7.1', () => {
  const lost = 'terminated, end transport';
  walk(['proceeding', 'accepted', 'completed', 'confirmed', 'terminated'], SERVER_EVENTS, inviteServer, {
    'proceeding request': 'proceeding, send',
    'proceeding provisional': 'proceeding, send',
    'proceeding success': 'accepted, send, start L 32000',
    'proceeding failure udp': 'completed, send, start G 500, start H 32000',
    'proceeding failure tcp': 'completed, send, start H 32000',
    'proceeding transportError': lost,
    'accepted success': 'accepted, send',
    'accepted ack': 'accepted, stray',
    'accepted L': 'terminated, end done',
    'accepted transportError': lost,
    'completed request': 'completed, send',
    'completed ack udp': 'confirmed, stop G, stop H, start I 5000',
    'completed ack tcp': 'terminated, end done',
    'completed G': 'completed, send, start G 4000',
    'completed H': 'terminated, end timeout',
    'completed transportError': lost,
    'confirmed I': 'terminated, end done',
    'confirmed transportError': lost,
  });
});

describe('non-INVITE server transaction: RFC 3261 §17.2.2', () => {
  const final = { udp: 'completed, send, stop unanswered, start J 32000', tcp: 'terminated, send, end done' };
  walk(['trying', 'proceeding', 'completed', 'terminated'], SERVER_EVENTS, nonInviteServer, {
    'trying begin': 'trying, start unanswered 32000',
    'trying provisional': 'proceeding, send',
    'trying success udp': final.udp,
    'trying success tcp': final.tcp,
    'trying failure udp': final.udp,
    'trying failure tcp': final.tcp,
    'trying unanswered': 'terminated, end timeout',
    'trying transportError': 'terminated, end transport',
    'proceeding begin': 'proceeding, start unanswered 32000',
    'proceeding request': 'proceeding, send',
    'proceeding provisional': 'proceeding, send',
    'proceeding success udp': final.udp,
    'proceeding success tcp': final.tcp,
    'proceeding failure udp': final.udp,
    'proceeding failure tcp': final.tcp,
    'proceeding unanswered': 'terminated, end timeout',
    'proceeding transportError': 'terminated, end transport',
    'completed request': 'completed, send',
    'completed J': 'terminated, end done',
    'completed transportError': 'terminated, end transport',
  });
});

describe('INVITE client transaction: RFC 3261 §17.1.1, §9.1, RFC 6026 §7.2', () => {
  const lost = 'terminated, end transport';
  const failedTcp = 'terminated, acknowledge, deliver, end done';
  walk(
    ['calling', 'cancelling', 'proceeding', 'cancelled', 'accepted', 'completed', 'terminated'],
    CLIENT_EVENTS,
    inviteClient,
    {
      'calling begin udp': 'calling, send, start A 500, start B 32000',
      'calling begin tcp': 'calling, send, start B 32000',
      'calling cancel': 'cancelling',
      'calling trying': 'proceeding, stop A, stop B',
      'calling provisional': 'proceeding, stop A, stop B, deliver',
      'calling success': 'accepted, stop A, stop B, deliver, start M 32000',
      'calling failure udp': 'completed, stop A, stop B, acknowledge, deliver, start D 32000',
      'calling failure tcp': failedTcp,
      'calling A': 'calling, send, start A 6000',
      'calling B': 'terminated, end timeout',
      'calling transportError': lost,
      'cancelling begin udp': 'cancelling, send, start A 500, start B 32000',
      'cancelling begin tcp': 'cancelling, send, start B 32000',
      'cancelling trying': 'cancelled, stop A, stop B, cancel, start cancelled 32000',
      'cancelling provisional': 'cancelled, stop A, stop B, deliver, cancel, start cancelled 32000',
      'cancelling success': 'accepted, stop A, stop B, deliver, start M 32000',
      'cancelling failure udp': 'completed, stop A, stop B, acknowledge, deliver, start D 32000',
      'cancelling failure tcp': failedTcp,
      'cancelling A': 'cancelling, send, start A 6000',
      'cancelling B': 'terminated, end timeout',
      'cancelling transportError': lost,
      'proceeding cancel': 'cancelled, cancel, start cancelled 32000',
      'proceeding provisional': 'proceeding, deliver',
      'proceeding success': 'accepted, deliver, start M 32000',
      'proceeding failure udp': 'completed, acknowledge, deliver, start D 32000',
      'proceeding failure tcp': failedTcp,
      'proceeding transportError': lost,
      'cancelled provisional': 'cancelled, deliver',
      'cancelled success': 'accepted, stop cancelled, deliver, start M 32000',
      'cancelled failure udp': 'completed, stop cancelled, acknowledge, deliver, start D 32000',
      'cancelled failure tcp': failedTcp,
      'cancelled cancelled': 'terminated, end timeout',
      'proceeding cancelled': 'terminated, end timeout',
      'cancelled transportError': lost,
      'accepted success': 'accepted, stray',
      'accepted M': 'terminated, end done',
      'accepted transportError': lost,
      'completed failure': 'completed, acknowledge',
      'completed D': 'terminated, end done',
      'completed transportError': lost,
    },
  );
});

describe('non-INVITE client transaction: RFC 3261 §17.1.2', () => {
  const final = { udp: 'completed, stop E, stop F, deliver, start K 5000', tcp: 'terminated, deliver, end done' };
  const rows: Record<string, string> = {
    'trying begin udp': 'trying, send, start E 500, start F 32000',
    'trying begin tcp': 'trying, send, start F 32000',
    'proceeding begin udp': 'proceeding, send, start E 500, start F 32000',
    'proceeding begin tcp': 'proceeding, send, start F 32000',
    'trying E': 'trying, send, start E 4000',
    'proceeding E': 'proceeding, send, start E 4000',
    'completed K': 'terminated, end done',
    'completed transportError': 'terminated, end transport',
  };
  for (const state of ['trying', 'proceeding']) {
    rows[`${state} trying`] = 'proceeding, deliver';
    rows[`${state} provisional`] = 'proceeding, deliver';
    rows[`${state} F`] = 'terminated, end timeout';
    rows[`${state} transportError`] = 'terminated, end transport';
    for (const event of ['success', 'failure']) {
      rows[`${state} ${event} udp`] = final.udp;
      rows[`${state} ${event} tcp`] = final.tcp;
    }
  }
  walk(['trying', 'proceeding', 'completed', 'terminated'], CLIENT_EVENTS, nonInviteClient, rows);

  it('§17.1.2.2: timer E doubles up to T2 in Trying and is T2 in Proceeding', () => {
    const next = (state: 'trying' | 'proceeding', intervalMs: number) =>
      nonInviteClient(state, { type: 'timer', timer: 'E', intervalMs }, false).effects.map(show)[1];
    expect([500, 1_000, 2_000, 4_000].map((ms) => next('trying', ms))).toEqual([
      'start E 1000',
      'start E 2000',
      'start E 4000',
      'start E 4000',
    ]);
    expect(next('proceeding', 500)).toBe('start E 4000');
  });
});
