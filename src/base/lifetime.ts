/**
 * Owns everything that lives as long as one call, connection or server: what is deferred is undone once, in reverse
 * order, when the lifetime ends. Ending is idempotent and a failing cleanup does not stop the others.
 */
export class Lifetime {
  readonly #cleanups: (() => void | Promise<void>)[] = [];
  readonly #controller = new AbortController();
  readonly #onError: (error: unknown) => void;
  #ending: Promise<void> | undefined;

  constructor(onError: (error: unknown) => void = () => {}) {
    this.#onError = onError;
  }

  /** Aborted when the lifetime begins to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /** Registers a cleanup. On an ended lifetime it runs at once, so that nothing is acquired and forgotten. */
  defer(cleanup: () => void | Promise<void>): void {
    if (this.#ending === undefined) this.#cleanups.push(cleanup);
    else void this.#run(cleanup);
  }

  /** Ends the lifetime and waits for its cleanups. */
  end(reason?: unknown): Promise<void> {
    this.#ending ??= this.#unwind(reason);
    return this.#ending;
  }

  async #unwind(reason: unknown): Promise<void> {
    await Promise.resolve(); // `ended` must already be true for whoever reacts to the abort
    this.#controller.abort(reason);
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      await this.#run(cleanup);
    }
  }

  async #run(cleanup: () => void | Promise<void>): Promise<void> {
    try {
      await cleanup();
    } catch (error) {
      this.#onError(error);
    }
  }
}
