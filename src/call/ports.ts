import type { ErrorCode } from '../base/errors.js';

/**
 * What a call needs from the outside, declared by the consumer: signaling satisfies `CallLeg`, media satisfies
 * `MediaPort`. A call never looks anything up.
 */

/** A G.711 codec of the media path. */
export type CodecName = 'PCMU' | 'PCMA';

/** The negotiated media of one leg, as the answerer sees it. Made by sdp/, acted on by media/. */
export interface MediaPlan {
  readonly codec: CodecName;
  /** RTP payload type of the codec. */
  readonly payloadType: number;
  /** RFC 4733 telephone-event payload type, or null when not negotiated. */
  readonly dtmfPayloadType: number | null;
  readonly ptimeMs: number;
  /** Where the peer wants RTP (SDP c= and m=). Address is canonical text; port 0 never comes here. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Our direction: what we do. */
  readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
}

export interface MediaOpenOptions {
  readonly callId: string;
  readonly sessionId: string;
  /** Address to bind RTP to (the route's local address, or the configured bind address). */
  readonly localAddress: string;
  readonly plan: MediaPlan;
  /** The address the signalling peer speaks from: where a NATed peer's RTP may also come from. */
  readonly signalingAddress: string;
}

/** Ports of a leg: RTP even, RTCP the next. */
export interface MediaLocal {
  readonly address: string;
  readonly rtpPort: number;
}

export type PromptOutcome = 'played' | 'interrupted' | 'failed';

/** What a media session tells its call. */
export type MediaEvent =
  | { readonly type: 'media-started'; readonly afterMs: number }
  | {
      readonly type: 'transcript';
      readonly participant: string;
      readonly text: string;
      readonly final: boolean;
      readonly startMs: number;
      readonly endMs: number;
      readonly confidence: number | null;
    }
  | { readonly type: 'prompt-ended'; readonly promptId: number; readonly outcome: PromptOutcome }
  /** A key was pressed; which one is never said here. */
  | { readonly type: 'dtmf' }
  | { readonly type: 'speech-ready' }
  | {
      readonly type: 'speech-failed';
      readonly service: 'stt' | 'tts';
      readonly code: ErrorCode;
      readonly message: string;
      readonly retrying: boolean;
    }
  | { readonly type: 'silent'; readonly silentMs: number; readonly onHold: boolean }
  /** The session is gone on its own (worker ended, socket error): the call ends. */
  | { readonly type: 'lost'; readonly code: ErrorCode; readonly message: string };

/** Counters of a leg, for the call record. */
export interface MediaStats {
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly jitterMs: number;
  readonly lossPercent: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** One leg's media. Every method may be called in any state; after `close` they do nothing. */
export interface MediaSession {
  readonly local: MediaLocal;
  /** Applies a re-negotiated plan (hold, resume, new address). */
  update(plan: MediaPlan): void;
  /** Starts timers and playback: the call is answered. */
  start(): void;
  /** Speaks text; the outcome comes as `prompt-ended` with the same id. A new prompt waits for the one before. */
  say(promptId: number, text: string): void;
  /** Plays the packaged apology or greeting, which needs no speech service. */
  playBuiltIn(promptId: number, name: 'apology' | 'greeting'): void;
  /** Ends playback now. */
  stopPlayback(): void;
  /** Closes sockets and speech streams, returns the ports, and gives the final counters. Idempotent. */
  close(): Promise<MediaStats>;
}

export interface MediaPort {
  /** Opens ports and sockets for a leg and connects speech. Throws GatewayError MEDIA_NO_PORT, MEDIA_WORKER. */
  open(options: MediaOpenOptions, listener: (event: MediaEvent) => void): Promise<MediaSession>;
  /** Whether the speech services answer, for `speech.onFailure: reject` and readiness: null when fine. */
  probeSpeech(): Promise<{ readonly code: ErrorCode; readonly message: string } | null>;
}

/** The signalling side of one call that the policy let in. */
export interface CallLeg {
  readonly callId: string;
  /** Answers 200 with the SDP. Rejects when the caller cancelled or vanished. */
  answer(sdp: string): Promise<void>;
  /** Refuses with a final status. */
  reject(status: number, headers?: readonly (readonly [string, string])[]): void;
  /** Sends BYE with a Reason header value (RFC 3326), or null for none. Resolves when answered or timed out. */
  hangUp(reason: string | null): Promise<void>;
}
