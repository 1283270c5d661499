import { isLoopback, parseIp } from '../base/ip.js';

/** Longest single value taken, in characters. */
const MAX_VALUE_CHARS = 4_096;

/** Text that is not empty, not huge and holds no control character. */
export function isPlainText(value: string): boolean {
  return value.length > 0 && value.length <= MAX_VALUE_CHARS && !/[\u0000-\u001f\u007f]/.test(value);
}

/** An IP address, or a host name by RFC 1123 §2.1 (labels of letters, digits and inner hyphens; 253 characters). */
export function isHost(value: string): boolean {
  if (parseIp(value) !== null) return true;
  // A name of digits and dots only would be read as an address by some and refused by others.
  if (value.length > 253 || /^[0-9.]+$/.test(value)) return false;
  return value.split('.').every((label) => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label));
}

/** Whether a host as it stands in a URL or a key is this machine: localhost or a loopback address. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const address = parseIp(bare);
  return address === null ? bare.toLowerCase() === 'localhost' : isLoopback(address);
}

/** The base URL of a speech service: `http(s)` or `ws(s)`, no credentials, query or fragment. */
export function isServiceUrl(value: string): boolean {
  const url = parseUrl(value);
  return url !== null && SERVICE_SCHEMES.has(url.protocol) && url.search === '' && url.hash === '';
}

/** A webhook: `https`, or `http` to this machine only; no credentials. */
export function isWebhookUrl(value: string): boolean {
  const url = parseUrl(value);
  if (url === null) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
}

const SERVICE_SCHEMES = new Set(['http:', 'https:', 'ws:', 'wss:']);

/** A URL with a host and without credentials: they would be printed wherever the URL is. */
function parseUrl(value: string): URL | null {
  if (/\s/.test(value) || !URL.canParse(value)) return null;
  const url = new URL(value);
  return url.hostname === '' || url.username !== '' || url.password !== '' ? null : url;
}

/** A digest user name. RFC 7616 §3.4.4: a colon would move the border to the realm. */
export function isDigestUser(value: string): boolean {
  return !/[:"\\]/.test(value);
}

/** A digest realm that needs no escapes in its quoted string. */
export function isRealm(value: string): boolean {
  return !/["\\]/.test(value);
}
