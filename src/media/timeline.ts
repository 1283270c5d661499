import type { MediaPlan } from '../call/ports.js';
import { G711_RATE, SILENCE } from '../audio/g711.js';
import type { RtpPacket, Sink, Stage } from './stage.js';

const SAMPLES_PER_MS = G711_RATE / 1_000;
/** So long after audio was due, silence takes its place: late enough for a jitter spike to be heard whole. */
const LAG = 400 * SAMPLES_PER_MS;
/** A gap is not filled when that would put the timeline further ahead of the clock than this. */
const LEAD = 400 * SAMPLES_PER_MS;
/** Audio this far ahead of the clock is refused, so that no sender makes time run faster. */
const MAX_LEAD = 2_000 * SAMPLES_PER_MS;
/** A timestamp this far behind was not late: the sender's clock stood still (hold) or began anew. */
const RESYNC = 2_000 * SAMPLES_PER_MS;
/** Silence is handed on in packets of 20 ms. */
const SILENCE_STEP = 20 * SAMPLES_PER_MS;

/** What of a plan says how audio comes. */
export type AudioPlan = Pick<MediaPlan, 'codec' | 'payloadType'>;

/**
 * Turns packets in sequence into an unbroken stream of G.711 bytes whose position is the time since its first byte:
 * what is missing by the RTP timestamps, or does not come at all, is silence. Payloads pass bit for bit.
 *
 * Position normally follows the timestamps. Where those cannot be believed (new SSRC, pause of the sender's clock,
 * a jump ahead of real time) it follows the arrival time.
 */
export class Timeline implements Stage<RtpPacket> {
  readonly name = 'timeline';
  readonly drops = { late: 0 };
  readonly #next: Sink<Uint8Array>;
  #silence = new Uint8Array(SILENCE_STEP);
  #payloadType = 0;
  #beginMs: number | null = null;
  #position = 0;
  #ssrc: number | null = null;
  #nextTimestamp = 0;

  constructor(next: Sink<Uint8Array>, format: AudioPlan) {
    this.#next = next;
    this.accept(format);
  }

  /** When the stream's first byte was, monotonic milliseconds; null while there is none. */
  get beginMs(): number | null {
    return this.#beginMs;
  }

  /** The audio of a re-negotiated stream. */
  accept({ codec, payloadType }: AudioPlan): void {
    this.#payloadType = payloadType;
    this.#silence.fill(SILENCE[codec]);
  }

  /** Places the next packet by its arrival: its timestamps have no relation to those before (hold ended). */
  resync(): void {
    this.#ssrc = null;
  }

  push(packet: RtpPacket): void {
    // Comfort noise (RFC 3389) says that nothing is said: the silence comes by itself.
    if (packet.payloadType !== this.#payloadType) return;
    this.#beginMs ??= packet.receivedMs;
    const now = (packet.receivedMs - this.#beginMs) * SAMPLES_PER_MS;
    if (this.#position > now + MAX_LEAD) {
      this.drops.late += 1;
      return;
    }
    const gap = (packet.timestamp - this.#nextTimestamp) | 0;
    const believable = packet.ssrc === this.#ssrc && gap > -RESYNC && this.#position + gap <= now + LEAD;
    const target = believable ? this.#position + gap : now;
    if (target > this.#position) this.#fill(Math.round(target) - this.#position);
    this.#ssrc = packet.ssrc;
    this.#position += packet.payload.length;
    this.#nextTimestamp = (packet.timestamp + packet.payload.length) >>> 0;
    this.#next.push(packet.payload);
  }

  /** Fills with silence what did not come, counted from `answeredMs` when nothing ever came. */
  tick(nowMs: number, answeredMs: number): void {
    const beginMs = this.#beginMs ?? answeredMs;
    const missing = (nowMs - beginMs) * SAMPLES_PER_MS - this.#position - LAG;
    if (missing < SILENCE_STEP) return;
    this.#beginMs = beginMs;
    this.#fill(Math.floor(missing / SILENCE_STEP) * SILENCE_STEP);
  }

  close(): void {}

  #fill(samples: number): void {
    for (let left = samples; left > 0; left -= SILENCE_STEP) {
      this.#next.push(left >= SILENCE_STEP ? this.#silence : this.#silence.subarray(0, left));
    }
    this.#position += samples;
    this.#nextTimestamp = (this.#nextTimestamp + samples) >>> 0;
  }
}
