import { GatewayError } from '../../base/errors.js';
import { parseIp } from '../../base/ip.js';
import { ALPHANUM, decimal, isDigit, isIn } from './chars.js';
import type { SipUri } from './types.js';

export interface Host {
  /** Lower-case without trailing dot, dotted quad, or RFC 5952 without brackets. */
  readonly host: string;
  readonly hostType: SipUri['hostType'];
}

const MAX_LABEL = 63;
const MAX_NAME = 253;
const DASH = 0x2d;
const DOT = 0x2e;

/**
 * Reads the host of a URI or of a Via (RFC 3261 §25.1 `host`): a name, a dotted quad, or IPv6 in brackets. Forms that
 * other readers take for an address of their own (`127.1`, `0x7f.1`, `010.0.0.6`) are refused. An IPv4-mapped IPv6
 * address is its IPv4 address.
 * @throws GatewayError SIP_URI
 */
export function parseHost(text: string): Host {
  if (text.startsWith('[')) return parseBracketed(text);
  if (text.includes(':')) throw new GatewayError('SIP_URI', 'An IPv6 host stands without brackets.');
  const lastLabel = text.lastIndexOf('.', text.length - 2) + 1;
  if (isDigit(text.charCodeAt(lastLabel))) return parseQuad(text);
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  if (!isHostname(name)) throw new GatewayError('SIP_URI', 'A host name is malformed.');
  return { host: name, hostType: 'name' };
}

/** Reads a port: 1 to 65535 in decimal without leading zero. @throws GatewayError SIP_URI */
export function parsePort(text: string): number {
  const port = text.length <= 5 && !text.startsWith('0') ? decimal(text, 65_535) : null;
  if (port === null) throw new GatewayError('SIP_URI', 'A port is malformed.');
  return port;
}

function parseBracketed(text: string): Host {
  const inner = text.endsWith(']') ? text.slice(1, -1) : '';
  const address = inner.includes(':') ? parseIp(inner) : null;
  if (address === null) throw new GatewayError('SIP_URI', 'An IPv6 address is malformed.');
  return { host: address.text, hostType: address.family === 6 ? 'ipv6' : 'ipv4' };
}

// RFC 3261 §25.1 `toplabel` begins with a letter: a host that ends in a numeric label is a dotted quad or nothing.
// Without leading zeros there is one way to write it, so the text is canonical. Read here because it is in every message.
function parseQuad(text: string): Host {
  let parts = 0;
  let start = 0;
  for (let index = 0; index <= text.length; index++) {
    if (index < text.length && text.charCodeAt(index) !== DOT) continue;
    const part = text.slice(start, index);
    if (decimal(part, 255) === null || (part.length > 1 && part.startsWith('0'))) parts = 5;
    parts++;
    start = index + 1;
  }
  if (parts !== 4) throw new GatewayError('SIP_URI', 'A numeric host is not a dotted quad.');
  return { host: text, hostType: 'ipv4' };
}

// RFC 1035 §2.3.4 and RFC 3261 §25.1: labels of letters, digits and inner hyphens.
function isHostname(name: string): boolean {
  if (name.length > MAX_NAME) return false;
  let labelStart = 0;
  for (let index = 0; index <= name.length; index++) {
    const code = index < name.length ? name.charCodeAt(index) : DOT;
    if (code === DOT) {
      const length = index - labelStart;
      if (length < 1 || length > MAX_LABEL || name.charCodeAt(index - 1) === DASH) return false;
      labelStart = index + 1;
    } else if (code === DASH ? index === labelStart : !isIn(code, ALPHANUM)) {
      return false;
    }
  }
  return true;
}
