import type { CancelTimer, Clock } from '../base/clock.js';
import type { DialogSession } from './dialog/session.js';
import type { EdgeOwner } from './edge-application.js';
import type { ServerTransaction } from './transaction/contract.js';

/** How long an application may leave an INVITE without any answer. */
export const UNANSWERED_INVITE_MS = 64_000;
/** How long an INVITE may ring after the application's last provisional response. */
export const RINGING_INVITE_MS = 300_000;

/** A request that waits for the application's final response. */
export interface Pending {
  readonly transaction: ServerTransaction;
  readonly owner: EdgeOwner;
  /** The dialog that the request is in or makes. */
  readonly session: DialogSession | null;
  readonly conversation: string;
  /** Our To tag, where no dialog has one. */
  readonly localTag: string;
}

/** The requests at the application, with a limit on how long an INVITE may stay there. */
export class PendingRequests {
  readonly #clock: Clock;
  readonly #onOverdue: (pending: Pending) => void;
  readonly #pending = new Map<string, Pending>();
  readonly #limits = new Map<string, CancelTimer>();

  constructor(clock: Clock, onOverdue: (pending: Pending) => void) {
    this.#clock = clock;
    this.#onOverdue = onOverdue;
  }

  get(transactionId: string | null): Pending | undefined {
    return transactionId === null ? undefined : this.#pending.get(transactionId);
  }

  /** A copy: what is done with them takes them away. */
  ownedBy(owner: EdgeOwner): readonly Pending[] {
    return [...this.#pending.values()].filter((pending) => pending.owner === owner);
  }

  add(pending: Pending): void {
    this.#pending.set(pending.transaction.id, pending);
    this.#limit(pending, UNANSWERED_INVITE_MS);
  }

  /** The application sent a provisional response: it gets more time. */
  prolong(pending: Pending): void {
    this.#limit(pending, RINGING_INVITE_MS);
  }

  remove(pending: Pending): void {
    const { id } = pending.transaction;
    this.#limits.get(id)?.();
    this.#limits.delete(id);
    this.#pending.delete(id);
  }

  close(): void {
    for (const pending of [...this.#pending.values()]) this.remove(pending);
  }

  /** Other methods have the limit of their transaction (RFC 3261 §17.2.2). */
  #limit(pending: Pending, ms: number): void {
    const { id, request } = pending.transaction;
    if (request.method !== 'INVITE') return;
    this.#limits.get(id)?.();
    this.#limits.set(
      id,
      this.#clock.after(ms, () => this.#onOverdue(pending)),
    );
  }
}
