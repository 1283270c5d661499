import { MAX_RTP_BYTES } from './rtp.js';
import type { Datagram, Sink, Stage } from './stage.js';

/** Packets per second one stream may have: 2.5 times that of 20 ms packets, which still admits 10 ms ones. */
const PACKETS_PER_SECOND = 125;
/** How many may come at once after the network held them back. */
const BURST_PACKETS = 60;

/** Refuses datagrams over the size cap and above the packet rate of one stream, by a token bucket. */
export class RateCap implements Stage<Datagram> {
  readonly name = 'rate-cap';
  readonly drops = { oversize: 0, rate: 0 };
  readonly #next: Sink<Datagram>;
  #tokens = BURST_PACKETS;
  #filledMs = 0;

  constructor(next: Sink<Datagram>) {
    this.#next = next;
  }

  push(datagram: Datagram): void {
    if (datagram.data.length > MAX_RTP_BYTES) {
      this.drops.oversize += 1;
      return;
    }
    const elapsedMs = Math.max(0, datagram.receivedMs - this.#filledMs);
    this.#filledMs = datagram.receivedMs;
    this.#tokens = Math.min(BURST_PACKETS, this.#tokens + (elapsedMs * PACKETS_PER_SECOND) / 1_000);
    if (this.#tokens < 1) {
      this.drops.rate += 1;
      return;
    }
    this.#tokens -= 1;
    this.#next.push(datagram);
  }

  close(): void {}
}
