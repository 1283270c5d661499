import type { CancelTimer, Clock } from '../../src/base/clock.js';

interface Timer {
  due: number;
  readonly order: number;
  readonly periodMs: number | null;
  readonly task: () => void;
}

/** A clock that stands still until told otherwise. Timers run in due order, inside `advance`. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #elapsed = 0;
  #wallOffset: number;
  #order = 0;

  constructor(startAt = Date.UTC(2026, 0, 1)) {
    this.#wallOffset = startAt;
  }

  /** Timers that still wait: zero means that nothing was forgotten. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#wallOffset + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(delayMs: number, task: () => void): CancelTimer {
    return this.#add(delayMs, null, task);
  }

  every(periodMs: number, task: () => void): CancelTimer {
    return this.#add(periodMs, periodMs, task);
  }

  /** Moves time forward, running every timer that falls due on the way. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#elapsed = Math.max(this.#elapsed, timer.due);
      if (timer.periodMs === null) this.#timers.delete(timer);
      else timer.due += timer.periodMs;
      timer.task();
    }
    this.#elapsed = end;
  }

  /** Makes wall time jump without running timers. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms;
  }

  #add(delayMs: number, periodMs: number | null, task: () => void): CancelTimer {
    const timer: Timer = { due: this.#elapsed + delayMs, order: this.#order++, periodMs, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (first === undefined || timer.due < first.due || (timer.due === first.due && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}
