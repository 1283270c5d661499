import { randomInt } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';

/** How the pairs of a pool are used. */
export interface PortCounts {
  readonly total: number;
  readonly inUse: number;
  readonly resting: number;
}

/**
 * The pairs of UDP ports for media: RTP even, RTCP the next (RFC 3550 §11). A pair is picked at random, so that the next
 * call's port cannot be guessed, and rests after use, so that stray packets of one call do not reach the next.
 */
export class PortPool {
  readonly #clock: Clock;
  readonly #quarantineMs: number;
  readonly #free: number[] = [];
  readonly #used = new Set<number>();
  readonly #resting: { readonly port: number; readonly untilMs: number }[] = [];

  /** `range` is inclusive. */
  constructor(range: { readonly min: number; readonly max: number }, quarantineMs: number, clock: Clock) {
    this.#clock = clock;
    this.#quarantineMs = quarantineMs;
    for (let port = range.min + (range.min % 2); port + 1 <= range.max; port += 2) this.#free.push(port);
  }

  /** The RTP port of a free pair. Throws GatewayError MEDIA_NO_PORT. */
  acquire(): number {
    this.#reclaim();
    if (this.#free.length === 0) throw new GatewayError('MEDIA_NO_PORT');
    const index = randomInt(this.#free.length);
    const port = this.#free[index] ?? 0;
    const last = this.#free.pop() ?? 0;
    if (index < this.#free.length) this.#free[index] = last;
    this.#used.add(port);
    return port;
  }

  /** Gives a pair back; it rests first. A port that is not in use is ignored. */
  release(port: number): void {
    if (!this.#used.delete(port)) return;
    this.#resting.push({ port, untilMs: this.#clock.monotonic() + this.#quarantineMs });
  }

  counts(): PortCounts {
    this.#reclaim();
    const [inUse, resting] = [this.#used.size, this.#resting.length];
    return { total: this.#free.length + inUse + resting, inUse, resting };
  }

  #reclaim(): void {
    const nowMs = this.#clock.monotonic();
    const ready = this.#resting.findIndex(({ untilMs }) => untilMs > nowMs);
    for (const { port } of this.#resting.splice(0, ready < 0 ? this.#resting.length : ready)) this.#free.push(port);
  }
}
