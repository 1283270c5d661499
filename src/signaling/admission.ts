import type { Clock } from '../base/clock.js';
import type { Verdict } from '../policy/policy.js';
import type { SipRequest } from '../sip/message/types.js';

/** Where a request came from and where it reached us; addresses are canonical text. */
export interface AdmittedPeer {
  readonly address: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly listener: string;
  readonly localAddress: string;
}

/** A request that the policy let in: what was judged, and the verdict. Signaling acts on this and on nothing else. */
export interface Admission {
  readonly request: SipRequest;
  readonly peer: AdmittedPeer;
  readonly verdict: Verdict;
}

/** Longest time between the edge's verdict and the application asking for it. */
const KEEP_MS = 70_000;

/**
 * Carries verdicts from the embedded edge to the application under the transaction id. What is never fetched (a caller
 * that cancelled first) is forgotten after a while.
 */
export class AdmissionDesk {
  readonly #clock: Clock;
  readonly #admissions = new Map<string, { readonly admission: Admission; readonly expires: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#admissions.size;
  }

  put(transactionId: string, admission: Admission): void {
    const now = this.#clock.monotonic();
    // Entries stand in order of age, so only expired ones at the front are looked at.
    for (const [id, { expires }] of this.#admissions) {
      if (expires > now) break;
      this.#admissions.delete(id);
    }
    this.#admissions.set(transactionId, { admission, expires: now + KEEP_MS });
  }

  /** The admission of that transaction, once. */
  take(transactionId: string): Admission | null {
    const found = this.#admissions.get(transactionId);
    this.#admissions.delete(transactionId);
    return found?.admission ?? null;
  }
}
