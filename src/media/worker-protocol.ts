import type { ErrorCode } from '../base/errors.js';
import type { LogFields } from '../base/log.js';
import type { MediaEvent, MediaLocal, MediaOpenOptions, MediaPlan, MediaStats } from '../call/ports.js';
import type { BuiltInName } from './built-in-prompts.js';

/**
 * What the main thread and a media engine say to each other: plain objects, because they cross threads. Audio never
 * does. A leg is named by a number that the main thread gives and never gives again.
 */
export type MediaCommand =
  | { readonly type: 'open'; readonly leg: number; readonly options: MediaOpenOptions }
  | { readonly type: 'update'; readonly leg: number; readonly plan: MediaPlan }
  | { readonly type: 'start'; readonly leg: number }
  | { readonly type: 'say'; readonly leg: number; readonly promptId: number; readonly text: string }
  | { readonly type: 'play'; readonly leg: number; readonly promptId: number; readonly name: BuiltInName }
  | { readonly type: 'stop-playback'; readonly leg: number }
  | { readonly type: 'close'; readonly leg: number }
  | { readonly type: 'probe'; readonly request: number }
  | { readonly type: 'counts'; readonly request: number }
  /** There are no calls: give memory back. */
  | { readonly type: 'tidy' }
  | { readonly type: 'shutdown' };

/** Why something did not work, across threads. */
export interface PlainFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface MediaCounts {
  readonly legs: number;
  readonly portsInUse: number;
  readonly portsResting: number;
  /** Timers that wait in the engine's thread. */
  readonly timers: number;
}

export type LogLevelName = 'debug' | 'info' | 'warn' | 'error';

/** What an engine says. Each `open` is answered by `opened` or `open-failed`, each `close` by `closed`. */
export type MediaReply =
  | { readonly type: 'ready' }
  | { readonly type: 'opened'; readonly leg: number; readonly local: MediaLocal }
  | { readonly type: 'open-failed'; readonly leg: number; readonly failure: PlainFailure }
  | { readonly type: 'event'; readonly leg: number; readonly event: MediaEvent }
  | { readonly type: 'closed'; readonly leg: number; readonly stats: MediaStats }
  | { readonly type: 'probed'; readonly request: number; readonly failure: PlainFailure | null }
  | { readonly type: 'counted'; readonly request: number; readonly counts: MediaCounts }
  | { readonly type: 'log'; readonly level: LogLevelName; readonly fields: LogFields; readonly message: string }
  | { readonly type: 'stopped' };
