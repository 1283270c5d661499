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

let pending = 0;

/** Timers of the system clock that wait in this thread: what never comes down again was forgotten. */
export function pendingTimers(): number {
  return pending;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(() => {
      cancel();
      task();
    }, delayMs);
    const cancel = counted(() => clearTimeout(timer));
    timer.unref();
    return cancel;
  },
  every(periodMs, task) {
    const timer = setInterval(task, periodMs);
    timer.unref();
    return counted(() => clearInterval(timer));
  },
};

function counted(clear: () => void): CancelTimer {
  let waiting = true;
  pending += 1;
  return () => {
    if (!waiting) return;
    waiting = false;
    pending -= 1;
    clear();
  };
}
