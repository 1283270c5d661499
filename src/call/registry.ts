import type { CallSession } from './session.js';

/**
 * The live calls: admission against the limit, look-up, and draining. A place is reserved before anything is opened,
 * so that a burst cannot pass the limit while it is being set up.
 */
export class CallRegistry {
  readonly #calls = new Map<string, CallSession>();
  readonly #maxCalls: number;
  #draining = false;
  #onEmpty: (() => void)[] = [];

  constructor(maxCalls: number) {
    this.#maxCalls = maxCalls;
  }

  get size(): number {
    return this.#calls.size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Whether another call may come in now. */
  get hasRoom(): boolean {
    return this.#calls.size < this.#maxCalls;
  }

  /** Adds a call; false when the limit is reached, the gateway drains, or the session id is taken. */
  add(call: CallSession): boolean {
    if (this.#draining || !this.hasRoom || this.#calls.has(call.sessionId)) return false;
    this.#calls.set(call.sessionId, call);
    return true;
  }

  remove(sessionId: string): void {
    if (!this.#calls.delete(sessionId) || this.#calls.size > 0) return;
    for (const resolve of this.#onEmpty.splice(0)) resolve();
  }

  all(): readonly CallSession[] {
    return [...this.#calls.values()];
  }

  /** From now on no call is added. Resolves when the last one has ended. */
  drain(): Promise<void> {
    this.#draining = true;
    return this.#calls.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  /** Ends every call with the given reason and resolves when all are gone. */
  async endAll(end: (call: CallSession) => void): Promise<void> {
    const empty = this.drain();
    for (const call of this.all()) end(call);
    await empty;
  }
}
