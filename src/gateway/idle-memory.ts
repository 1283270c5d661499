import type { CancelTimer, Clock } from '../base/clock.js';

/**
 * When memory is given back after the last call: soon, and once more when the transactions that outlive a call (RFC 3261
 * Timers H and L: 32 s) are gone.
 */
export const IDLE_MS: readonly number[] = [10_000, 45_000];

/** Gives memory back after the last call has ended, unless another comes first. */
export class IdleMemory {
  readonly #clock: Clock;
  readonly #giveBack: () => void;
  #timers: CancelTimer[] = [];

  constructor(clock: Clock, giveBack: () => void) {
    this.#clock = clock;
    this.#giveBack = giveBack;
  }

  /** A call has come. */
  busy(): void {
    for (const cancel of this.#timers.splice(0)) cancel();
  }

  /** The last call has ended. */
  idle(): void {
    this.busy();
    this.#timers = IDLE_MS.map((delayMs) => this.#clock.after(delayMs, this.#giveBack));
  }
}
