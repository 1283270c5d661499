import type { Policy } from '../policy.js';
import { denyWith } from './refusals.js';

/** Requests that have travelled too far (RFC 3261 §16.3 item 3). */
export function loopPolicy(): Policy {
  return {
    name: 'loop',
    describe: () => 'A request whose Max-Forwards is used up gets 483, OPTIONS excepted.',
    judge({ method, maxForwards }) {
      const input = `Max-Forwards ${maxForwards ?? 'absent'}`;
      // RFC 3261 §16.3 item 3, §11: an element may answer an OPTIONS itself; that is how traceroutes work.
      if (maxForwards !== 0 || method === 'OPTIONS') return { kind: 'pass', input };
      return denyWith('SIP_MAX_FORWARDS', input, 'Max-Forwards is 0 and the request is for another hop');
    },
  };
}
