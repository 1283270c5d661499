import { findMatch, type Matcher } from '../matchers.js';
import { closestMiss, listNames, uriInWords } from '../misses.js';
import type { Policy } from '../policy.js';
import type { MaskMode } from '../record.js';
import { forbid } from './refusals.js';

/**
 * The To URI must match an entry or else the Request-URI must. The one that matched is what is called: a caller cannot
 * have one of them checked and the other one rung.
 */
export function toPolicy(matchers: readonly Matcher[], mask: MaskMode): Policy {
  const lists = listNames(matchers);
  return {
    name: 'to',
    describe: () =>
      `The To URI, or else the Request-URI, must match one of ${matchers.length} entries of ${lists}; others get 403.`,
    judge({ to, requestUri }) {
      const toWords = uriInWords(to.uri, mask);
      const requestWords = uriInWords(requestUri, mask);
      const input = `To ${toWords}, Request-URI ${requestWords}`;
      for (const called of [to.uri, requestUri]) {
        const entry = findMatch(matchers, called);
        if (entry !== null) return { kind: 'pass', input, entry, called };
      }
      const miss = closestMiss(matchers, to.uri) ?? closestMiss(matchers, requestUri);
      const reason = `neither To ${toWords} nor Request-URI ${requestWords} matches an entry of ${lists}`;
      return forbid(input, miss === null ? reason : `${reason}; ${miss}`);
    },
  };
}
