import type { Clock } from '../base/clock.js';
import type { CodecName, MediaPlan } from '../call/ports.js';
import { decodeG711, encodeG711, SILENCE } from '../audio/g711.js';
import type { RtpEndpoint } from '../media/rtp-endpoint.js';
import { SpeechTracker } from './speech-tracker.js';

/** 100 ms of G.711: how long the end of a call may have to wait for the sender. */
const PIECE_BYTES = 800;
const LISTEN_EVERY_MS = 100;
const STILLNESS = new Int16Array(LISTEN_EVERY_MS * 8);

/** The audio of an answered call: what is said goes out in order, silence fills the rest, what comes is kept. */
export class Line {
  readonly #rtp: RtpEndpoint;
  readonly #plan: MediaPlan;
  readonly #clock: Clock;
  readonly #sayings: { readonly audio: Uint8Array; at: number; readonly said: () => void }[] = [];
  #heardBytes = 0;
  #over = false;

  constructor(rtp: RtpEndpoint, plan: MediaPlan, clock: Clock) {
    this.#rtp = rtp;
    this.#plan = plan;
    this.#clock = clock;
  }

  /** Says `samples` (8,000 per second) after what waits already; resolves when they are out or the call is over. */
  say(samples: Int16Array): Promise<void> {
    const audio = new Uint8Array(samples.length);
    encodeG711(this.#plan.codec, samples, audio);
    return new Promise((resolve) => {
      if (this.#over || audio.length === 0) resolve();
      else this.#sayings.push({ audio, at: 0, said: resolve });
    });
  }

  /**
   * Listens until somebody has spoken and then been silent for `silenceMs`. False when that did not happen within
   * `timeoutMs` or the call ended.
   */
  heardTurn(silenceMs: number, timeoutMs: number): Promise<boolean> {
    const tracker = new SpeechTracker();
    const deadline = this.#clock.monotonic() + timeoutMs;
    return new Promise((resolve) => {
      const cancel = this.#clock.every(LISTEN_EVERY_MS, () => {
        const heard = this.#newlyHeard();
        // A party that has nothing to say may send nothing.
        tracker.push(heard.length > 0 ? heard : STILLNESS);
        const turn = tracker.spokeMs > 0 && tracker.silentMs >= silenceMs;
        if (!turn && !this.#over && this.#clock.monotonic() < deadline) return;
        cancel();
        resolve(turn);
      });
    });
  }

  /** Resolves after `ms`. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  /** Everything heard so far, 8,000 samples per second. */
  heard(): Int16Array {
    return decoded(this.#plan.codec, this.#rtp.audio(this.#plan.payloadType));
  }

  /** Sends until `end`. */
  async run(): Promise<void> {
    const { payloadType, codec, remoteAddress: address, remotePort: port } = this.#plan;
    const silence = new Uint8Array(PIECE_BYTES).fill(SILENCE[codec]);
    while (!this.#over) await this.#rtp.sendG711([this.#nextPiece() ?? silence], payloadType, { address, port });
    for (const { said } of this.#sayings.splice(0)) said();
  }

  end(): void {
    this.#over = true;
  }

  #nextPiece(): Uint8Array | null {
    const [saying] = this.#sayings;
    if (saying === undefined) return null;
    if (saying.at >= saying.audio.length) {
      this.#sayings.shift();
      saying.said();
      return this.#nextPiece();
    }
    const piece = saying.audio.subarray(saying.at, saying.at + PIECE_BYTES);
    saying.at += PIECE_BYTES;
    return piece;
  }

  #newlyHeard(): Int16Array {
    const all = this.#rtp.audio(this.#plan.payloadType);
    const piece = all.subarray(this.#heardBytes);
    this.#heardBytes = all.length;
    return decoded(this.#plan.codec, piece);
  }
}

function decoded(codec: CodecName, payload: Uint8Array): Int16Array {
  const samples = new Int16Array(payload.length);
  decodeG711(codec, payload, samples);
  return samples;
}
