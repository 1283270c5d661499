import { randomBytes } from 'node:crypto';
import { GatewayError } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import { hasControl } from '../sip/digest/auth-params.js';
import { computeHa1, type DigestAlgorithm, digestHex, digestLength } from '../sip/digest/compute.js';

/** Who may authenticate: by password, or by H(A1) per algorithm where the password itself is not kept. */
export type DigestUser =
  | { readonly username: string; readonly password: Secret }
  | { readonly username: string; readonly ha1: Readonly<Partial<Record<DigestAlgorithm, Secret>>> };

/** What the digest rule asks. One realm has one of these; a tenant will bring its own. */
export interface DigestUsers {
  readonly realm: string;
  /** H(A1) as lower-case hex, or null when the user is unknown or has none for this algorithm. */
  ha1(username: string, algorithm: DigestAlgorithm): string | null;
  /** A value as good as H(A1) for computing and for nothing else: unknown users cost what known ones cost. */
  dummyHa1(algorithm: DigestAlgorithm): string;
}

/**
 * Makes the user table of a realm; every H(A1) is computed here and passwords are not kept.
 * Throws CONFIG_INVALID for a realm or name that digest cannot carry, a user named twice, a user without a password, and
 * an H(A1) of the wrong form.
 */
export function createDigestUsers(
  realm: string,
  users: readonly DigestUser[],
  algorithms: readonly DigestAlgorithm[],
): DigestUsers {
  // Clients disagree whether escapes count in H(A1), so the realm needs none.
  if (realm === '' || /["\\]/.test(realm) || hasControl(realm))
    invalid('The digest realm must be plain text without " and \\.');
  if (users.length === 0) invalid('Digest authentication has no user.');
  const tables = new Map<DigestAlgorithm, Map<string, string>>();
  for (const algorithm of algorithms) tables.set(algorithm, new Map());
  const names = new Set<string>();
  for (const user of users) {
    checkName(user.username, names);
    for (const [algorithm, table] of tables) {
      const ha1 = ha1Of(user, realm, algorithm);
      if (ha1 !== null) table.set(user.username, ha1);
    }
    if ([...tables.values()].every((table) => !table.has(user.username))) {
      invalid('A digest user has an HA1 for none of the algorithms in use.');
    }
  }
  const salt = randomBytes(16);
  return {
    realm,
    ha1: (username, algorithm) => tables.get(algorithm)?.get(username) ?? null,
    dummyHa1: (algorithm) => digestHex(algorithm, salt),
  };
}

function checkName(username: string, names: Set<string>): void {
  if (username === '' || username.includes(':') || hasControl(username) || username.length > 255) {
    invalid('A digest user name must have 1 to 255 characters without colon and control characters.');
  }
  if (names.has(username)) invalid('A digest user is named twice.');
  names.add(username);
}

function ha1Of(user: DigestUser, realm: string, algorithm: DigestAlgorithm): string | null {
  if ('password' in user) {
    const password = user.password.reveal();
    if (password === '') invalid('A digest user has an empty password.');
    return computeHa1(algorithm, user.username, realm, password);
  }
  const ha1 = user.ha1[algorithm]?.reveal().toLowerCase();
  if (ha1 === undefined) return null;
  if (!/^[0-9a-f]+$/.test(ha1) || ha1.length !== digestLength(algorithm)) {
    invalid(`The ${algorithm} HA1 of a digest user must be ${digestLength(algorithm)} hex digits.`);
  }
  return ha1;
}

function invalid(message: string): never {
  throw new GatewayError('CONFIG_INVALID', message);
}
