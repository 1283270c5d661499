import { G711_RATE } from '../audio/g711.js';
import type { RtpPacket, Sink, Stage } from './stage.js';

/** RFC 3550 Appendix A.1. */
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;
/** A packet this far outside the stream is believed only when the stream itself has been quiet for so long. */
const RESTART_QUIET_MS = 200;
const CYCLE = 0x1_0000;
/** Sequence numbers remembered to recognise a duplicate. */
const WINDOW = 128;

/** What a report block needs to know of the stream (RFC 3550 §6.4.1). */
export interface ReceptionState {
  readonly ssrc: number;
  /** Extended highest sequence number, modulo 2^32. */
  readonly highest: number;
  readonly received: number;
  readonly expected: number;
  /** Interarrival jitter in timestamp units. */
  readonly jitter: number;
}

/**
 * Follows one RTP source: validity and loss by RFC 3550 A.1 and A.3, jitter by A.8, duplicates by a window. Another
 * SSRC, or a jump out of the window, takes over only after two packets in sequence and while the stream in force is
 * quiet, so that packets slipped into a running stream never reach the listener.
 */
export class RtpReceive implements Stage<RtpPacket> {
  readonly name = 'rtp-receive';
  readonly drops = { payload_type: 0, ssrc: 0, sequence: 0, duplicate: 0, misordered: 0 };
  readonly #next: Sink<RtpPacket>;
  #payloadTypes: readonly number[];
  readonly #seen = new Uint8Array(WINDOW);
  #ssrc: number | null = null;
  #highest = 0; // extended: cycles × 2^16 + sequence
  #base = 0;
  #received = 0;
  #lostBefore = { expected: 0, received: 0 };
  #acceptedMs = 0;
  #transit = 0;
  #jitter = 0;
  #candidateSsrc = 0;
  #candidateSequence = -1;

  constructor(next: Sink<RtpPacket>, payloadTypes: readonly number[]) {
    this.#next = next;
    this.#payloadTypes = payloadTypes;
  }

  /** The payload types of a re-negotiated stream. */
  accept(payloadTypes: readonly number[]): void {
    this.#payloadTypes = payloadTypes;
  }

  push(packet: RtpPacket): void {
    if (!this.#payloadTypes.includes(packet.payloadType)) this.drops.payload_type += 1;
    else if (this.#ssrc === null) this.#begin(packet);
    else if (packet.ssrc !== this.#ssrc) this.#consider(packet, 'ssrc');
    else this.#follow(packet);
  }

  close(): void {}

  /** The state for a report, or null before the first packet. */
  state(): ReceptionState | null {
    if (this.#ssrc === null) return null;
    return {
      ssrc: this.#ssrc,
      highest: this.#highest % 0x1_0000_0000,
      received: this.#received + this.#lostBefore.received,
      expected: this.#highest - this.#base + 1 + this.#lostBefore.expected,
      jitter: Math.floor(this.#jitter),
    };
  }

  #follow(packet: RtpPacket): void {
    const ahead = (packet.sequence - this.#highest) & 0xffff;
    // RFC 3550 A.1: in order, with a permissible gap.
    if (ahead !== 0 && ahead < MAX_DROPOUT) {
      this.#forget(this.#highest + 1, this.#highest + ahead);
      this.#highest += ahead;
      this.#take(packet, this.#highest);
    } else if (ahead === 0 || ahead > CYCLE - MAX_MISORDER) {
      this.#takeLate(packet, ahead === 0 ? this.#highest : this.#highest - CYCLE + ahead);
    } else {
      this.#consider(packet, 'sequence');
    }
  }

  #takeLate(packet: RtpPacket, extended: number): void {
    if (extended < this.#base) this.drops.misordered += 1;
    else if (this.#seen[extended % WINDOW] === 1) this.drops.duplicate += 1;
    else this.#take(packet, extended);
  }

  #take(packet: RtpPacket, extended: number): void {
    this.#seen[extended % WINDOW] = 1;
    this.#received += 1;
    this.#acceptedMs = packet.receivedMs;
    this.#candidateSequence = -1;
    this.#measure(packet);
    this.#next.push(packet);
  }

  /** RFC 3550 A.1: two packets in sequence make a source valid, or make a restart of the same one credible. */
  #consider(packet: RtpPacket, reason: 'ssrc' | 'sequence'): void {
    const inSequence = packet.ssrc === this.#candidateSsrc && packet.sequence === this.#candidateSequence;
    if (inSequence && packet.receivedMs - this.#acceptedMs >= RESTART_QUIET_MS) {
      this.#begin(packet);
      return;
    }
    this.drops[reason] += 1;
    this.#candidateSsrc = packet.ssrc;
    this.#candidateSequence = (packet.sequence + 1) & 0xffff;
  }

  #begin(packet: RtpPacket): void {
    const state = this.state();
    if (state !== null) this.#lostBefore = { expected: state.expected, received: state.received };
    this.#ssrc = packet.ssrc;
    this.#base = packet.sequence;
    this.#highest = packet.sequence;
    this.#received = 0;
    this.#seen.fill(0);
    this.#transit = packet.receivedMs * (G711_RATE / 1_000) - packet.timestamp;
    this.#take(packet, packet.sequence);
  }

  #forget(from: number, to: number): void {
    if (to - from >= WINDOW) this.#seen.fill(0);
    else for (let extended = from; extended <= to; extended += 1) this.#seen[extended % WINDOW] = 0;
  }

  /** RFC 3550 A.8. */
  #measure(packet: RtpPacket): void {
    const transit = packet.receivedMs * (G711_RATE / 1_000) - packet.timestamp;
    const difference = Math.abs(transit - this.#transit);
    this.#transit = transit;
    // A jump of the timestamp (wrap, talkspurt of another clock) is not jitter.
    if (difference < G711_RATE) this.#jitter += (difference - this.#jitter) / 16;
  }
}
