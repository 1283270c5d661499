import type { EgressOptions } from '../egress/contract.js';
import type { SpeechOptions } from '../speech/adapter.js';

/** Everything the media worker thread is told at start. Plain values only: it crosses threads. */
export interface MediaWorkerOptions {
  /** Inclusive; RTP on even ports, RTCP on the next. */
  readonly portRange: { readonly min: number; readonly max: number };
  /** How long a released pair rests before it is used again. */
  readonly quarantineMs: number;
  /** No RTP at all for so long: `silent`. Also when none ever came. */
  readonly silenceMs: number;
  /** The same while the call is on hold. */
  readonly holdMs: number;
  /** Audio per frame towards speech-to-text, 60–100 ms. */
  readonly sttFrameMs: number;
  readonly speech: SpeechOptions;
  readonly egress: EgressOptions;
}
