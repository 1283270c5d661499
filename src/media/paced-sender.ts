import { randomInt } from 'node:crypto';
import type { CodecName } from '../call/ports.js';
import { G711_RATE, SILENCE } from '../audio/g711.js';
import { RTP_HEADER_BYTES, writeRtpHeader } from './rtp.js';
import { TICK_MS } from './ticker.js';

/** What the sender asks for audio: fills the front of `out`, returns how many bytes; 0 when there is nothing to say. */
export interface FrameSource {
  read(out: Uint8Array): number;
}

/** What the sender needs of a plan. */
export interface SendFormat {
  readonly codec: CodecName;
  readonly payloadType: number;
  readonly ptimeMs: number;
}

/** After a stall at most this many packets go out at once; the time of the others passes unsent. */
const MAX_BURST = 2;
/** The socket may still hold a packet when the next is due; each buffer comes round after so many. */
const BUFFERS = 4;

/**
 * Sends one RTP stream at the pace of the ticker: audio of `source`, silence where it has none, so that NATs stay open
 * and the peer hears no dead line. Timestamps count all time, sent or not (RFC 3550 §5.1); the marker stands where
 * speech begins and where the stream resumes (RFC 3551 §4.1).
 */
export class PacedSender {
  readonly #source: FrameSource;
  readonly #send: (packet: Buffer) => void;
  readonly #header = { payloadType: 0, marker: false, sequence: randomInt(0x1_0000), timestamp: 0, ssrc: 0 };
  #buffers: readonly { readonly packet: Buffer; readonly payload: Uint8Array }[] = [];
  #silence = 0;
  #ticksPerPacket = 1;
  #ticksDue = 0;
  #talking = false;
  #resumed = true;
  #enabled = true;
  #count = 0;
  #bytes = 0;

  /** `send` must be done with the packet before four more are sent. */
  constructor(source: FrameSource, format: SendFormat, send: (packet: Buffer) => void) {
    this.#source = source;
    this.#send = send;
    // RFC 3550 §5.1: SSRC and the initial values are random.
    this.#header.ssrc = randomInt(0x1_0000_0000);
    this.#header.timestamp = randomInt(0x1_0000_0000);
    this.configure(format);
  }

  get ssrc(): number {
    return this.#header.ssrc;
  }

  get packetsSent(): number {
    return this.#count;
  }

  /** Payload bytes sent. */
  get bytesSent(): number {
    return this.#bytes;
  }

  /** Timestamp of the next packet, for sender reports. */
  get timestamp(): number {
    return this.#header.timestamp;
  }

  /** Payload bytes of one packet. */
  get packetBytes(): number {
    return this.#ticksPerPacket * TICK_MS * (G711_RATE / 1_000);
  }

  /** Takes the format of a re-negotiated plan. */
  configure({ codec, payloadType, ptimeMs }: SendFormat): void {
    this.#header.payloadType = payloadType;
    this.#silence = SILENCE[codec];
    this.#ticksPerPacket = Math.max(1, Math.round(ptimeMs / TICK_MS));
    this.#buffers = Array.from({ length: BUFFERS }, () => {
      const packet = Buffer.alloc(RTP_HEADER_BYTES + this.packetBytes);
      return { packet, payload: packet.subarray(RTP_HEADER_BYTES) };
    });
  }

  /** Stops or resumes sending (hold). Audio of the source waits meanwhile. */
  enable(enabled: boolean): void {
    this.#enabled = enabled;
  }

  /** Sends what `steps` ticks make due. */
  tick(steps: number): void {
    this.#ticksDue += steps;
    const due = Math.floor(this.#ticksDue / this.#ticksPerPacket);
    this.#ticksDue -= due * this.#ticksPerPacket;
    const skipped = this.#enabled ? Math.max(0, due - MAX_BURST) : due;
    if (skipped > 0) {
      this.#advance(skipped);
      this.#resumed = true;
    }
    for (let packet = skipped; packet < due; packet += 1) this.#sendOne();
  }

  #sendOne(): void {
    const buffer = this.#buffers[this.#count % BUFFERS];
    if (buffer === undefined) return;
    const { packet, payload } = buffer;
    const filled = this.#source.read(payload);
    if (filled < payload.length) payload.fill(this.#silence, filled);
    this.#header.marker = this.#resumed || (filled > 0 && !this.#talking);
    this.#talking = filled > 0;
    this.#resumed = false;
    writeRtpHeader(packet, this.#header);
    this.#header.sequence = (this.#header.sequence + 1) & 0xffff;
    this.#advance(1);
    this.#count += 1;
    this.#bytes += payload.length;
    this.#send(packet);
  }

  #advance(packets: number): void {
    this.#header.timestamp = (this.#header.timestamp + packets * this.packetBytes) >>> 0;
  }
}
