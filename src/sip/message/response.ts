import { GatewayError } from '../../base/errors.js';
import { isToken } from './chars.js';
import { FieldCursor } from './field-cursor.js';
import { derivedTag } from './ids.js';
import { parseParty } from './header-values.js';
import { DIALOG_METHODS } from './methods.js';
import { canonicalName } from './names.js';
import type { ReplyFields } from './salvage.js';
import { type HeaderList, serializeResponse } from './serialize.js';
import type { SipRequest } from './types.js';
import { fixTopVia, type ViaPeer } from './via-fixup.js';

export type { ViaPeer } from './via-fixup.js';

export interface ResponseSpec {
  readonly status: number;
  readonly reason?: string;
  /** Tag for To when the request has none; left out, one is derived that stays the same for the same request. */
  readonly toTag?: string;
  readonly headers?: HeaderList;
  readonly body?: Buffer | null;
}

/** Header fields that a response takes from its request and from nobody else. */
const FROM_REQUEST: ReadonlySet<string> = new Set(['via', 'from', 'to', 'call-id', 'cseq', 'record-route']);

/**
 * A response to `request` as RFC 3261 §8.2.6.2 commands, to be sent to `peer`.
 * @throws GatewayError SIP_HEADER when `spec` holds what cannot be sent, or a field that only the request may give
 */
export function buildResponse(request: SipRequest, peer: ViaPeer, spec: ResponseSpec): Buffer {
  const value = (name: string): string => request.header(name) ?? '';
  const fields = {
    via: request.headerAll('via'),
    from: value('from'),
    to: value('to'),
    callId: request.callId,
    cseq: value('cseq'),
  };
  if (spec.toTag !== undefined && !isToken(spec.toTag))
    throw new GatewayError('SIP_HEADER', 'A To tag is not a token.');
  const headers = replyHeaders(fields, peer, {
    status: spec.status,
    toTag: request.toTag === null ? (spec.toTag ?? null) : null,
    hasTag: request.toTag !== null,
  });
  // RFC 3261 §12.1.1: a response that makes a dialog MUST copy all Record-Route values.
  if (spec.status > 100 && spec.status < 300 && DIALOG_METHODS.has(request.method)) {
    for (const route of request.headerAll('record-route')) headers.push(['Record-Route', route]);
  }
  // RFC 3261 §8.2.6.1: a 100 MUST copy Timestamp.
  const timestamp = spec.status === 100 ? request.header('timestamp') : undefined;
  if (timestamp !== undefined) headers.push(['Timestamp', timestamp]);
  append(headers, spec.headers ?? []);
  const reason = spec.reason === undefined ? {} : { reason: spec.reason };
  return serializeResponse({ status: spec.status, ...reason, headers, body: spec.body ?? null });
}

/** A refusal of a request that could not be parsed. @throws GatewayError SIP_HEADER */
export function buildRefusal(reply: ReplyFields, peer: ViaPeer, status: number, headers: HeaderList = []): Buffer {
  const all = replyHeaders(reply, peer, { status, toTag: null, hasTag: claimsTag(reply.to) });
  append(all, headers);
  return serializeResponse({ status, headers: all, body: null });
}

/** The request as received, but its top Via says where it came from (RFC 3261 §18.2.1, RFC 3581 §4). */
export function requestWithReceived(request: SipRequest, peer: ViaPeer): Buffer {
  const value = request.header('via') ?? '';
  const fixed = fixTopVia(value, peer);
  if (fixed === value) return request.raw;
  const head = request.raw.toString('latin1', 0, request.raw.length - request.body.length);
  const cursor = new FieldCursor(head, head.indexOf('\r') + 2);
  while (cursor.next()) {
    if (cursor.name !== 'via') continue;
    return Buffer.concat([
      request.raw.subarray(0, cursor.valueStart),
      Buffer.from(` ${fixed}`),
      request.raw.subarray(cursor.valueEnd),
    ]);
  }
  throw new GatewayError('INTERNAL', 'A parsed request has no Via.');
}

// RFC 3261 §8.2.6.2: Via, From, Call-ID and CSeq equal those of the request; To too, and gets a tag where it has none.
function replyHeaders(
  fields: ReplyFields,
  peer: ViaPeer,
  to: { readonly status: number; readonly toTag: string | null; readonly hasTag: boolean },
): [string, string][] {
  const headers = fields.via.map((via, index): [string, string] => ['Via', index === 0 ? fixTopVia(via, peer) : via]);
  // RFC 3261 §8.2.6.2: the tag of a 100 may be left out.
  const bare = to.hasTag || (to.status === 100 && to.toTag === null);
  headers.push(
    ['From', fields.from],
    ['To', bare ? fields.to : `${fields.to};tag=${to.toTag ?? stableTag(fields)}`],
    ['Call-ID', fields.callId],
    ['CSeq', fields.cseq],
  );
  return headers;
}

function append(headers: [string, string][], more: HeaderList): void {
  for (const [name, value] of more) {
    if (FROM_REQUEST.has(canonicalName(name))) {
      throw new GatewayError('SIP_HEADER', 'A response may not bring its own copy of a field of the request.');
    }
    headers.push([name, value]);
  }
}

function stableTag(fields: ReplyFields): string {
  return derivedTag([fields.via[0] ?? '', fields.from, fields.to, fields.callId, fields.cseq]);
}

function claimsTag(to: string): boolean {
  try {
    return parseParty(to).params.has('tag');
  } catch {
    return /;[ \t]*tag[ \t]*=/i.test(to);
  }
}
