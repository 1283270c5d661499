import type { CancelTimer, Clock } from '../base/clock.js';

/** One tick of the media clock: every packet time we send is a multiple of it. */
export const TICK_MS = 20;

/** `steps` is the number of ticks since the last call: 1, or more after the thread was held up. */
export type TickTask = (nowMs: number, steps: number) => void;

/**
 * The one timer of a media worker. Ticks stand on a grid of monotonic time that never moves, so that no error adds
 * up; the timer runs only while somebody listens. A task that throws is reported and does not keep the others from their tick.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #originMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #tasks = new Set<TickTask>();
  #cancel: CancelTimer | null = null;
  #ticks = 0;

  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#originMs = clock.monotonic();
    this.#onError = onError;
  }

  /** Calls `task` at every tick until the returned function is called. */
  add(task: TickTask): CancelTimer {
    this.#tasks.add(task);
    if (this.#cancel === null) {
      this.#ticks = this.#ticksAt(this.#clock.monotonic());
      this.#arm();
    }
    return () => {
      this.#tasks.delete(task);
      if (this.#tasks.size === 0) this.#stop();
    };
  }

  #arm(): void {
    const dueMs = this.#originMs + (this.#ticks + 1) * TICK_MS;
    // Timers cut fractions off; rounded up, the timer is never early and its error is not carried to the next tick.
    const delayMs = Math.max(1, Math.ceil(dueMs - this.#clock.monotonic()));
    this.#cancel = this.#clock.after(delayMs, () => this.#fire());
  }

  #fire(): void {
    const nowMs = this.#clock.monotonic();
    const ticks = this.#ticksAt(nowMs);
    const steps = ticks - this.#ticks;
    this.#ticks = ticks;
    this.#arm();
    if (steps === 0) return;
    for (const task of this.#tasks) {
      try {
        task(nowMs, steps);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  #ticksAt(nowMs: number): number {
    return Math.floor((nowMs - this.#originMs) / TICK_MS);
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
