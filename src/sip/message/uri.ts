import { GatewayError } from '../../base/errors.js';
import { ALPHANUM, isIn, PASSWORD, URI_HEADER, URI_PARAM, URIC, USER } from './chars.js';
import { decodeEscapes, encodeEscapes, endOfRun } from './escapes.js';
import { parseHost, parsePort } from './host.js';
import { parseTelUri } from './tel-uri.js';
import type { OtherUri, Params, SipUri, Uri } from './types.js';
import { NO_PARAMS, parseUriParams } from './uri-params.js';

/**
 * Parses one URI strictly; nothing may stand before or after it. What can be read in two ways is refused. The scheme
 * is case-insensitive; parts are split first and %-escapes decoded once after that (RFC 3261 §19.1, RFC 3966).
 * @throws GatewayError SIP_URI
 */
export function parseUri(text: string): Uri {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  if (scheme === 'sip' || scheme === 'sips') return parseSipUri(text, scheme, colon + 1);
  if (scheme === 'tel') return parseTelUri(text);
  return parseOtherUri(text, scheme);
}

/**
 * A URI as text in one canonical form: without the password, escapes only where they are needed. Parsing it gives an
 * equal URI. For a scheme that is not ours it is the text as written.
 */
export function uriToText(uri: Uri): string {
  if (uri.kind === 'other') return uri.text;
  if (uri.kind === 'tel') return `tel:${uri.number}${paramsToText(uri.params)}`;
  const user = uri.user === null ? '' : `${encodeEscapes(uri.user, USER)}@`;
  const host = uri.hostType === 'ipv6' ? `[${uri.host}]` : uri.host;
  const port = uri.port === null ? '' : `:${uri.port}`;
  return `${uri.scheme}:${user}${host}${port}${paramsToText(uri.params)}${headersToText(uri.headers)}`;
}

function parseSipUri(text: string, scheme: SipUri['scheme'], start: number): SipUri {
  const at = text.indexOf('@', start);
  // RFC 3261 §25.1: `@` stands nowhere unescaped but between user and host. A second one makes the split a guess.
  if (at >= 0 && text.includes('@', at + 1)) throw new GatewayError('SIP_URI', 'A URI holds two @.');
  const rawUser = at < 0 ? null : readUser(text, start, at);
  const hasPassword = rawUser !== null && start + rawUser.length < at;
  const hostStart = at < 0 ? start : at + 1;
  const hostEnd = endOfHost(text, hostStart);
  let index = text.charAt(hostEnd) === ':' ? endOfDigits(text, hostEnd + 1) : hostEnd;
  const port = index === hostEnd ? null : parsePort(text.slice(hostEnd + 1, index));
  const { host, hostType } = parseHost(text.slice(hostStart, hostEnd));
  let params = NO_PARAMS;
  if (text.charAt(index) === ';') ({ params, end: index } = parseUriParams(text, index));
  const headers = index < text.length ? readHeaders(text, index) : NO_PARAMS;
  return {
    kind: 'sip',
    scheme,
    user: rawUser === null ? null : decodeEscapes(rawUser),
    rawUser,
    hasPassword,
    host,
    hostType,
    port,
    params,
    headers,
    text: hasPassword ? text.slice(0, start) + rawUser + text.slice(at) : text,
  };
}

/** The user part as written, from `start` up to the password or to `at`; checks the password and forgets it. */
function readUser(text: string, start: number, at: number): string {
  const end = endOfRun(text, start, USER);
  if (end === start) throw new GatewayError('SIP_URI', 'A URI has an empty user part.');
  const complete = end === at || (text.charAt(end) === ':' && endOfRun(text, end + 1, PASSWORD) === at);
  if (!complete) throw new GatewayError('SIP_URI', 'The user part of a URI is malformed.');
  return text.slice(start, end);
}

function endOfHost(text: string, start: number): number {
  if (text.charAt(start) === '[') return text.indexOf(']', start) + 1 || text.length;
  let index = start;
  for (; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x3a || code === 0x3b || code === 0x3f) break; // : ; ?
  }
  return index;
}

function endOfDigits(text: string, start: number): number {
  let index = start;
  while (index < text.length && text.charCodeAt(index) >= 0x30 && text.charCodeAt(index) <= 0x39) index++;
  return index;
}

function readHeaders(text: string, start: number): Params {
  const headers = new Map<string, string>();
  let index = start;
  while (index < text.length) {
    const first = index === start;
    const nameStart = index + 1;
    const nameEnd = endOfRun(text, nameStart, URI_HEADER);
    if (text.charAt(index) !== (first ? '?' : '&') || nameEnd === nameStart || text.charAt(nameEnd) !== '=') {
      throw new GatewayError('SIP_URI', 'The header part of a URI is malformed.');
    }
    index = endOfRun(text, nameEnd + 1, URI_HEADER);
    const name = decodeEscapes(text.slice(nameStart, nameEnd)).toLowerCase();
    if (headers.has(name)) throw new GatewayError('SIP_URI', 'A URI names a header twice.');
    headers.set(name, decodeEscapes(text.slice(nameEnd + 1, index)));
  }
  return headers;
}

function parseOtherUri(text: string, scheme: string): OtherUri {
  const first = scheme.charCodeAt(0);
  if (!(first >= 0x61 && first <= 0x7a)) throw new GatewayError('SIP_URI', 'A URI has no scheme.');
  for (let index = 1; index < scheme.length; index++) {
    if (!isIn(scheme.charCodeAt(index), ALPHANUM) && !'+-.'.includes(scheme.charAt(index))) {
      throw new GatewayError('SIP_URI', 'A URI scheme is malformed.');
    }
  }
  const start = scheme.length + 1;
  if (start === text.length || endOfRun(text, start, URIC) !== text.length) {
    throw new GatewayError('SIP_URI', 'A URI holds characters that it may not.');
  }
  return { kind: 'other', scheme, text };
}

function paramsToText(params: Params): string {
  let text = '';
  for (const [name, value] of params) {
    text += `;${encodeEscapes(name, URI_PARAM)}${value === null ? '' : `=${encodeEscapes(value, URI_PARAM)}`}`;
  }
  return text;
}

function headersToText(headers: Params): string {
  let text = '';
  for (const [name, value] of headers) {
    text += `${text === '' ? '?' : '&'}${encodeEscapes(name, URI_HEADER)}=${encodeEscapes(value ?? '', URI_HEADER)}`;
  }
  return text;
}
