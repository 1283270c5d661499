import type { SipLimits } from '../../base/limits.js';
import { hasControl, isBlank, isToken, sliceTrimmed } from './chars.js';
import { utf8 } from './field-cursor.js';
import { canonicalName } from './names.js';
import { isStatusLine } from './start-line.js';

/** Header values of a refused request, good enough to build the refusal from. Free of control characters, never judged. */
export interface ReplyFields {
  readonly via: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: string;
}

/** What can be said about a message that the parser refused. */
export interface Salvage {
  /** Whether it may be answered at all: it claims to be a SIP request and is not an ACK (RFC 3261 §17.1.1.3). */
  readonly answerable: boolean;
  /** Null when it may not be answered or lacks what an answer needs. */
  readonly reply: ReplyFields | null;
  readonly method: string | null;
  readonly callId: string | null;
}

/**
 * Reads leniently what a refusal needs from bytes that the parser or the framer refused; they may be cut off anywhere.
 * Only for refusals and records: nothing that it finds is ever acted upon.
 */
export function salvage(bytes: Buffer, limits: SipLimits): Salvage {
  const lines = bytes.toString('latin1', 0, limits.headerBlockBytes).split('\r\n');
  lines.pop(); // what has no line end may have been cut off
  const startLine = lines[0] ?? '';
  const words = startLine.split(' ').filter((word) => word !== '');
  const isRequest = !isStatusLine(startLine) && words.length > 2 && isStatusLine(words.at(-1) ?? '');
  const method = isRequest && isToken(words[0] ?? '') ? (words[0] ?? null) : null;
  const fields = readFields(lines);
  const [callId] = fields.get('call-id') ?? [];
  const answerable = isRequest && method !== 'ACK';
  return { answerable, reply: answerable ? toReply(fields) : null, method, callId: callId ?? null };
}

function readFields(lines: readonly string[]): Map<string, (string | null)[]> {
  const fields = new Map<string, (string | null)[]>([
    ['via', []],
    ['from', []],
    ['to', []],
    ['call-id', []],
    ['cseq', []],
  ]);
  for (let index = 1; index < lines.length && lines[index] !== '';) {
    let line = lines[index++] ?? '';
    for (let more = lines[index]; more !== undefined && isBlank(more.charCodeAt(0)); more = lines[++index]) {
      line = `${sliceTrimmed(line, 0, line.length)} ${sliceTrimmed(more, 0, more.length)}`;
    }
    const colon = line.indexOf(':');
    const name = canonicalName(sliceTrimmed(line, 0, Math.max(colon, 0)));
    fields.get(name)?.push(cleanValue(sliceTrimmed(line, colon + 1, line.length)));
  }
  return fields;
}

function cleanValue(latin1: string): string | null {
  try {
    const value = utf8(latin1);
    return value === '' || hasControl(value.replaceAll('\t', ' ')) ? null : value;
  } catch {
    return null;
  }
}

/** The first of each; null when one is missing or not clean. */
function toReply(fields: ReadonlyMap<string, readonly (string | null)[]>): ReplyFields | null {
  const first = (name: string): string | null => fields.get(name)?.[0] ?? null;
  const via = fields.get('via') ?? [];
  const [from, to, callId, cseq] = [first('from'), first('to'), first('call-id'), first('cseq')];
  if (via.length === 0 || !via.every((value) => value !== null)) return null;
  if (from === null || to === null || callId === null || cseq === null) return null;
  return { via, from, to, callId, cseq };
}
