import type { RtpPacket, Sink, Stage } from './stage.js';

/** RFC 4733 §2.3: event, flags and volume, duration. */
const EVENT_BYTES = 4;
/** RFC 4733 §3.2: events 0–15 are the DTMF keys. */
const LAST_KEY = 15;

/**
 * Takes RFC 4733 telephone events out of the stream and says once per key press that a key was pressed. Which key it
 * was stays here: it is compared, never stored beyond the event, logged or handed on.
 */
export class DtmfStage implements Stage<RtpPacket> {
  readonly name = 'dtmf';
  readonly drops = { dtmf_malformed: 0 };
  readonly #next: Sink<RtpPacket>;
  readonly #onKey: () => void;
  #payloadType: number | null;
  #ssrc = 0;
  #startedAt = -1;
  #event = -1;
  #duration = 0;
  #ended = true;

  constructor(next: Sink<RtpPacket>, payloadType: number | null, onKey: () => void) {
    this.#next = next;
    this.#payloadType = payloadType;
    this.#onKey = onKey;
  }

  /** The payload type of a re-negotiated stream. */
  accept(payloadType: number | null): void {
    this.#payloadType = payloadType;
  }

  push(packet: RtpPacket): void {
    if (packet.payloadType !== this.#payloadType) this.#next.push(packet);
    else if (packet.payload.length < EVENT_BYTES) this.drops.dtmf_malformed += 1;
    else this.#handle(packet);
  }

  close(): void {}

  #handle({ payload, ssrc, timestamp }: RtpPacket): void {
    const event = payload[0] ?? 0;
    const duration = ((payload[2] ?? 0) << 8) | (payload[3] ?? 0);
    // RFC 4733 §2.5.1.2: all packets of one event carry the timestamp of its start.
    const same = ssrc === this.#ssrc && timestamp === this.#startedAt && event === this.#event;
    const continued = !same && this.#continues(event, ssrc, timestamp);
    this.#ssrc = ssrc;
    this.#event = event;
    this.#startedAt = timestamp;
    this.#duration = same ? Math.max(this.#duration, duration) : duration;
    this.#ended = (same && this.#ended) || ((payload[1] ?? 0) & 0x80) !== 0;
    if (!same && !continued && event <= LAST_KEY) this.#onKey();
  }

  /** RFC 4733 §2.5.1.3: a long event goes on in a segment that starts where the one before stopped. */
  #continues(event: number, ssrc: number, timestamp: number): boolean {
    return (
      !this.#ended &&
      event === this.#event &&
      ssrc === this.#ssrc &&
      timestamp === (this.#startedAt + this.#duration) >>> 0
    );
  }
}
