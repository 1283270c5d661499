import { randomInt } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { randomToken } from '../base/random.js';
import { parseRtcp, type ReportBlock, type SenderState, writeBye, writeReport } from './rtcp.js';
import type { ReceptionState } from './rtp-receive.js';
import type { Datagram } from './stage.js';

/** RFC 3550 §6.2: the least interval between compound packets. */
const INTERVAL_MS = 5_000;

export interface RtcpSources {
  /** Our stream now, without the wall time. */
  sender(): Omit<SenderState, 'wallMs'>;
  /** The peer's stream, or null while there is none. */
  reception(): ReceptionState | null;
  send(packet: Buffer): void;
}

/** Sends reports about one leg and takes those of its peer. */
export class RtcpSession {
  readonly drops = { rtcp_malformed: 0, rtcp_oversize: 0 };
  readonly #clock: Clock;
  readonly #sources: RtcpSources;
  // RFC 7022 §4.2: a short-lived random name, so that it names nobody and no machine.
  readonly #cname = randomToken(12);
  #dueMs = Number.POSITIVE_INFINITY;
  #lastSr = 0;
  #lastSrMs = 0;
  #reported = { expected: 0, received: 0 };

  constructor(clock: Clock, sources: RtcpSources) {
    this.#clock = clock;
    this.#sources = sources;
  }

  /** Begins to report. RFC 3550 §6.2: half the interval before the first report. */
  start(): void {
    this.#dueMs = this.#clock.monotonic() + randomInterval() / 2;
  }

  /** Takes a datagram from the RTCP port; the caller has checked its source. */
  receive(datagram: Datagram): void {
    const facts = parseRtcp(datagram.data);
    if (typeof facts === 'string') this.drops[facts] += 1;
    else if (facts.lastSr !== null) {
      this.#lastSr = facts.lastSr;
      this.#lastSrMs = datagram.receivedMs;
    }
  }

  tick(nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + randomInterval();
    this.#sources.send(writeReport(this.#sender(), this.#block(nowMs), this.#cname));
  }

  /** Says good-bye, when reports had begun. */
  bye(): void {
    if (this.#dueMs === Number.POSITIVE_INFINITY) return;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#sources.send(writeBye(this.#sender(), this.#block(this.#clock.monotonic()), this.#cname));
  }

  #sender(): SenderState {
    return { ...this.#sources.sender(), wallMs: this.#clock.now() };
  }

  /** RFC 3550 A.3: the fraction lost counts since the last report. */
  #block(nowMs: number): ReportBlock | null {
    const state = this.#sources.reception();
    if (state === null) return null;
    const expected = state.expected - this.#reported.expected;
    const lost = expected - (state.received - this.#reported.received);
    this.#reported = { expected: state.expected, received: state.received };
    return {
      state,
      fractionLost: expected === 0 || lost <= 0 ? 0 : Math.floor((lost * 256) / expected),
      lastSr: this.#lastSr,
      delay: this.#lastSr === 0 ? 0 : Math.floor(((nowMs - this.#lastSrMs) * 65_536) / 1_000),
    };
  }
}

/** RFC 3550 §6.3.1: between half and one and a half times the interval, so that reports do not march in step. */
function randomInterval(): number {
  return INTERVAL_MS / 2 + randomInt(INTERVAL_MS);
}
