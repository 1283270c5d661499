import { GatewayError } from '../../base/errors.js';

/** Runs tasks, `width` at a time, first come first served. What would wait behind `maxWaiting` others is refused at once. */
export class WorkQueue {
  readonly #width: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(width: number, maxWaiting: number) {
    this.#width = width;
    this.#maxWaiting = maxWaiting;
  }

  /** The task's own result or error. Throws SPEECH_UNAVAILABLE without running it when the queue is full. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#width) await this.#turn();
    else this.#running += 1;
    try {
      return await task();
    } finally {
      // The place is handed over, not given up: nobody who comes now overtakes who waits.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new GatewayError('SPEECH_UNAVAILABLE', 'The embedded speech service is busy.');
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
