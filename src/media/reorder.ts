import { emptyRtpPacket, PayloadStore } from './rtp.js';
import type { RtpPacket, Sink, Stage } from './stage.js';

/** Packets that may wait for a missing one: 120 ms of 10 ms packets, and a little. A power of two. */
const SLOTS = 16;
/** RFC 3550 A.1 lets a packet come at most so late; one further back belongs to a restarted stream. */
const MAX_MISORDER = 100;

interface Slot {
  full: boolean;
  readonly packet: RtpPacket;
  readonly store: PayloadStore;
}

/**
 * Puts packets into sequence. One that comes in order passes at once; when one is missing, those behind it wait for it
 * until `holdMs` after the first of them came. Loss is not filled here: the timeline sees it in the timestamps.
 */
export class Reorder implements Stage<RtpPacket> {
  readonly name = 'reorder';
  readonly drops = { late: 0 };
  readonly #next: Sink<RtpPacket>;
  readonly #holdMs: number;
  readonly #slots: (Slot | undefined)[] = [];
  #held = 0;
  #ssrc: number | null = null;
  #expected = 0;

  /** `holdMs`: 40–120. */
  constructor(next: Sink<RtpPacket>, holdMs = 80) {
    this.#next = next;
    this.#holdMs = holdMs;
  }

  push(packet: RtpPacket): void {
    if (packet.ssrc !== this.#ssrc) this.#restart(packet);
    const ahead = ((packet.sequence - this.#expected) << 16) >> 16;
    if (ahead === 0) {
      this.#hand(packet);
      this.#drain();
    } else if (ahead >= SLOTS || ahead < -MAX_MISORDER) {
      this.#restart(packet);
      this.#hand(packet);
    } else if (ahead > 0) this.#hold(packet);
    else this.drops.late += 1;
  }

  /** Gives up on packets that did not come in time. */
  tick(nowMs: number): void {
    while (this.#held > 0 && nowMs - this.#oldestMs() >= this.#holdMs) this.#skip();
  }

  /** Hands on what still waits. */
  close(): void {
    while (this.#held > 0) this.#skip();
  }

  #hand(packet: RtpPacket): void {
    this.#expected = (packet.sequence + 1) & 0xffff;
    this.#next.push(packet);
  }

  #hold(packet: RtpPacket): void {
    const index = packet.sequence % SLOTS;
    const slot = (this.#slots[index] ??= { full: false, packet: emptyRtpPacket(), store: new PayloadStore() });
    const { payload } = packet;
    Object.assign(slot.packet, packet);
    slot.packet.payload = slot.store.hold(payload, 0, payload.length);
    slot.full = true;
    this.#held += 1;
  }

  #drain(): void {
    for (let slot = this.#takeExpected(); slot !== undefined; slot = this.#takeExpected()) this.#hand(slot.packet);
  }

  #takeExpected(): Slot | undefined {
    const slot = this.#held === 0 ? undefined : this.#slots[this.#expected % SLOTS];
    if (slot === undefined || !slot.full) return undefined;
    slot.full = false;
    this.#held -= 1;
    return slot;
  }

  /** When the packet came that waits longest. */
  #oldestMs(): number {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots) if (slot?.full === true) oldestMs = Math.min(oldestMs, slot.packet.receivedMs);
    return oldestMs;
  }

  /** Moves on to the first packet that waits, and to those in sequence with it. */
  #skip(): void {
    while (!this.#slots[this.#expected % SLOTS]?.full) this.#expected = (this.#expected + 1) & 0xffff;
    this.#drain();
  }

  #restart(packet: RtpPacket): void {
    this.close();
    this.#ssrc = packet.ssrc;
    this.#expected = packet.sequence;
  }
}
