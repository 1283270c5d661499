import { GatewayError } from '../../base/errors.js';
import type { SipLimits } from '../../base/limits.js';
import { decimal, isDigit, isToken } from './chars.js';
import { utf8 } from './field-cursor.js';
import type { Uri } from './types.js';
import { parseUri } from './uri.js';

export type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly uri: Uri }
  | { readonly kind: 'response'; readonly status: number; readonly reason: string };

/** Whether a start line is a Status-Line; everything else is read as a Request-Line. */
export function isStatusLine(line: string): boolean {
  return line.slice(0, 4).toUpperCase() === 'SIP/';
}

/**
 * Parses a start line given as latin1 (RFC 3261 §7.1, §7.2): exactly one space between its parts, none elsewhere.
 * @throws GatewayError SIP_START_LINE, SIP_VERSION, SIP_URI, SIP_URI_SCHEME, SIP_URI_TOO_LONG, SIP_BYTES
 */
export function parseStartLine(line: string, limits: SipLimits): StartLine {
  return isStatusLine(line) ? parseStatusLine(line) : parseRequestLine(line, limits);
}

function parseRequestLine(line: string, limits: SipLimits): StartLine {
  const uriStart = line.indexOf(' ') + 1;
  const uriEnd = line.indexOf(' ', uriStart);
  const method = line.slice(0, Math.max(uriStart - 1, 0));
  if (!isToken(method)) throw new GatewayError('SIP_START_LINE', 'The method is not a token.');
  if (uriEnd < 0) throw new GatewayError('SIP_START_LINE', 'The start line has less than three parts.');
  checkVersion(line.slice(uriEnd + 1));
  if (uriEnd - uriStart > limits.uriBytes) throw new GatewayError('SIP_URI_TOO_LONG');
  return { kind: 'request', method, uri: parseRequestUri(line.slice(uriStart, uriEnd)) };
}

// RFC 3261 §19.1.1 table 1: a Request-URI has no headers part. §8.2.2.1: a scheme that we do not know is 416.
function parseRequestUri(text: string): Uri {
  const uri = parseUri(text);
  if (uri.kind === 'other') throw new GatewayError('SIP_URI_SCHEME');
  if (text.includes('?') && uri.kind === 'sip' && uri.headers.size > 0) {
    throw new GatewayError('SIP_URI', 'The Request-URI has a headers part.');
  }
  return uri;
}

function parseStatusLine(line: string): StartLine {
  const versionEnd = line.indexOf(' ');
  checkVersion(line.slice(0, Math.max(versionEnd, 0)));
  const digits = line.slice(versionEnd + 1, versionEnd + 4);
  const status = decimal(digits, 699);
  if (digits.length !== 3 || status === null || status < 100 || line.charAt(versionEnd + 4) !== ' ') {
    throw new GatewayError('SIP_START_LINE', 'The status is not three digits from 100 to 699.');
  }
  return { kind: 'response', status, reason: utf8(line.slice(versionEnd + 5)) };
}

// RFC 3261 §7.1: SIP-Version is case-insensitive. §21.5.6: 505 is for what is SIP, but of another version.
function checkVersion(text: string): void {
  if (text === 'SIP/2.0') return;
  const version = text.slice(4);
  const dot = version.indexOf('.');
  const numeric = dot > 0 && isNumber(version.slice(0, dot)) && isNumber(version.slice(dot + 1));
  if (!isStatusLine(text) || !numeric) throw new GatewayError('SIP_START_LINE', 'The start line has no SIP version.');
  if (version !== '2.0') throw new GatewayError('SIP_VERSION');
}

function isNumber(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (!isDigit(text.charCodeAt(index))) return false;
  return text.length > 0;
}
