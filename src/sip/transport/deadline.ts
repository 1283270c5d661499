import type { CancelTimer, Clock } from '../../base/clock.js';

/**
 * One deadline that moves. Moving it later costs no timer: the running one fires, sees that it is early, and waits for
 * the rest. So a busy connection does not make a timer per message.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #expired: () => void;
  #dueAt = Infinity;
  #timerAt = Infinity;
  #cancel: CancelTimer | undefined;

  constructor(clock: Clock, expired: () => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** Expires `delayMs` from now, whatever was set before. */
  set(delayMs: number): void {
    this.#dueAt = this.#clock.monotonic() + delayMs;
    if (this.#timerAt > this.#dueAt) this.#arm();
  }

  /** Never expires until set again; no timer is left. */
  clear(): void {
    this.#dueAt = Infinity;
    this.#timerAt = Infinity;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    this.#cancel?.();
    this.#timerAt = this.#dueAt;
    this.#cancel = this.#clock.after(this.#dueAt - this.#clock.monotonic(), () => this.#fire());
  }

  #fire(): void {
    this.#timerAt = Infinity;
    this.#cancel = undefined;
    // A system timer may fire a fraction of a millisecond early; that much is not worth another round.
    if (this.#dueAt - this.#clock.monotonic() >= 1) return this.#arm();
    this.#dueAt = Infinity;
    this.#expired();
  }
}
