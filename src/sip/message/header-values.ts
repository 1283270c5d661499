import { GatewayError } from '../../base/errors.js';
import { decimal, isBlank, isIn, isToken, sliceTrimmed, WORD } from './chars.js';
import { parseNameAddr, readNameAddrs } from './name-addr.js';
import type { CSeq, NameAddr } from './types.js';

const MAX_CSEQ = 2 ** 31 - 1;

/** Parses From or To: one address without URI headers, a tag at most. @throws GatewayError SIP_HEADER, SIP_URI */
export function parseParty(value: string): NameAddr {
  const party = parseNameAddr(value);
  // RFC 3261 §19.1.1 table 1: From and To have no headers part.
  if (party.uri.kind === 'sip' && party.uri.headers.size > 0) {
    throw new GatewayError('SIP_URI', 'From or To has a URI with a headers part.');
  }
  if (party.params.get('tag') === null) throw new GatewayError('SIP_HEADER', 'A tag has no value.');
  return party;
}

/** Parses CSeq (RFC 3261 §20.16, §8.1.1.5: less than 2^31). @throws GatewayError SIP_HEADER */
export function parseCSeq(value: string): CSeq {
  let end = 0;
  while (end < value.length && !isBlank(value.charCodeAt(end))) end++;
  const number = decimal(value.slice(0, end), MAX_CSEQ);
  const method = sliceTrimmed(value, end, value.length);
  if (number === null || !isToken(method)) throw new GatewayError('SIP_HEADER', 'CSeq is malformed.');
  return { number, method };
}

/** Checks Call-ID: `word [ "@" word ]` (RFC 3261 §25.1). @throws GatewayError SIP_HEADER */
export function parseCallId(value: string): string {
  const at = value.indexOf('@');
  const wordsEnd = at < 0 ? value.length : at;
  if (!isWord(value, 0, wordsEnd) || (at >= 0 && !isWord(value, at + 1, value.length))) {
    throw new GatewayError('SIP_HEADER', 'Call-ID is malformed.');
  }
  return value;
}

/** Parses Max-Forwards: 0 to 255 (RFC 3261 §20.22). @throws GatewayError SIP_HEADER */
export function parseMaxForwards(value: string): number {
  const hops = decimal(value, 255);
  if (hops === null) throw new GatewayError('SIP_HEADER', 'Max-Forwards is not a number from 0 to 255.');
  return hops;
}

/** Parses the option tags of all Require values, lower-case. @throws GatewayError SIP_HEADER */
export function parseOptionTags(values: readonly string[]): string[] {
  const tags: string[] = [];
  for (const value of values) {
    for (const entry of value.split(',')) {
      const tag = sliceTrimmed(entry, 0, entry.length);
      if (!isToken(tag)) throw new GatewayError('SIP_HEADER', 'Require is malformed.');
      tags.push(tag.toLowerCase());
    }
  }
  return tags;
}

/** Parses all Contact values; `*` stands alone and gives none (RFC 3261 §20.10). @throws GatewayError SIP_HEADER, SIP_URI */
export function parseContacts(values: readonly string[]): NameAddr[] {
  const contacts: NameAddr[] = [];
  if (values.length === 1 && values[0] === '*') return contacts;
  for (const value of values) readNameAddrs(value, contacts);
  return contacts;
}

function isWord(text: string, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if (!isIn(text.charCodeAt(index), WORD)) return false;
  return end > start;
}
