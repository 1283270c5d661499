import type { AudioFormat } from '../adapter.js';
import { parseAudioType } from './audio.js';

/** One text message of a client of `/v1/recognize`. */
export type ClientMessage =
  | { readonly kind: 'start'; readonly start: StartMessage }
  | { readonly kind: 'stop' }
  | { readonly kind: 'bad'; readonly error: string };

export interface StartMessage {
  readonly format: AudioFormat;
  /** Milliseconds of audio without speech that end the session, or null for never. */
  readonly inactivityMs: number | null;
  /** Whether results carry the times of their words. */
  readonly timestamps: boolean;
}

/** A final result before it is put on the wire. */
export interface FinalResult {
  readonly text: string;
  /** Words with start and end, in milliseconds since the first audio of the session. */
  readonly words: readonly TimedWord[];
}

export interface TimedWord {
  readonly word: string;
  readonly startMs: number;
  readonly endMs: number;
}

export const LISTENING = JSON.stringify({ state: 'listening' });

const DEFAULT_INACTIVITY_SECONDS = 30;
const MAX_INACTIVITY_SECONDS = 86_400;

/** Reads a text message. Parameters that are not known change nothing, as with Watson. */
export function parseClientMessage(text: string): ClientMessage {
  const message = parseObject(text);
  if (message === null) return bad('The message is not a JSON object.');
  switch (message.get('action')) {
    case 'stop':
      return { kind: 'stop' };
    case 'start':
      return parseStart(message);
    default:
      return bad('Invalid start message: "action" must be "start" or "stop".');
  }
}

function parseStart(message: ReadonlyMap<string, unknown>): ClientMessage {
  const type = message.get('content-type') ?? message.get('content_type');
  const format = typeof type === 'string' ? parseAudioType(type) : null;
  if (format === null || format.container !== 'raw') {
    return bad('Invalid start message: "content-type" must be audio/basic, audio/alaw or audio/l16 with a rate.');
  }
  const seconds = message.get('inactivity_timeout') ?? DEFAULT_INACTIVITY_SECONDS;
  if (typeof seconds !== 'number' || !isInactivity(seconds)) {
    return bad('Invalid start message: "inactivity_timeout" must be -1 or a number of seconds.');
  }
  const inactivityMs = seconds === -1 ? null : seconds * 1_000;
  const { encoding, rate } = format;
  return {
    kind: 'start',
    start: { format: { encoding, rate }, inactivityMs, timestamps: message.get('timestamps') === true },
  };
}

function isInactivity(seconds: number): boolean {
  return seconds === -1 || (seconds > 0 && seconds <= MAX_INACTIVITY_SECONDS);
}

/** An object of JSON as a map, or null: a peer's keys never reach a prototype. */
export function parseObject(text: string): ReadonlyMap<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return new Map(Object.entries(value));
  } catch {
    return null;
  }
}

/** The message of one final. There is no `confidence`: no engine here has a real one. */
export function resultMessage(index: number, result: FinalResult, timestamps: boolean): string {
  const words = result.words.map(({ word, startMs, endMs }) => [word, startMs / 1_000, endMs / 1_000]);
  const alternative = { transcript: result.text, ...(timestamps ? { timestamps: words } : {}) };
  return JSON.stringify({ result_index: index, results: [{ final: true, alternatives: [alternative] }] });
}

export function errorMessage(error: string): string {
  return JSON.stringify({ error });
}

function bad(error: string): ClientMessage {
  return { kind: 'bad', error };
}
