import { describe, expect, it } from 'vitest';
import { AcceptedInvite } from '../../../../src/sip/dialog/accepted-invite.js';
import { transition } from '../../../../src/sip/dialog/dialog.js';
import { DialogSession } from '../../../../src/sip/dialog/session.js';
import { DialogTable } from '../../../../src/sip/dialog/table.js';
import type { Flow } from '../../../../src/sip/transaction/contract.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { dialogOf, PEER } from './fixtures.js';

/** A flow that counts who retains it. */
class CountedFlow implements Flow {
  readonly peer = PEER;
  readonly reliable = true;
  closed = false;
  retained = 0;
  constructor(readonly id: string) {}
  send(): boolean {
    return !this.closed;
  }
  retain(): () => void {
    let held = true;
    this.retained += 1;
    return () => {
      if (held) this.retained -= 1;
      held = false;
    };
  }
}

const owner = { deliver() {} };
const sessionOn = (flow: Flow) => new DialogSession(dialogOf(), owner, flow);

describe('a live dialog', () => {
  it('retains its flow until it is closed, and not twice', () => {
    const flow = new CountedFlow('1');
    const session = sessionOn(flow);
    expect(flow.retained).toBe(1);
    session.close();
    session.close();
    expect([flow.retained, session.dialog.state]).toEqual([0, 'terminated']);
  });

  it('stays on an open flow; moves to the one the peer spoke over when its own is gone', () => {
    const [first, second] = [new CountedFlow('1'), new CountedFlow('2')];
    const session = sessionOn(first);
    session.heardOver(second);
    expect([session.flow, second.retained]).toEqual([first, 0]);
    first.closed = true;
    session.heardOver(second);
    expect([session.flow, first.retained, second.retained]).toEqual([second, 0, 1]);
  });

  it('RFC 3261 §12.2.1.1: CSeq numbers of ours rise by one', () => {
    const session = sessionOn(new CountedFlow('1'));
    expect([session.nextSequence(), session.nextSequence(), session.dialog.localSequence]).toEqual([1, 2, 2]);
  });

  it('closing stops the 2xx and gives the held request up, once', () => {
    const clock = new FakeClock();
    const session = sessionOn(new CountedFlow('1'));
    const told: string[] = [];
    const timer = new AcceptedInvite(clock, { onResend() {}, onExpired() {} });
    session.awaitedAck = { transactionId: 't', sequence: 1, timer };
    session.heldBye = { send: () => told.push('sent'), giveUp: () => told.push('given up') };
    expect(session.open.unacknowledged).toBe(true);
    session.close();
    session.close();
    expect([told, clock.pending, session.open.unacknowledged, session.sendHeld()]).toEqual([
      ['given up'],
      0,
      false,
      false,
    ]);
  });

  it('a held request is sent once', () => {
    const session = sessionOn(new CountedFlow('1'));
    const told: string[] = [];
    session.heldBye = { send: () => told.push('sent'), giveUp: () => told.push('given up') };
    expect([session.sendHeld(), session.sendHeld()]).toEqual([true, false]);
    session.close();
    expect(told).toEqual(['sent']);
  });
});

describe('the table of dialogs (RFC 3261 §12)', () => {
  it('finds a dialog by its id and our tag, once a tag was sent', () => {
    const table = new DialogTable();
    const session = sessionOn(new CountedFlow('1'));
    table.add(session);
    const { id } = session.dialog;
    expect(table.get(id)).toBe(session);
    expect(table.match(id, 'local')).toBeUndefined();
    session.dialog = transition(session.dialog, 'provisional');
    expect(table.match(id, 'local')).toBe(session);
    expect([table.match(id, 'other'), table.match(id, null), table.match('unknown', 'local')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('removing closes, and never removes another that took the id', () => {
    const table = new DialogTable();
    const flow = new CountedFlow('1');
    const [old, young] = [sessionOn(flow), sessionOn(flow)];
    table.add(old);
    table.remove(old);
    expect([table.size, flow.retained]).toEqual([0, 1]);
    table.add(young);
    table.remove(old);
    expect([...table.values()]).toEqual([young]);
  });

  it('threat 107: ids from peers are only keys', () => {
    const table = new DialogTable();
    expect([table.get('__proto__'), table.match('constructor', 'toString')]).toEqual([undefined, undefined]);
  });
});
