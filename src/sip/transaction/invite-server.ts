import { end, SEND, STRAY, start, step, stop, type ServerEvent, type Step } from './machine.js';
import { doubledUpToT2, T1_MS, T4_MS, TRANSACTION_MS } from './timers.js';

export type InviteServerState = 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated';

/**
 * INVITE server transaction: RFC 3261 §17.2.1 with RFC 6026 §7.1 (the state Accepted).
 *
 * ```
 *                 INVITE: send last  +------------+  1xx: send
 *                        +---------->| proceeding |<----------+
 *                        +-----------|            |-----------+
 *                                    +------------+
 *                    3xx–6xx: send     |        |     2xx: send
 *                    start G (UDP), H  |        |     start L
 *   INVITE, G: send  +-----------+ <---+        +---> +----------+ INVITE: -
 *           +------->| completed |                    | accepted | 2xx: send
 *           +--------|           |                    |          | ACK: to user
 *                    +-----------+                    +----------+
 *      ACK: start I   |         | H: timeout             | L: done
 *                     v         |                        |
 *              +-----------+    |      +------------+    |
 *              | confirmed |--- | ---->| terminated |<---+
 *              +-----------+ I  +----->+------------+
 * ```
 *
 * RFC 3261 §17.2.4: a transport error ends it from every state. RFC 6026 would stay and wait for another connection;
 * a response of ours never goes anywhere but back over the flow of its request, so there is nothing to wait for.
 */
export function inviteServer(state: InviteServerState, event: ServerEvent, reliable: boolean): Step<InviteServerState> {
  if (state === 'terminated') return step(state);
  if (event.type === 'transportError') return end('transport');
  switch (state) {
    case 'proceeding':
      return proceeding(event, reliable);
    case 'accepted':
      return accepted(event);
    case 'completed':
      return completed(event, reliable);
    case 'confirmed':
      // RFC 3261 §17.2.1: "absorb any additional ACK messages that arrive"
      return event.type === 'timer' && event.timer === 'I' ? end('done') : step(state);
  }
}

function proceeding(event: ServerEvent, reliable: boolean): Step<InviteServerState> {
  switch (event.type) {
    case 'request':
    case 'provisional':
      return step('proceeding', SEND);
    case 'success':
      // RFC 6026 §7.1: the transaction stays for timer L to absorb retransmitted INVITEs.
      return step('accepted', SEND, start('L', TRANSACTION_MS));
    case 'failure':
      // RFC 3261 §17.2.1: timer G only over unreliable transports, timer H over all.
      return reliable
        ? step('completed', SEND, start('H', TRANSACTION_MS))
        : step('completed', SEND, start('G', T1_MS), start('H', TRANSACTION_MS));
    default:
      return step('proceeding');
  }
}

function accepted(event: ServerEvent): Step<InviteServerState> {
  if (event.type === 'success') return step('accepted', SEND);
  if (event.type === 'ack') return step('accepted', STRAY);
  if (event.type === 'timer' && event.timer === 'L') return end('done');
  return step('accepted');
}

function completed(event: ServerEvent, reliable: boolean): Step<InviteServerState> {
  if (event.type === 'request') return step('completed', SEND);
  if (event.type === 'ack') {
    // RFC 3261 §17.2.1: timer I is T4 over unreliable transports and zero over reliable ones.
    return reliable ? end('done') : step('confirmed', stop('G'), stop('H'), start('I', T4_MS));
  }
  if (event.type !== 'timer') return step('completed');
  if (event.timer === 'G') return step('completed', SEND, start('G', doubledUpToT2(event.intervalMs)));
  return event.timer === 'H' ? end('timeout') : step('completed');
}
