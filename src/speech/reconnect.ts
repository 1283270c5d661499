import { ERROR_TABLE, type ErrorCode } from '../base/error-table.js';
import { type Backoff, backoffMs } from '../egress/backoff.js';

const QUICK: Backoff = { minMs: 250, maxMs: 2_000 };
const QUICK_TRIES = 4;
const SLOW: Backoff = { minMs: 5_000, maxMs: 5_000 };
/** After a refusal that trying again does not cure by itself: wrong credentials, a wrong certificate. */
const REFUSED: Backoff = { minMs: 30_000, maxMs: 30_000 };

/**
 * Milliseconds to wait before connecting again. `failures` counts the failed attempts in a row, this one included:
 * four quick tries, then one every five seconds; half a minute where the service or the proxy refused us.
 */
export function reconnectMs(code: ErrorCode, failures: number, random: number): number {
  if (!ERROR_TABLE[code].retryable) return backoffMs(REFUSED, 1, random);
  return failures <= QUICK_TRIES ? backoffMs(QUICK, failures, random) : backoffMs(SLOW, 1, random);
}
