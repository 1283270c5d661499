/** RFC 3261 §17.1.1.1 and table 4: the round-trip estimate all others are multiples of, in milliseconds. */
export const T1_MS = 500;
/** The longest interval between retransmissions of a non-INVITE request or an INVITE final response. */
export const T2_MS = 4_000;
/** How long a message can stay in the network. */
export const T4_MS = 5_000;
/** 64*T1: timers B, F, H, J, L and M. After this long the other side has given up. */
export const TRANSACTION_MS = 64 * T1_MS;
/** Timer D over UDP: "at least 32 seconds". */
export const TIMER_D_MS = 32_000;

/**
 * The timers of RFC 3261 table 4 and RFC 6026 by letter. `C` is a proxy's and missing here. `unanswered` and `cancelled`
 * are not lettered by the RFC: they bound a non-INVITE request that nobody answers, and an INVITE whose CANCEL (§9.1)
 * brings no final response.
 */
export type TimerName =
  'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M' | 'unanswered' | 'cancelled';

/** RFC 3261 §17.1.2.2, §17.2.1: the next interval of timers E and G is MIN(2*T, T2). */
export function doubledUpToT2(intervalMs: number): number {
  return Math.min(2 * intervalMs, T2_MS);
}
