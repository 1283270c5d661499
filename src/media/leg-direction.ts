import type { MediaPlan } from '../call/ports.js';
import { isUnspecified, parseIp } from '../base/ip.js';

/** What a plan lets one leg do. */
export interface LegDirection {
  /** The peer's audio is meant for us. */
  readonly listening: boolean;
  /** We may send, and there is somewhere to send to. */
  readonly sending: boolean;
}

/**
 * What `plan` lets a leg do that began with `initial`. RFC 3264 §8.4: a peer that turns from sendrecv to sendonly (we:
 * recvonly) puts us on hold, and what it then sends is music. A peer that was sendonly from the start, as a SIPREC
 * recorder's client is, is listened to.
 */
export function directionOf(initial: MediaPlan['direction'], plan: MediaPlan): LegDirection {
  const listening = plan.direction === 'sendrecv' || (plan.direction === 'recvonly' && initial === 'recvonly');
  const target = parseIp(plan.remoteAddress);
  const reachable = target !== null && !isUnspecified(target);
  return { listening, sending: reachable && (plan.direction === 'sendrecv' || plan.direction === 'sendonly') };
}

/** Says once per silence that no packet came for too long. */
export class SilenceWatch {
  readonly #silenceMs: number;
  readonly #holdMs: number;
  #heardMs = 0;
  #told = false;

  constructor(limits: { readonly silenceMs: number; readonly holdMs: number }) {
    this.#silenceMs = limits.silenceMs;
    this.#holdMs = limits.holdMs;
  }

  /** A packet came, or the count begins anew. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#told = false;
  }

  /** Milliseconds of silence when the limit is passed for the first time, else null. */
  check(nowMs: number, listening: boolean): number | null {
    const silentMs = nowMs - this.#heardMs;
    if (this.#told || silentMs < (listening ? this.#silenceMs : this.#holdMs)) return null;
    this.#told = true;
    return Math.round(silentMs);
  }
}
