import type { Clock } from '../base/clock.js';
import type { ErrorCode } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { CodecName, MediaPort } from './ports.js';
import type { CallFacts, CallRecord, EndReason } from './record.js';

/** What a call is made of and what it tells: the contract between a call and whoever makes it. */

export interface CallOptions {
  readonly maxSeconds: number;
  readonly onSpeechFailure: 'apologise' | 'reject';
  /** What is said first; null plays the packaged greeting. */
  readonly greeting: string | null;
  readonly codecs: readonly CodecName[];
  /** Address to write into SDP instead of the local one, or null. */
  readonly sdpAddress: string | null;
}

/** A recognised or detected utterance; field names are public interface. */
export interface TranscriptEvent {
  readonly callId: string;
  readonly sessionId: string;
  readonly participant: string;
  readonly text: string;
  readonly final: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly confidence: number | null;
}

export interface CallDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly media: MediaPort;
  readonly options: CallOptions;
  onTranscript(event: TranscriptEvent): void;
  /** Called once, when everything the call held is released. */
  onEnded(sessionId: string, record: CallRecord): void;
}

/** What signaling knows of a call that was let in. */
export interface CallInvitation {
  readonly facts: CallFacts;
  readonly offer: string;
  readonly signalingAddress: string;
  /** Our address on the route to the peer. */
  readonly localAddress: string;
}

/** Why we end a call: for the record, for the wire before the answer (`status`) and after it (`reason`, RFC 3326). */
export interface StopCause {
  readonly endReason: EndReason;
  readonly failure: ErrorCode | null;
  readonly reason: string | null;
}
