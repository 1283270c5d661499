import { GatewayError } from '../../base/errors.js';
import type { SipLimits } from '../../base/limits.js';
import { parseContentLength } from './content-length.js';
import { FieldCursor } from './field-cursor.js';
import { HeadScanner, oversizeHead } from './head-scanner.js';
import { readHeaderFields } from './header-fields.js';
import {
  parseCallId,
  parseContacts,
  parseCSeq,
  parseMaxForwards,
  parseOptionTags,
  parseParty,
} from './header-values.js';
import { type Envelope, headerOf, headersOf, ParsedRequest, ParsedResponse } from './message.js';
import { TARGET_METHODS } from './methods.js';
import { type ReplyFields, salvage } from './salvage.js';
import { parseStartLine } from './start-line.js';
import type { HeaderField, SipMessage, Via } from './types.js';
import { readVias } from './via.js';

export type { ReplyFields } from './salvage.js';

export type ParseResult =
  | { readonly ok: true; readonly message: SipMessage }
  | {
      readonly ok: false;
      readonly error: GatewayError;
      /** What a request is to be answered with; null for responses, ACK and what claims to be no request. */
      readonly status: number | null;
      /** What the answer is built from; null when the message lacks it. */
      readonly reply: ReplyFields | null;
      readonly method: string | null;
      readonly callId: string | null;
    };

/**
 * Parses one message: a datagram, or what the framer cut out of a stream. Strict: what two readers could understand
 * differently is refused, never interpreted. The message keeps `bytes` (it does not copy them): they must not be reused.
 */
export function parseMessage(bytes: Buffer, limits: SipLimits): ParseResult {
  try {
    return { ok: true, message: readMessage(bytes, limits) };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { answerable, reply, method, callId } = salvage(bytes, limits);
    return { ok: false, error, status: answerable ? error.traits.sip : null, reply, method, callId };
  }
}

function readMessage(bytes: Buffer, limits: SipLimits): SipMessage {
  if (bytes.length > limits.messageBytes) throw new GatewayError('SIP_TOO_LARGE');
  const scanner = new HeadScanner();
  const headEnd = findHeadEnd(scanner, bytes, limits);
  const head = bytes.toString('latin1', 0, headEnd);
  const lineEnd = head.indexOf('\r');
  if (lineEnd > limits.headerLineBytes) throw new GatewayError('SIP_URI_TOO_LONG', 'The start line is too long.');
  const line = parseStartLine(head.slice(0, lineEnd), limits);
  const headers = readHeaderFields(new FieldCursor(head, lineEnd + 2, scanner.ascii), limits);
  const bodyEnd = headEnd + bodyLength(headers, bytes.length - headEnd);
  if (bodyEnd - headEnd > limits.bodyBytes) throw new GatewayError('SIP_TOO_LARGE', 'The body is too large.');
  const envelope = readEnvelope(headers, bytes.subarray(0, bodyEnd), headEnd, limits);
  if (line.kind === 'response') return new ParsedResponse(line, envelope);
  checkRequest(line.method, envelope);
  const maxForwards = headerOf(headers, 'max-forwards');
  return new ParsedRequest(
    line,
    envelope,
    maxForwards === undefined ? null : parseMaxForwards(maxForwards),
    parseOptionTags(headersOf(headers, 'require')),
  );
}

function findHeadEnd(scanner: HeadScanner, bytes: Buffer, limits: SipLimits): number {
  const end = scanner.scan(bytes, 0, Math.min(bytes.length, limits.headerBlockBytes));
  if (end >= 0) return end;
  if (bytes.length >= limits.headerBlockBytes) throw oversizeHead(bytes, limits);
  throw new GatewayError('SIP_HEADER', 'The header block does not end.');
}

// RFC 3261 §18.3: in a datagram, bytes beyond Content-Length are discarded and fewer are an error; without
// Content-Length the body is the rest. On streams the framer has made both equal.
function bodyLength(headers: readonly HeaderField[], available: number): number {
  const value = headerOf(headers, 'content-length');
  if (value === undefined) return available;
  const length = parseContentLength(value);
  if (length > available) throw new GatewayError('SIP_CONTENT_LENGTH', 'Content-Length is more than there is.');
  return length;
}

function readEnvelope(headers: readonly HeaderField[], raw: Buffer, headEnd: number, limits: SipLimits): Envelope {
  return {
    headers,
    raw,
    body: raw.subarray(headEnd),
    via: readAllVias(headers, limits),
    from: parseParty(mandatory(headers, 'from')),
    to: parseParty(mandatory(headers, 'to')),
    callId: parseCallId(mandatory(headers, 'call-id')),
    cseq: parseCSeq(mandatory(headers, 'cseq')),
    contacts: parseContacts(headersOf(headers, 'contact')),
  };
}

function readAllVias(headers: readonly HeaderField[], limits: SipLimits): [Via, ...Via[]] {
  const vias: Via[] = [];
  for (const field of headers) if (field.name === 'via') readVias(field.value, vias, limits.viaCount);
  if (!isFilled(vias)) throw new GatewayError('SIP_HEADER_MISSING', 'The message has no via.');
  return vias;
}

function isFilled<T>(list: T[]): list is [T, ...T[]] {
  return list.length > 0;
}

// RFC 3261 §8.1.1: no message is valid without these.
function mandatory(headers: readonly HeaderField[], name: string): string {
  const value = headerOf(headers, name);
  if (value === undefined) throw new GatewayError('SIP_HEADER_MISSING', `The message has no ${name}.`);
  return value;
}

function checkRequest(method: string, envelope: Envelope): void {
  // RFC 3261 §8.1.1.5: the method of CSeq MUST match that of the request.
  if (envelope.cseq.method !== method) throw new GatewayError('SIP_CSEQ_METHOD');
  if (TARGET_METHODS.has(method) && envelope.contacts.length > 1) {
    throw new GatewayError('SIP_HEADER_DUPLICATE', 'The request has more than one Contact.');
  }
  // RFC 3261 §20.10: `*` is for REGISTER alone.
  if (method !== 'REGISTER' && envelope.contacts.length === 0 && headerOf(envelope.headers, 'contact') !== undefined) {
    throw new GatewayError('SIP_HEADER', 'Contact is * outside REGISTER.');
  }
}
