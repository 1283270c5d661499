import { GatewayError } from '../../base/errors.js';
import { type AuthFields, parseAuthFields, quoteString } from './auth-params.js';
import { digestLength, parseAlgorithm } from './compute.js';

/** A Digest challenge (RFC 7616 §3.3). Values are unescaped. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | null;
  /** The token as written; `MD5` when absent. */
  readonly algorithm: string;
  /** Lower-case; null when the challenge has no qop (RFC 2069). */
  readonly qop: readonly string[] | null;
  readonly stale: boolean;
}

/** Digest credentials (RFC 7616 §3.4). Values are unescaped. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** 32 or 64 hex digits; as many as `algorithm` has when that is known. */
  readonly response: string;
  /** The token as written; `MD5` when absent. */
  readonly algorithm: string;
  readonly opaque: string | null;
  /** Null when there is no qop; then nc and cnonce mean nothing. */
  readonly protection: {
    /** Lower-case. */
    readonly qop: string;
    /** Eight hex digits as written, because the response is computed over them. */
    readonly nc: string;
    readonly cnonce: string;
  } | null;
  readonly userhash: boolean;
}

const MAX_NAME_CHARS = 255;
const HEX_8 = /^[0-9a-f]{8}$/i;
const HEX = /^[0-9a-f]+$/i;
const TOKEN_LIST = /^[a-z0-9-]+(?:,[a-z0-9-]+)*$/;

/** Parses one WWW-Authenticate or Proxy-Authenticate value. Null when it is not a well-formed Digest challenge. */
export function parseChallenge(text: string): DigestChallenge | null {
  const fields = parseAuthFields(text);
  if (fields?.scheme !== 'digest') return null;
  const realm = quoted(fields, 'realm');
  const nonce = quoted(fields, 'nonce');
  const opaque = optionalQuoted(fields, 'opaque');
  const qop = qopOptions(fields);
  if (realm === null || nonce === null || opaque === undefined || qop === undefined) return null;
  // RFC 7616 §3.3: anything but `true` means false.
  const stale = fields.params.get('stale')?.value.toLowerCase() === 'true';
  return { realm, nonce, opaque, algorithm: fields.params.get('algorithm')?.value ?? 'MD5', qop, stale };
}

/**
 * Parses one Authorization or Proxy-Authorization value of the scheme Digest. Null when it is malformed: a parameter that
 * is missing, twice, unquoted where the grammar quotes or the other way round, of a wrong type or too long.
 */
export function parseCredentials(text: string): DigestCredentials | null {
  const fields = parseAuthFields(text);
  // RFC 7616 §3.4: `username*` stands instead of `username`, which RFC 3261 §25.1 requires.
  if (fields?.scheme !== 'digest' || fields.params.has('username*')) return null;
  const username = filled(fields, 'username');
  const realm = quoted(fields, 'realm');
  const nonce = filled(fields, 'nonce');
  const uri = filled(fields, 'uri');
  const opaque = optionalQuoted(fields, 'opaque');
  const algorithm = fields.params.get('algorithm')?.value ?? 'MD5';
  const response = responseOf(fields, algorithm);
  const protection = protectionOf(fields);
  const userhash = flag(fields, 'userhash');
  if (username === null || username.length > MAX_NAME_CHARS || realm === null || realm.length > MAX_NAME_CHARS)
    return null;
  if (nonce === null || uri === null || response === null) return null;
  if (opaque === undefined || protection === undefined || userhash === null) return null;
  return { username, realm, nonce, uri, response, algorithm, opaque, protection, userhash };
}

/** A challenge as header value. `qop` and text values are quoted, `algorithm` and `stale` are tokens (RFC 7616 §3.3). */
export function formatChallenge(challenge: DigestChallenge): string {
  const parts = [`realm=${quote(challenge.realm)}`, `nonce=${quote(challenge.nonce)}`];
  if (challenge.opaque !== null) parts.push(`opaque=${quote(challenge.opaque)}`);
  if (challenge.stale) parts.push('stale=true');
  parts.push(`algorithm=${challenge.algorithm}`);
  if (challenge.qop !== null) parts.push(`qop=${quote(challenge.qop.join(','))}`);
  return `Digest ${parts.join(', ')}`;
}

/** Credentials as header value. `qop`, `nc` and `algorithm` are tokens (RFC 7616 §3.4). */
export function formatCredentials(credentials: DigestCredentials): string {
  const parts = [
    `username=${quote(credentials.username)}`,
    `realm=${quote(credentials.realm)}`,
    `nonce=${quote(credentials.nonce)}`,
    `uri=${quote(credentials.uri)}`,
    `response=${quote(credentials.response)}`,
    `algorithm=${credentials.algorithm}`,
  ];
  if (credentials.opaque !== null) parts.push(`opaque=${quote(credentials.opaque)}`);
  if (credentials.protection !== null) {
    const { qop, nc, cnonce } = credentials.protection;
    parts.push(`qop=${qop}`, `nc=${nc}`, `cnonce=${quote(cnonce)}`);
  }
  if (credentials.userhash) parts.push('userhash=true');
  return `Digest ${parts.join(', ')}`;
}

function quote(text: string): string {
  const result = quoteString(text);
  if (result === null) throw new GatewayError('CONFIG_INVALID', 'A digest value holds a control character.');
  return result;
}

function quoted(fields: AuthFields, name: string): string | null {
  const param = fields.params.get(name);
  return param?.quoted === true ? param.value : null;
}

function filled(fields: AuthFields, name: string): string | null {
  return quoted(fields, name) || null;
}

/** Null when absent, undefined when malformed. */
function optionalQuoted(fields: AuthFields, name: string): string | null | undefined {
  return fields.params.has(name) ? (quoted(fields, name) ?? undefined) : null;
}

/** False when absent, null when malformed. */
function flag(fields: AuthFields, name: string): boolean | null {
  const param = fields.params.get(name);
  if (param === undefined) return false;
  const value = param.value.toLowerCase();
  return value === 'true' || value === 'false' ? value === 'true' : null;
}

/** Null when absent, undefined when malformed. Blanks round the commas are allowed. */
function qopOptions(fields: AuthFields): readonly string[] | null | undefined {
  const param = fields.params.get('qop');
  if (param === undefined) return null;
  const list = param.value.replaceAll(' ', '').toLowerCase();
  return TOKEN_LIST.test(list) ? list.split(',') : undefined;
}

function responseOf(fields: AuthFields, algorithm: string): string | null {
  const response = quoted(fields, 'response');
  if (response === null || !HEX.test(response)) return null;
  const known = parseAlgorithm(algorithm);
  if (known !== null) return response.length === digestLength(known) ? response : null;
  return response.length === 32 || response.length === 64 ? response : null;
}

/** Null when absent, undefined when malformed. RFC 7616 §3.4: with qop there must be nc and cnonce. */
function protectionOf(fields: AuthFields): DigestCredentials['protection'] | undefined {
  const nc = fields.params.get('nc');
  if (nc !== undefined && (nc.quoted || !HEX_8.test(nc.value))) return undefined;
  // The grammar makes qop a token here; phones that quote it as in the challenge are common and harmless.
  const qop = fields.params.get('qop')?.value.toLowerCase();
  if (qop === undefined) return null;
  const cnonce = filled(fields, 'cnonce');
  return nc === undefined || cnonce === null ? undefined : { qop, nc: nc.value, cnonce };
}
