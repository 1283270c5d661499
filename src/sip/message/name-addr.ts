import { GatewayError } from '../../base/errors.js';
import { isBlank, isIn, TOKEN } from './chars.js';
import { Reader } from './reader.js';
import type { NameAddr, Params } from './types.js';
import { parseUri } from './uri.js';

/**
 * Parses one `name-addr` or `addr-spec` with its header parameters (RFC 3261 §20.10, §20.20, §20.39).
 * @throws GatewayError SIP_HEADER, SIP_URI
 */
export function parseNameAddr(text: string): NameAddr {
  const reader = new Reader(text);
  const nameAddr = readNameAddr(reader);
  if (!reader.atEnd) throw new GatewayError('SIP_HEADER', 'Something follows an address.');
  return nameAddr;
}

/**
 * Parses a comma-separated list of at least one; commas inside quotes and angle brackets do not separate.
 * @throws GatewayError SIP_HEADER, SIP_URI
 */
export function parseNameAddrList(text: string): NameAddr[] {
  const list: NameAddr[] = [];
  readNameAddrs(text, list);
  return list;
}

/** Like `parseNameAddrList`, but appends to `into`. @throws GatewayError SIP_HEADER, SIP_URI */
export function readNameAddrs(text: string, into: NameAddr[]): void {
  const reader = new Reader(text);
  do into.push(readNameAddr(reader));
  while (reader.take(','));
  if (!reader.atEnd) throw new GatewayError('SIP_HEADER', 'Something follows an address.');
}

/**
 * Parses `;name[=value]…` as it follows an address, a media type or a token; the first `;` may be left out.
 * @throws GatewayError SIP_HEADER
 */
export function parseParams(text: string): Params {
  const reader = new Reader(text);
  reader.skipBlanks();
  if (!reader.atEnd && reader.text.charAt(reader.position) !== ';') return parseParams(`;${text}`);
  const params = reader.params();
  reader.skipBlanks();
  if (!reader.atEnd) throw new GatewayError('SIP_HEADER', 'Something follows the parameters.');
  return params;
}

function readNameAddr(reader: Reader): NameAddr {
  reader.skipBlanks();
  const displayName = readDisplayName(reader);
  const uri = parseUri(reader.text.charAt(reader.position) === '<' ? readBracketed(reader) : readAddrSpec(reader));
  const params = reader.params();
  reader.skipBlanks();
  return { displayName, uri, params };
}

/** A quoted string or tokens up to `<`; null, with nothing consumed, where no display name stands. */
function readDisplayName(reader: Reader): string | null {
  const { text } = reader;
  if (text.charAt(reader.position) === '"') {
    const name = reader.quoted();
    reader.skipBlanks();
    if (text.charAt(reader.position) !== '<') throw new GatewayError('SIP_HEADER', 'A display name has no address.');
    return name;
  }
  let index = reader.position;
  while (isIn(text.charCodeAt(index), TOKEN) || isBlank(text.charCodeAt(index))) index++;
  if (text.charAt(index) !== '<' || index === reader.position) return null;
  const words = text
    .slice(reader.position, index)
    .split(/[ \t]/)
    .filter((word) => word !== '');
  reader.position = index;
  return words.join(' ');
}

function readBracketed(reader: Reader): string {
  const start = reader.position + 1;
  const end = reader.text.indexOf('>', start);
  if (end < 0) throw new GatewayError('SIP_HEADER', 'An angle bracket is not closed.');
  reader.position = end + 1;
  return reader.text.slice(start, end);
}

// RFC 3261 §20: without angle brackets a comma, question mark or semicolon is no part of the URI. What follows a
// semicolon belongs to the header; a question mark is left in so that it is refused and not guessed about.
function readAddrSpec(reader: Reader): string {
  const start = reader.position;
  let end = start;
  while (end < reader.text.length && !isBlank(reader.text.charCodeAt(end)) && !';,'.includes(reader.text.charAt(end))) {
    end++;
  }
  const text = reader.text.slice(start, end);
  if (text.includes('?')) throw new GatewayError('SIP_URI', 'A URI with a question mark needs angle brackets.');
  reader.position = end;
  return text;
}
