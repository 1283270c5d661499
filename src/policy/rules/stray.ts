import type { Policy, RequestFacts } from '../policy.js';
import { denyWith } from './refusals.js';

/** Requests that exist only inside a dialog or for a transaction. */
const NEVER_FIRST: ReadonlySet<string> = new Set(['BYE', 'CANCEL']);

/** Requests that claim to belong to a dialog or transaction which we do not have. */
export function strayPolicy(): Policy {
  return {
    name: 'sanity',
    describe: () => 'A request that claims to belong to a dialog which is not ours gets 481.',
    judge(facts) {
      const input = inputOf(facts);
      // RFC 3261 §17: there are no responses to ACK.
      if (facts.method === 'ACK') return { kind: 'drop', input, reason: 'an ACK that belongs to no call' };
      // RFC 3261 §12.2.2, §15.1.2, §9.2: no such dialog, no such transaction.
      if (facts.inDialog || NEVER_FIRST.has(facts.method)) {
        return denyWith('SIP_NO_DIALOG', input, `${facts.method} belongs to no dialog or transaction of ours`);
      }
      return { kind: 'pass', input };
    },
  };
}

function inputOf({ method, inDialog }: RequestFacts): string {
  return `${method} ${inDialog ? 'with' : 'without'} To tag`;
}
