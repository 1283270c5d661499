import type { Params, SipUri, TelUri, Uri } from '../sip/message/types.js';

/** RFC 3261 §19.1.4: these parameters never match when only one of the URIs has them. */
const DECISIVE_PARAMS = ['user', 'ttl', 'method', 'maddr', 'transport'] as const;

/**
 * Whether two URIs are equivalent (RFC 3261 §19.1.4, RFC 3966 §5). Passwords are not kept by the parser, so only their
 * presence is compared. URIs of other schemes must be equal as text.
 */
export function sameUri(left: Uri, right: Uri): boolean {
  if (left.kind === 'sip') return right.kind === 'sip' && sameSip(left, right);
  if (left.kind === 'tel') return right.kind === 'tel' && sameTel(left, right);
  return right.kind === 'other' && left.text === right.text;
}

/**
 * Whether two tel URIs name the same number (RFC 3966 §5): all parameters count, and a local number is one only in its
 * context. With `contains` it is enough that the number of `right` contains the one of `left`.
 */
export function sameTel(left: TelUri, right: TelUri, contains = false): boolean {
  if (contains ? !right.number.includes(left.number) : right.number !== left.number) return false;
  return (
    left.params.size === right.params.size &&
    [...left.params].every(([name, value]) => hasParam(right.params, name, value))
  );
}

function sameSip(left: SipUri, right: SipUri): boolean {
  // RFC 3261 §19.1.4: sip and sips never match; an omitted port is not the default port; the user is case-sensitive.
  if (left.scheme !== right.scheme || left.user !== right.user || left.hasPassword !== right.hasPassword) return false;
  if (left.host !== right.host || left.port !== right.port) return false;
  return sameParams(left.params, right.params) && sameHeaders(left.headers, right.headers);
}

function sameParams(left: Params, right: Params): boolean {
  if (DECISIVE_PARAMS.some((name) => left.has(name) !== right.has(name))) return false;
  for (const [name, value] of left) if (right.has(name) && !hasParam(right, name, value)) return false;
  return true;
}

// RFC 3261 §19.1.4: URI headers are never ignored.
function sameHeaders(left: Params, right: Params): boolean {
  return left.size === right.size && [...left].every(([name, value]) => right.has(name) && right.get(name) === value);
}

function hasParam(params: Params, name: string, value: string | null): boolean {
  return params.has(name) && params.get(name)?.toLowerCase() === value?.toLowerCase();
}
