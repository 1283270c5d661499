import type { CancelTimer, Clock } from '../base/clock.js';

/** How long there must have been no call. */
export const IDLE_MS = 10_000;

/** Gives memory back once after the last call has ended and none has come for a while. */
export class IdleMemory {
  readonly #clock: Clock;
  readonly #giveBack: () => void;
  #cancel: CancelTimer = () => {};

  constructor(clock: Clock, giveBack: () => void) {
    this.#clock = clock;
    this.#giveBack = giveBack;
  }

  /** A call has come. */
  busy(): void {
    this.#cancel();
  }

  /** The last call has ended. */
  idle(): void {
    this.#cancel();
    this.#cancel = this.#clock.after(IDLE_MS, this.#giveBack);
  }
}
