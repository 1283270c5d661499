import type { HeaderLines } from './edge-application.js';
import { TARGET_METHODS } from './message/methods.js';
import { canonicalName, displayName } from './message/names.js';

/** Methods that this edge serves inside and outside dialogs, as the Allow value. */
export const ALLOW = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE';

/** What an application may not set: the edge makes these from the request, the dialog and the flow. */
const EDGE_OWNED = new Set([
  'call-id',
  'content-length',
  'cseq',
  'from',
  'max-forwards',
  'record-route',
  'route',
  'rseq',
  'to',
  'via',
]);

const LOCALHOST_BEARERS = new Set(['contact', 'p-asserted-identity']);

/** What the edge adds to an application's message. */
export interface LocalFacts {
  /** `host:port` that replaces `localhost`. */
  readonly hostPort: string;
  readonly contact: string;
  readonly productToken: string | null;
}

/** Headers of a response to `method`: the application's without those it may not set, and the edge's defaults. */
export function responseHeaders(
  method: string,
  status: number,
  given: HeaderLines,
  body: Buffer | null,
  local: LocalFacts,
): [string, string][] {
  const headers = applicationHeaders(given, local.hostPort);
  const success = status >= 200 && status < 300;
  // RFC 3261 §12.1.1: a response that makes or refreshes a dialog carries a Contact.
  if (status > 100 && status < 300 && TARGET_METHODS.has(method)) addDefault(headers, 'Contact', local.contact);
  // RFC 3261 §13.3.1.4, §11.2: Allow in a 2xx to INVITE or OPTIONS; §21.4.6: in every 405.
  if ((success && (method === 'INVITE' || method === 'OPTIONS')) || status === 405) addDefault(headers, 'Allow', ALLOW);
  // RFC 3261 §11.2: a 2xx to OPTIONS says what bodies are understood.
  if (success && method === 'OPTIONS') addDefault(headers, 'Accept', 'application/sdp');
  if (local.productToken !== null) addDefault(headers, 'Server', local.productToken);
  if (body !== null) addDefault(headers, 'Content-Type', isSdp(body) ? 'application/sdp' : 'application/octet-stream');
  return headers;
}

/**
 * Headers of a request inside a dialog, without those of the dialog itself. Null when there is a body of unknown type:
 * only SDP is recognised (RFC 3261 §20.15 wants a Content-Type with every body).
 */
export function requestHeaders(
  method: string,
  given: HeaderLines,
  body: Buffer | null,
  local: LocalFacts,
): [string, string][] | null {
  const headers = applicationHeaders(given, local.hostPort);
  if (TARGET_METHODS.has(method)) addDefault(headers, 'Contact', local.contact);
  if (local.productToken !== null) addDefault(headers, 'User-Agent', local.productToken);
  if (body === null || has(headers, 'content-type')) return headers;
  if (!isSdp(body)) return null;
  headers.push(['Content-Type', 'application/sdp']);
  return headers;
}

/** The tag that an application wants in the To of its response, or null. */
export function wantedToTag(given: HeaderLines): string | null {
  const to = given.find(([name]) => canonicalName(name) === 'to')?.[1];
  return to === undefined ? null : (/;\s*tag=([A-Za-z0-9\-.!%*_+`'~]{1,64})\s*(?:;|$)/.exec(to)?.[1] ?? null);
}

/** Whether an application asks for a reliable provisional response (RFC 3262). */
export function wantsReliable(given: HeaderLines): boolean {
  return given.some(([name, value]) => canonicalName(name) === 'require' && /\b100rel\b/i.test(value));
}

function applicationHeaders(given: HeaderLines, hostPort: string): [string, string][] {
  const headers: [string, string][] = [];
  for (const [name, value] of given) {
    const canonical = canonicalName(name);
    if (EDGE_OWNED.has(canonical)) continue;
    headers.push([spelling(name, canonical), LOCALHOST_BEARERS.has(canonical) ? named(value, hostPort) : value]);
  }
  return headers;
}

/** drachtio-srf writes known names in lower case; a name with capitals is the application's own spelling. */
function spelling(name: string, canonical: string): string {
  return name === name.toLowerCase() ? displayName(canonical) : name;
}

/** drachtio-srf writes `@localhost` for "this server". */
function named(value: string, hostPort: string): string {
  return value.replace(/@localhost(?=[;>?,\s]|$)/gi, `@${hostPort}`);
}

function addDefault(headers: [string, string][], name: string, value: string): void {
  if (!has(headers, canonicalName(name))) headers.push([name, value]);
}

function has(headers: HeaderLines, canonical: string): boolean {
  return headers.some(([name]) => canonicalName(name) === canonical);
}

function isSdp(body: Buffer): boolean {
  return body.toString('latin1', 0, 3) === 'v=0';
}
