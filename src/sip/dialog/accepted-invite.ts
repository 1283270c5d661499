import type { CancelTimer, Clock } from '../../base/clock.js';
import { doubledUpToT2, T1_MS, TRANSACTION_MS } from '../transaction/timers.js';

export interface AcceptedInviteEvents {
  /** Send the 2xx again. */
  onResend(): void;
  /** 64*T1 without ACK. */
  onExpired(): void;
}

/**
 * An INVITE that was answered 2xx and waits for its ACK. RFC 3261 §13.3.1.4: the UAS core repeats the 2xx itself, from
 * T1 doubling to T2, on every transport (there may be UDP hops beyond a reliable one), and gives up after 64*T1.
 */
export class AcceptedInvite {
  readonly #clock: Clock;
  readonly #events: AcceptedInviteEvents;
  #cancelResend: CancelTimer;
  readonly #cancelLimit: CancelTimer;

  /** Starts at once: the 2xx was just sent for the first time. */
  constructor(clock: Clock, events: AcceptedInviteEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#cancelLimit = clock.after(TRANSACTION_MS, () => {
      this.stop();
      events.onExpired();
    });
    this.#cancelResend = this.#resendAfter(T1_MS);
  }

  /** The ACK came, or the dialog is over. Idempotent. */
  stop(): void {
    this.#cancelResend();
    this.#cancelLimit();
  }

  #resendAfter(intervalMs: number): CancelTimer {
    return this.#clock.after(intervalMs, () => {
      this.#cancelResend = this.#resendAfter(doubledUpToT2(intervalMs));
      this.#events.onResend();
    });
  }
}
