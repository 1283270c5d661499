import type { MediaPlan } from '../call/ports.js';
import type { AudioFormat } from '../speech/adapter.js';
import { type Chain, chain } from './chain.js';
import { DtmfStage } from './dtmf.js';
import { Framer } from './framer.js';
import { RateCap } from './rate-cap.js';
import { Reorder } from './reorder.js';
import { RtpReader } from './rtp.js';
import { type ReceptionState, RtpReceive } from './rtp-receive.js';
import { SourceLock } from './source-lock.js';
import type { Datagram, RtpPacket, Sink, Stage } from './stage.js';
import { Timeline } from './timeline.js';

export interface ReceivePathOptions {
  readonly plan: MediaPlan;
  readonly signalingAddress: string;
  /** What the recogniser takes, and how much at a time. */
  readonly format: AudioFormat;
  readonly frameMs: number;
}

export interface ReceivePathListener {
  /** The source of the stream is known and fixed. */
  onLock(address: string, port: number): void;
  /** A packet of the stream came. */
  onPacket(receivedMs: number): void;
  onKey(): void;
  /** A frame for the recogniser; the buffer is the listener's. */
  onFrame(frame: Uint8Array): void;
}

/** RFC 3551 §6: comfort noise; some peers send it without having agreed on it. It proves that they live. */
const COMFORT_NOISE = 13;

/** Says that a packet of the stream came, and keeps it from the listener while there is nothing to listen to. */
class Gate implements Stage<RtpPacket> {
  readonly name = 'gate';
  readonly drops = {};
  readonly #next: Sink<RtpPacket>;
  readonly #onPacket: (receivedMs: number) => void;
  open = true;

  constructor(next: Sink<RtpPacket>, onPacket: (receivedMs: number) => void) {
    this.#next = next;
    this.#onPacket = onPacket;
  }

  push(packet: RtpPacket): void {
    this.#onPacket(packet.receivedMs);
    if (this.open) this.#next.push(packet);
  }

  close(): void {}
}

/**
 * Everything between the RTP socket and the recogniser of one leg:
 * source → rate → parse → sequence → gate → order → keys → timeline → frames.
 */
export class ReceivePath {
  readonly #signalingAddress: string;
  readonly #chain: Chain<Datagram>;
  #lock!: SourceLock;
  #receive!: RtpReceive;
  #gate!: Gate;
  #reorder!: Reorder;
  #dtmf!: DtmfStage;
  #timeline!: Timeline;
  #framer!: Framer;

  constructor({ plan, signalingAddress, format, frameMs }: ReceivePathOptions, listener: ReceivePathListener) {
    this.#signalingAddress = signalingAddress;
    const onLock = (address: string, port: number): void => listener.onLock(address, port);
    this.#chain = chain<Datagram, Datagram>((next) => (this.#lock = new SourceLock(next, this.#source(plan), onLock)))
      .to<Datagram>((next) => new RateCap(next))
      .to<RtpPacket>((next) => new RtpReader(next))
      .to<RtpPacket>((next) => (this.#receive = new RtpReceive(next, payloadTypes(plan))))
      .to<RtpPacket>((next) => (this.#gate = new Gate(next, (receivedMs) => listener.onPacket(receivedMs))))
      .to<RtpPacket>((next) => (this.#reorder = new Reorder(next)))
      .to<RtpPacket>((next) => (this.#dtmf = new DtmfStage(next, plan.dtmfPayloadType, () => listener.onKey())))
      .to<Uint8Array>((next) => (this.#timeline = new Timeline(next, plan)))
      .to<Uint8Array>((next) => (this.#framer = new Framer(next, plan.codec, format, frameMs)))
      .into({ push: (frame) => listener.onFrame(frame) });
  }

  /** Where datagrams go in. */
  get head(): Sink<Datagram> {
    return this.#chain;
  }

  /** When the first byte for the recogniser was, monotonic milliseconds; null before. */
  get beginMs(): number | null {
    return this.#timeline.beginMs;
  }

  /** Drops of every stage. */
  get drops(): readonly Readonly<Record<string, number>>[] {
    return this.#chain.stages.map((stage) => stage.drops);
  }

  reception(): ReceptionState | null {
    return this.#receive.state();
  }

  /** Opens or closes the way to the recogniser; while closed it gets silence. */
  listen(listening: boolean): void {
    if (listening && !this.#gate.open) this.#timeline.resync();
    this.#gate.open = listening;
  }

  /** Takes a re-negotiated plan. */
  update(plan: MediaPlan): void {
    this.#lock.arm(this.#source(plan));
    this.#receive.accept(payloadTypes(plan));
    this.#dtmf.accept(plan.dtmfPayloadType);
    this.#timeline.accept(plan);
    this.#framer.accept(plan.codec);
  }

  /** Lets time pass; `answeredMs` is null before the answer, when missing audio is not missed yet. */
  tick(nowMs: number, answeredMs: number | null): void {
    this.#reorder.tick(nowMs);
    if (answeredMs !== null) this.#timeline.tick(nowMs, answeredMs);
  }

  /** Hands on what is held and the frame begun. */
  close(): void {
    this.#chain.close();
  }

  #source(plan: MediaPlan) {
    return {
      remoteAddress: plan.remoteAddress,
      remotePort: plan.remotePort,
      signalingAddress: this.#signalingAddress,
      payloadTypes: payloadTypes(plan),
    };
  }
}

function payloadTypes({ payloadType, dtmfPayloadType }: MediaPlan): readonly number[] {
  return dtmfPayloadType === null ? [payloadType, COMFORT_NOISE] : [payloadType, COMFORT_NOISE, dtmfPayloadType];
}
