/**
 * The media contract. A leg's receive and send paths are chains of stages; each stage gets packets or frames and hands
 * on zero, one or more. Decrypting, jitter-buffering and decoding are stages of one chain, so they slot in without
 * touching their neighbours. Stages are synchronous, allocate nothing per packet, and never throw on peer data:
 * what they refuse they count in `drops`.
 */

/** Monotonic milliseconds of arrival, and the datagram. The buffer is only valid during the call. */
export interface Datagram {
  readonly data: Buffer;
  readonly receivedMs: number;
  readonly address: string;
  readonly port: number;
}

/** One parsed RTP packet (RFC 3550 §5.1). The object and its payload view are reused: valid only during the call. */
export interface RtpPacket {
  payloadType: number;
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  payload: Uint8Array;
  receivedMs: number;
}

/** Receives what the stage before it hands on. */
export interface Sink<T> {
  push(item: T): void;
}

/** A stage: a sink for `In` that hands `Out` to the sink it was built with. */
export interface Stage<In> extends Sink<In> {
  readonly name: string;
  /** Counters of refused input by reason; keys are constant. */
  readonly drops: Readonly<Record<string, number>>;
  /** Ends the stage: flushes what is due and releases what it holds. Idempotent. */
  close(): void;
}

/** Builds a stage in front of `next`. Chains are made with `chain(...)`, first stage first. */
export type StageFactory<In, Out> = (next: Sink<Out>) => Stage<In>;
