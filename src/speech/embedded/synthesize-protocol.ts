import { type AudioType, parseAudioType } from './audio.js';
import { FLITE_VOICES, type FliteVoice } from './flite.js';
import { parseObject } from './recognize-protocol.js';

/** What a client of `/v1/synthesize` asked for, or the HTTP status and words to refuse it with. */
export type SynthesisRequest =
  | { readonly ok: true; readonly text: string; readonly type: AudioType; readonly voice: FliteVoice }
  | { readonly ok: false; readonly status: 400 | 404 | 406 | 413; readonly error: string };

/** Watson's bound on the text, SSML included. */
export const MAX_TEXT_BYTES = 5_120;
/** Bound on the message: JSON may write one byte as six. */
export const MAX_MESSAGE_BYTES = 6 * MAX_TEXT_BYTES + 1_024;

const DEFAULT_VOICE: FliteVoice = 'slt';
const DEFAULT_ACCEPT = 'audio/wav';

/**
 * Reads a request. `message` is the JSON object with `text`; `accept` and `voice` stand in the HTTP request, or in the
 * message over WebSocket. Of several types in `accept`, the first that can be served is taken.
 */
export function parseSynthesis(message: string, accept?: string | null, voice?: string | null): SynthesisRequest {
  const fields = parseObject(message);
  const text = fields?.get('text');
  if (fields === null || typeof text !== 'string') return refuse(400, 'The message must be a JSON object with "text".');
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES) return refuse(413, 'The text is over 5 KB.');
  if (text.trim() === '') return refuse(400, 'The text is empty.');
  const type = firstServed(accept ?? stringOf(fields.get('accept')) ?? DEFAULT_ACCEPT);
  if (type === null) return refuse(406, 'No requested audio type can be served.');
  const name = voice ?? stringOf(fields.get('voice')) ?? DEFAULT_VOICE;
  const known = FLITE_VOICES.find((candidate) => candidate === name);
  if (known === undefined) return refuse(404, `Unknown voice; known are ${FLITE_VOICES.join(', ')}.`);
  return { ok: true, text, type, voice: known };
}

function firstServed(accept: string): AudioType | null {
  for (const range of accept.split(',', 16)) {
    const name = range.trim();
    const type = parseAudioType(name === '*/*' || name === 'audio/*' ? DEFAULT_ACCEPT : name);
    if (type !== null) return type;
  }
  return null;
}

function stringOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function refuse(status: 400 | 404 | 406 | 413, error: string): SynthesisRequest {
  return { ok: false, status, error };
}
