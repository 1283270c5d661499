import { end, SEND, start, step, stop, type ServerEvent, type Step } from './machine.js';
import { TRANSACTION_MS } from './timers.js';

export type NonInviteServerState = 'trying' | 'proceeding' | 'completed' | 'terminated';

/**
 * Non-INVITE server transaction: RFC 3261 §17.2.2.
 *
 * ```
 *      +--------+ request: -         1xx: send   +------------+ request: send last
 *      | trying |------------------------------->| proceeding | 1xx: send
 *      +--------+                                +------------+
 *          | final: send, start J                  |
 *          v                                       |
 *      +-----------+<------------------------------+
 *      | completed | request: send last
 *      +-----------+
 *          | J: done                 unanswered in trying or proceeding: timeout
 *          v                         transport error anywhere: transport
 *      terminated
 * ```
 *
 * `unanswered` runs from the start for 64*T1: by then the client has given up (its timer F), a 408 would be useless
 * (RFC 4320 §4.2), and a request nobody answers must not hold a place for ever.
 */
export function nonInviteServer(
  state: NonInviteServerState,
  event: ServerEvent,
  reliable: boolean,
): Step<NonInviteServerState> {
  if (state === 'terminated') return step(state);
  if (event.type === 'transportError') return end('transport');
  if (state === 'completed') {
    // RFC 3261 §17.2.2: "any other final responses passed by the TU … MUST be discarded"
    if (event.type === 'request') return step(state, SEND);
    return event.type === 'timer' && event.timer === 'J' ? end('done') : step(state);
  }
  switch (event.type) {
    case 'begin':
      return step(state, start('unanswered', TRANSACTION_MS));
    case 'request':
      // RFC 3261 §17.2.2: in Trying retransmissions are discarded; in Proceeding the last provisional goes out again.
      return state === 'trying' ? step(state) : step(state, SEND);
    case 'provisional':
      return step('proceeding', SEND);
    case 'success':
    case 'failure':
      // RFC 3261 §17.2.2: timer J is 64*T1 over unreliable transports and zero over reliable ones.
      return reliable ? end('done', SEND) : step('completed', SEND, stop('unanswered'), start('J', TRANSACTION_MS));
    case 'timer':
      return event.timer === 'unanswered' ? end('timeout') : step(state);
    default:
      return step(state);
  }
}
