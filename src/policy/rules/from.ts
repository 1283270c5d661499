import { findMatch, type Matcher } from '../matchers.js';
import { closestMiss, listNames, uriInWords } from '../misses.js';
import type { Policy } from '../policy.js';
import type { MaskMode } from '../record.js';
import { forbid } from './refusals.js';

/** The From URI must match an entry; the display name, which anybody may choose, never counts. */
export function fromPolicy(matchers: readonly Matcher[], mask: MaskMode): Policy {
  const lists = listNames(matchers);
  return {
    name: 'from',
    describe: () => `The From URI must match one of ${matchers.length} entries of ${lists}; others get 403.`,
    judge({ from }) {
      const words = uriInWords(from.uri, mask);
      const input = `From ${words}`;
      const entry = findMatch(matchers, from.uri);
      if (entry !== null) return { kind: 'pass', input, entry };
      const miss = closestMiss(matchers, from.uri);
      return forbid(input, `From ${words} matches no entry of ${lists}${miss === null ? '' : `; ${miss}`}`);
    },
  };
}
