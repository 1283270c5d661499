import { DELIVER, end, SEND, start, step, stop, type ClientEvent, type Step } from './machine.js';
import { doubledUpToT2, T1_MS, T2_MS, T4_MS, TRANSACTION_MS } from './timers.js';

export type NonInviteClientState = 'trying' | 'proceeding' | 'completed' | 'terminated';

/**
 * Non-INVITE client transaction: RFC 3261 §17.1.2.
 *
 * ```
 *   begin: send, start E (UDP), F
 *      +--------+ E: send, E = MIN(2*E, T2)
 *      | trying |
 *      +--------+
 *          | 1xx: to user
 *          v
 *      +------------+ E: send, E = T2
 *      | proceeding | 1xx: to user
 *      +------------+
 *   from both:  final: to user, start K        F: timeout
 *      +-----------+
 *      | completed | responses: -
 *      +-----------+
 *          | K: done
 *          v
 *      terminated                              transport error anywhere
 * ```
 */
export function nonInviteClient(
  state: NonInviteClientState,
  event: ClientEvent,
  reliable: boolean,
): Step<NonInviteClientState> {
  if (state === 'terminated') return step(state);
  if (event.type === 'transportError') return end('transport');
  if (state === 'completed') {
    return event.type === 'timer' && event.timer === 'K' ? end('done') : step(state);
  }
  switch (event.type) {
    case 'begin':
      // RFC 3261 §17.1.2.2: timer E only over unreliable transports, timer F over all.
      return reliable
        ? step(state, SEND, start('F', TRANSACTION_MS))
        : step(state, SEND, start('E', T1_MS), start('F', TRANSACTION_MS));
    case 'trying':
    case 'provisional':
      return step('proceeding', DELIVER);
    case 'success':
    case 'failure':
      // RFC 3261 §17.1.2.2: timer K is T4 over unreliable transports and zero over reliable ones.
      return reliable ? end('done', DELIVER) : step('completed', stop('E'), stop('F'), DELIVER, start('K', T4_MS));
    case 'timer':
      if (event.timer === 'F') return end('timeout');
      if (event.timer !== 'E') return step(state);
      return step(state, SEND, start('E', state === 'trying' ? doubledUpToT2(event.intervalMs) : T2_MS));
    default:
      return step(state);
  }
}
