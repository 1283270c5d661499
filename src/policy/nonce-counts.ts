/** What a nonce count is worth. `forgotten`: its nonce may have been used, but we no longer know with which counts. */
export type CountState = 'fresh' | 'replayed' | 'forgotten';

interface Window {
  readonly issued: number;
  /** The highest count seen. */
  top: number;
  /** Bit n: count `top - n` was seen. */
  seen: bigint;
}

const WINDOW_BITS = 64;
export const DEFAULT_MAX_NONCES = 100_000;

/**
 * Remembers which nonce counts were used (RFC 7616 §3.4, `nc`), only for nonces that authenticated somebody, in a window
 * of 64 counts so that one client may send on several connections at once. At most `maxNonces` are kept; the ones used
 * longest ago go first, and from then on no unknown nonce that is as old as a forgotten one is believed to be unused.
 */
export class NonceCounts {
  readonly #windows = new Map<string, Window>();
  readonly #maxNonces: number;
  #forgottenUpTo = Number.NEGATIVE_INFINITY;

  constructor(maxNonces: number = DEFAULT_MAX_NONCES) {
    this.#maxNonces = maxNonces;
  }

  /** Nonces remembered. */
  get size(): number {
    return this.#windows.size;
  }

  /** Uses up the count `nc` of a nonce issued at `issued` (wall ms). Call it only once the response was right. */
  use(nonce: string, issued: number, nc: number): CountState {
    if (nc === 0) return 'replayed'; // RFC 7616 §3.4: the first request has count 1.
    const window = this.#windows.get(nonce);
    if (window === undefined) {
      if (issued <= this.#forgottenUpTo) return 'forgotten';
      this.#remember(nonce, { issued, top: nc, seen: 1n });
      return 'fresh';
    }
    if (!mark(window, nc)) return 'replayed';
    this.#windows.delete(nonce);
    this.#remember(nonce, window);
    return 'fresh';
  }

  #remember(nonce: string, window: Window): void {
    this.#windows.set(nonce, window);
    if (this.#windows.size <= this.#maxNonces) return;
    for (const [oldest, { issued }] of this.#windows) {
      this.#windows.delete(oldest);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, issued);
      return;
    }
  }
}

/** Marks a count as seen; false when it was seen before or lies below the window. */
function mark(window: Window, nc: number): boolean {
  const ahead = nc - window.top;
  if (ahead > 0) {
    window.seen = ahead >= WINDOW_BITS ? 1n : BigInt.asUintN(WINDOW_BITS, window.seen << BigInt(ahead)) | 1n;
    window.top = nc;
    return true;
  }
  if (-ahead >= WINDOW_BITS) return false;
  const bit = 1n << BigInt(-ahead);
  if ((window.seen & bit) !== 0n) return false;
  window.seen |= bit;
  return true;
}
