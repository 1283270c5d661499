import type { CancelTimer, Clock } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';

/** One abort signal out of a caller's signal and a time limit that can be restarted. `end()` forgets both. */
export class TimeLimit {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #outer: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #onAbort = (): void => this.#controller.abort(this.#outer?.reason);
  #cancel: CancelTimer | undefined;
  /** What is awaited, for the error text: a constant phrase. */
  awaited: string;

  constructor(clock: Clock, ms: number, awaited: string, outer?: AbortSignal) {
    this.#clock = clock;
    this.#ms = ms;
    this.awaited = awaited;
    this.#outer = outer;
    if (outer?.aborted === true) this.#onAbort();
    else outer?.addEventListener('abort', this.#onAbort, { once: true });
    this.restart();
  }

  /** Aborted with EGRESS_TIMEOUT when the time is over, or with the caller's reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The full time again, from now. */
  restart(): void {
    this.pause();
    this.#cancel = this.#clock.after(this.#ms, () =>
      this.#controller.abort(new GatewayError('EGRESS_TIMEOUT', `${this.awaited}: nothing within ${this.#ms} ms`)),
    );
  }

  /** Stops the time; the caller's signal still counts. */
  pause(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  end(): void {
    this.pause();
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }
}
