/** Exponential back-off: `minMs`, twice that, … up to `maxMs`. */
export interface Backoff {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait before attempt `attempt` (1 is the first repetition). `random` is in 0..1: the delay lies
 * between three quarters and the whole of its step, so that many clients do not come back in the same instant.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: number): number {
  const step = Math.min(backoff.maxMs, backoff.minMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(step * (0.75 + 0.25 * random));
}
