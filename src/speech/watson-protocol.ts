import { type ErrorCode, GatewayError } from '../base/errors.js';
import type { AudioFormat, SpeechFailure } from './adapter.js';

/** Largest message a Watson service may send. */
export const MAX_PAYLOAD_BYTES = 1_048_576;
/** Most text of one synthesis request, with markup. */
export const MAX_TEXT_BYTES = 5_120;
const MAX_RESULTS = 64;
const MAX_TRANSCRIPT_CHARS = 16_384;

/** One result of a message, in the service's own time: seconds since the first audio of its connection. */
export interface WatsonResult {
  readonly text: string;
  readonly final: boolean;
  readonly confidence: number | null;
  /** From the first word's begin to the last word's end, in milliseconds; null without word times. */
  readonly span: { readonly startMs: number; readonly endMs: number } | null;
}

export type WatsonMessage =
  | { readonly kind: 'listening' }
  | { readonly kind: 'results'; readonly results: readonly WatsonResult[] }
  | { readonly kind: 'error' }
  /** Warnings, speaker labels and what else may come. */
  | { readonly kind: 'other' }
  | { readonly kind: 'invalid' };

/** What is reported of a failure; the adapter adds whether it goes on. */
export type Failure = Omit<SpeechFailure, 'retrying'>;

/** The WebSocket URL of `/v1/recognize` under a base URL. Throws CONFIG_INVALID. */
export function recognizeUrl(base: string, model: string | null): URL {
  const url = endpoint(base, '/v1/recognize');
  if (url.protocol === 'http:' || url.protocol === 'https:') url.protocol = url.protocol.replace('http', 'ws');
  if (model !== null) url.searchParams.set('model', model);
  return url;
}

/** The URL of `/v1/synthesize` under a base URL, of the same scheme. Throws CONFIG_INVALID. */
export function synthesizeUrl(base: string, voice: string | null): URL {
  const url = endpoint(base, '/v1/synthesize');
  if (voice !== null) url.searchParams.set('voice', voice);
  return url;
}

/** The media type of an audio format, the same for sending and asking. L16 is little-endian unless said otherwise. */
export function mediaType(format: AudioFormat): string {
  if (format.encoding === 'l16') return `audio/l16;rate=${format.rate}`;
  if (format.encoding === 'alaw') return `audio/alaw;rate=${format.rate}`;
  return format.rate === 8_000 ? 'audio/basic' : `audio/mulaw;rate=${format.rate}`;
}

export function bytesPerMs(format: AudioFormat): number {
  return (format.rate * (format.encoding === 'l16' ? 2 : 1)) / 1_000;
}

/** The message that opens a recognition. It asks for word times and for no end on silence. */
export function startMessage(format: AudioFormat, interim: boolean): string {
  return JSON.stringify({
    action: 'start',
    'content-type': mediaType(format),
    interim_results: interim,
    timestamps: true,
    inactivity_timeout: -1,
  });
}

export const STOP_MESSAGE = '{"action":"stop"}';

/** Reads a text message of a recognition service; never throws. */
export function parseMessage(text: string): WatsonMessage {
  const message = parseObject(text);
  if (message === null) return { kind: 'invalid' };
  if ('error' in message) return { kind: 'error' };
  if (message['state'] === 'listening') return { kind: 'listening' };
  const results = message['results'];
  if (results === undefined) return { kind: 'other' };
  if (!Array.isArray(results) || results.length > MAX_RESULTS) return { kind: 'invalid' };
  const read = results.map(readResult);
  return read.includes(null) ? { kind: 'invalid' } : { kind: 'results', results: read.filter((one) => one !== null) };
}

/** What a close code means that we did not ask for (RFC 6455 §7.4.1). */
export function failureOfClose(closeCode: number): Failure {
  const broken = [1002, 1003, 1007, 1008, 1009, 1010].includes(closeCode);
  const code: ErrorCode = broken ? 'SPEECH_PROTOCOL' : 'SPEECH_UNAVAILABLE';
  return { code, message: `the speech service closed the connection with code ${closeCode}` };
}

function endpoint(base: string, path: string): URL {
  if (!URL.canParse(base)) throw new GatewayError('CONFIG_INVALID', 'a speech service URL is not an absolute URL');
  const url = new URL(base);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  url.hash = '';
  return url;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function readResult(value: unknown): WatsonResult | null {
  if (!isRecord(value) || !Array.isArray(value['alternatives'])) return null;
  const best: unknown = value['alternatives'][0];
  if (!isRecord(best) || typeof best['transcript'] !== 'string') return null;
  const { transcript, confidence, timestamps } = best;
  if (transcript.length > MAX_TRANSCRIPT_CHARS) return null;
  return {
    text: transcript.trim(),
    final: value['final'] === true,
    confidence: typeof confidence === 'number' && confidence >= 0 && confidence <= 1 ? confidence : null,
    span: spanOf(timestamps),
  };
}

/** Word times are `[word, begin, end]` in seconds. */
function spanOf(timestamps: unknown): WatsonResult['span'] {
  if (!Array.isArray(timestamps)) return null;
  const first: unknown = timestamps[0];
  const last: unknown = timestamps.at(-1);
  const start: unknown = Array.isArray(first) ? first[1] : null;
  const end: unknown = Array.isArray(last) ? last[2] : null;
  if (typeof start !== 'number' || typeof end !== 'number' || start < 0 || end < start) return null;
  return { startMs: Math.round(start * 1_000), endMs: Math.round(end * 1_000) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
