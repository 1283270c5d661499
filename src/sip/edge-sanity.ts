import type { SipRequest } from './message/types.js';
import { routeSetOf } from './dialog/route-set.js';

/** Methods that exist only inside a dialog (RFC 3261 §15, RFC 3311, RFC 3262): outside one they are strays. */
const DIALOG_ONLY = new Set(['BYE', 'UPDATE', 'PRACK']);

/** Whether a request without dialog claims one, so that the answer is 481 whatever the policy says. */
export function isStray(request: SipRequest): boolean {
  return request.toTag !== null || DIALOG_ONLY.has(request.method);
}

/**
 * What an application could read differently from us, or could not act on; null when there is nothing. The strict
 * parser has refused the rest.
 */
export function insaneBecause(request: SipRequest): string | null {
  // drachtio-srf unescapes header names and methods: `%46rom` would be a second From there and none here.
  if (request.headers.some(({ name }) => name.includes('%'))) return 'a header name holds an escape';
  if (request.method.includes('%')) return 'the method holds an escape';
  // RFC 3261 §7.1: "implementations MUST send upper-case"; drachtio-srf reads nothing else and would never answer.
  if (!writtenVersion(request).startsWith('SIP/')) return 'the version is not in upper case';
  // RFC 3261 §8.1.1.3: From MUST have a tag; it is half of every dialog id.
  if (request.fromTag === null) return 'From has no tag';
  return request.method === 'INVITE' ? unusableInvite(request) : null;
}

function writtenVersion({ raw }: SipRequest): string {
  const lineEnd = raw.indexOf('\r');
  return raw.toString('latin1', raw.lastIndexOf(' ', lineEnd) + 1, lineEnd);
}

function unusableInvite(request: SipRequest): string | null {
  const contact = request.contacts[0];
  // RFC 3261 §8.1.1.8: an INVITE has exactly one Contact, a SIP or SIPS URI.
  if (contact === undefined || request.contacts.length > 1) return 'an INVITE needs one Contact';
  if (contact.uri.kind !== 'sip') return 'the Contact of an INVITE is no SIP URI';
  try {
    routeSetOf(request);
    return null;
  } catch {
    return 'Record-Route is malformed';
  }
}
