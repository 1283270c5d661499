/** Cancels the timer; calling it again does nothing. */
export type CancelTimer = () => void;

/** Time as the program sees it, so that tests can turn it by hand. */
export interface Clock {
  /** Wall time in milliseconds since the epoch; may jump. For records only. */
  now(): number;
  /** Monotonic milliseconds; for every duration and deadline. */
  monotonic(): number;
  /** Runs `task` once after `delayMs`. The timer does not keep the process alive. */
  after(delayMs: number, task: () => void): CancelTimer;
  /** Runs `task` every `periodMs`. The timer does not keep the process alive. */
  every(periodMs: number, task: () => void): CancelTimer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(periodMs, task) {
    const timer = setInterval(task, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};
