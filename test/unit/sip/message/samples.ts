import { DEFAULT_SIP_LIMITS, type SipLimits } from '../../../../src/base/limits.js';
import { type ParseResult, parseMessage } from '../../../../src/sip/message/parse.js';
import type { SipMessage, SipRequest, SipResponse } from '../../../../src/sip/message/types.js';

export type Refusal = Extract<ParseResult, { ok: false }>;

/** Bytes of a message: CRLF line ends, characters as UTF-8. */
export function message(lines: readonly string[], body = ''): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

export const SDP =
  'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';

const INVITE: Readonly<Record<string, string>> = {
  start: 'INVITE sip:+12345556789@gw.example SIP/2.0',
  via: 'Via: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bKabc;rport',
  max: 'Max-Forwards: 70',
  from: 'From: "Alice" <sip:alice@good.example>;tag=a1',
  to: 'To: <sip:+12345556789@gw.example>',
  callId: 'Call-ID: c1@192.0.2.1',
  cseq: 'CSeq: 1 INVITE',
  contact: 'Contact: <sip:alice@192.0.2.1:5061;transport=tls>',
  type: 'Content-Type: application/sdp',
  length: `Content-Length: ${Buffer.byteLength(SDP)}`,
};

export type Edits = Readonly<Partial<Record<keyof typeof INVITE, string | null>>>;

/** A valid INVITE with some lines replaced (null: left out) and others added before Content-Length. */
export function invite(edits: Edits = {}, more: readonly string[] = [], body = SDP): Buffer {
  const lines = { ...INVITE, ...edits };
  const { length, ...rest } = lines;
  const before = Object.values(rest).filter((line) => line !== null && line !== undefined);
  return message([...before, ...more, ...(length === null || length === undefined ? [] : [length])], body);
}

/** A valid request of another method without body. */
export function request(method: string, more: readonly string[] = []): Buffer {
  const edits = { start: `${method} sip:gw.example SIP/2.0`, cseq: `CSeq: 7 ${method}`, type: null, contact: null };
  return invite({ ...edits, length: 'Content-Length: 0' }, more, '');
}

/** A valid response without body. */
export function response(start = 'SIP/2.0 200 OK', more: readonly string[] = []): Buffer {
  return invite({ start, max: null, type: null, length: 'Content-Length: 0' }, more, '');
}

export function accepted(bytes: Buffer, limits: SipLimits = DEFAULT_SIP_LIMITS): SipMessage {
  const result = parseMessage(bytes, limits);
  if (!result.ok) throw new Error(`refused with ${result.error.code}: ${result.error.message}`);
  return result.message;
}

export function acceptedRequest(bytes: Buffer, limits: SipLimits = DEFAULT_SIP_LIMITS): SipRequest {
  const parsed = accepted(bytes, limits);
  if (parsed.kind !== 'request') throw new Error('not a request');
  return parsed;
}

export function acceptedResponse(bytes: Buffer): SipResponse {
  const parsed = accepted(bytes);
  if (parsed.kind !== 'response') throw new Error('not a response');
  return parsed;
}

export function refused(bytes: Buffer, limits: SipLimits = DEFAULT_SIP_LIMITS): Refusal {
  const result = parseMessage(bytes, limits);
  if (result.ok) throw new Error('was accepted');
  return result;
}

/** The code that `run` throws with, or `null` when it does not throw. */
export function codeThrownBy(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
