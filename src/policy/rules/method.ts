import { KNOWN_METHODS } from '../../sip/message/methods.js';
import type { Policy } from '../policy.js';
import { denyWith } from './refusals.js';

/** Methods that begin something here; the others are served inside calls. */
const SERVED: ReadonlySet<string> = new Set(['INVITE', 'OPTIONS']);

/** Value of the Allow header (RFC 3261 §20.5). */
export const ALLOW = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE';

/** Which methods are served (RFC 3261 §8.2.1). */
export function methodPolicy(): Policy {
  return {
    name: 'method',
    describe: () => `Served methods are ${ALLOW}; other known methods get 405, unknown ones 501.`,
    judge({ method }) {
      const input = method;
      if (SERVED.has(method)) return { kind: 'pass', input };
      if (!KNOWN_METHODS.has(method)) return denyWith('SIP_METHOD_UNKNOWN', input, `method ${method} is unknown`);
      // RFC 3261 §8.2.1: the 405 must carry Allow.
      return denyWith('SIP_METHOD_REFUSED', input, `method ${method} is not served`, [['Allow', ALLOW]]);
    },
  };
}
