import { createHash, timingSafeEqual } from 'node:crypto';

/** Digest algorithms that we know (RFC 7616 §3.2, RFC 8760 §2). The `-sess` variants are not among them. */
export type DigestAlgorithm = 'MD5' | 'SHA-256' | 'SHA-512-256';

/** Strongest first. */
export const DIGEST_ALGORITHMS: readonly DigestAlgorithm[] = ['SHA-512-256', 'SHA-256', 'MD5'];

const HASH_NAMES: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};

/** The algorithm of a token (RFC 3261 §7.3.1: tokens are case-insensitive), or null when it is not one of ours. */
export function parseAlgorithm(token: string): DigestAlgorithm | null {
  const upper = token.toUpperCase();
  return DIGEST_ALGORITHMS.find((algorithm) => algorithm === upper) ?? null;
}

/** Hex characters of a hash value. */
export function digestLength(algorithm: DigestAlgorithm): 32 | 64 {
  return algorithm === 'MD5' ? 32 : 64;
}

/** H(data) of RFC 7616 §3.3 as lower-case hex; text is hashed as UTF-8. Also the body hash of `auth-int`. */
export function digestHex(algorithm: DigestAlgorithm, data: string | Buffer): string {
  return createHash(HASH_NAMES[algorithm]).update(data).digest('hex');
}

/** RFC 7616 §3.4.2: H(A1), where A1 = username ":" realm ":" password. */
export function computeHa1(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
  return digestHex(algorithm, `${username}:${realm}:${password}`);
}

/** RFC 7616 §3.4.3: H(A2), where A2 = method ":" uri, and ":" H(body) when `bodyHash` is given (`auth-int`). */
export function computeHa2(algorithm: DigestAlgorithm, method: string, uri: string, bodyHash?: string): string {
  return digestHex(algorithm, bodyHash === undefined ? `${method}:${uri}` : `${method}:${uri}:${bodyHash}`);
}

/** What goes into a response besides the secret. */
export interface ResponseInput {
  readonly algorithm: DigestAlgorithm;
  /** H(A1) as lower-case hex. */
  readonly ha1: string;
  readonly nonce: string;
  readonly method: string;
  readonly uri: string;
  /** Null: no qop (RFC 2069), as RFC 7616 §3.4.1 no longer allows and old servers still ask. */
  readonly protection: { readonly qop: 'auth' | 'auth-int'; readonly nc: string; readonly cnonce: string } | null;
  /** H(body); only for `auth-int`. */
  readonly bodyHash?: string;
}

/** RFC 7616 §3.4.1: the response value as lower-case hex. */
export function computeResponse(input: ResponseInput): string {
  const { algorithm, ha1, nonce, protection } = input;
  const ha2 = computeHa2(algorithm, input.method, input.uri, input.bodyHash);
  if (protection === null) return digestHex(algorithm, `${ha1}:${nonce}:${ha2}`);
  return digestHex(algorithm, `${ha1}:${nonce}:${protection.nc}:${protection.cnonce}:${protection.qop}:${ha2}`);
}

/** Compares two hex values in a time that depends on their lengths only; the case of the digits does not count. */
export function equalHex(left: string, right: string): boolean {
  const a = Buffer.from(left.toLowerCase(), 'latin1');
  const b = Buffer.from(right.toLowerCase(), 'latin1');
  return a.length === b.length && timingSafeEqual(a, b);
}
