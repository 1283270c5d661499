import {
  ACKNOWLEDGE,
  CANCEL,
  DELIVER,
  end,
  SEND,
  STRAY,
  start,
  step,
  stop,
  type ClientEvent,
  type Step,
} from './machine.js';
import { T1_MS, TIMER_D_MS, TRANSACTION_MS } from './timers.js';

/** `cancelling` is Calling with a CANCEL that waits for the first provisional; `cancelled` is Proceeding after it went out. */
export type InviteClientState =
  'calling' | 'cancelling' | 'proceeding' | 'cancelled' | 'accepted' | 'completed' | 'terminated';

/**
 * INVITE client transaction: RFC 3261 §17.1.1 with RFC 6026 §7.2 (the state Accepted) and CANCEL of §9.1.
 *
 * ```
 *   begin: send, start A (UDP), B
 *      +---------+  cancel   +------------+
 *      | calling |---------->| cancelling |     A: send, 2*A      B: timeout
 *      +---------+           +------------+
 *           | 1xx: to user         | 1xx: to user, send CANCEL, start cancelled
 *           v                      v
 *      +------------+ cancel  +-----------+
 *      | proceeding |-------->| cancelled |    1xx: to user   cancelled: timeout
 *      +------------+         +-----------+
 *   from all four:  2xx: to user, start M          3xx–6xx: ACK, to user, start D
 *      +----------+                                +-----------+
 *      | accepted | 2xx: stray                     | completed | 3xx–6xx: ACK
 *      +----------+                                +-----------+
 *           | M: done                                    | D: done
 *           +-----------------> terminated <-------------+      transport error anywhere
 * ```
 */
export function inviteClient(state: InviteClientState, event: ClientEvent, reliable: boolean): Step<InviteClientState> {
  if (state === 'terminated') return step(state);
  if (event.type === 'transportError') return end('transport');
  if (state === 'accepted') return accepted(event);
  if (state === 'completed') return completed(event);
  if (event.type === 'success') {
    // RFC 6026 §7.2: the transaction stays for timer M, so that 2xx of other forks still find it.
    return step('accepted', ...stopAll(state), DELIVER, start('M', TRANSACTION_MS));
  }
  if (event.type === 'failure') {
    // RFC 3261 §17.1.1.2: timer D is at least 32 s over unreliable transports and zero over reliable ones.
    return reliable
      ? end('done', ACKNOWLEDGE, DELIVER)
      : step('completed', ...stopAll(state), ACKNOWLEDGE, DELIVER, start('D', TIMER_D_MS));
  }
  return state === 'calling' || state === 'cancelling' ? calling(state, event, reliable) : proceeding(state, event);
}

type Calling = 'calling' | 'cancelling';
type Proceeding = 'proceeding' | 'cancelled';

function calling(state: Calling, event: ClientEvent, reliable: boolean): Step<InviteClientState> {
  switch (event.type) {
    case 'begin':
      // RFC 3261 §17.1.1.2: timer A only over unreliable transports, timer B over all.
      return reliable
        ? step(state, SEND, start('B', TRANSACTION_MS))
        : step(state, SEND, start('A', T1_MS), start('B', TRANSACTION_MS));
    case 'cancel':
      // RFC 3261 §9.1: without a provisional response "the CANCEL request MUST NOT be sent"
      return step('cancelling');
    case 'trying':
    case 'provisional': {
      const effects = [...stopAll(state), ...(event.type === 'provisional' ? [DELIVER] : [])];
      return state === 'calling' ? step('proceeding', ...effects) : step('cancelled', ...effects, ...sendCancel());
    }
    case 'timer':
      if (event.timer === 'A') return step(state, SEND, start('A', 2 * event.intervalMs));
      return event.timer === 'B' ? end('timeout') : step(state);
    default:
      return step(state);
  }
}

function proceeding(state: Proceeding, event: ClientEvent): Step<InviteClientState> {
  if (event.type === 'provisional') return step(state, DELIVER);
  if (event.type === 'cancel' && state === 'proceeding') return step('cancelled', ...sendCancel());
  return event.type === 'timer' && event.timer === 'cancelled' ? end('timeout') : step(state);
}

function accepted(event: ClientEvent): Step<InviteClientState> {
  if (event.type === 'success') return step('accepted', STRAY);
  return event.type === 'timer' && event.timer === 'M' ? end('done') : step('accepted');
}

function completed(event: ClientEvent): Step<InviteClientState> {
  // RFC 3261 §17.1.1.2: a retransmitted final causes "the ACK to be passed to the transport layer", not to the user.
  if (event.type === 'failure') return step('completed', ACKNOWLEDGE);
  return event.type === 'timer' && event.timer === 'D' ? end('done') : step('completed');
}

// RFC 3261 §9.1: no final response 64*T1 after the CANCEL: "consider the original transaction cancelled"
function sendCancel() {
  return [CANCEL, start('cancelled', TRANSACTION_MS)];
}

function stopAll(state: Calling | Proceeding) {
  if (state === 'proceeding') return [];
  return state === 'cancelled' ? [stop('cancelled')] : [stop('A'), stop('B')];
}
