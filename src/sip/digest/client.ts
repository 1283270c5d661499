import { randomHex } from '../../base/random.js';
import type { Secret } from '../../base/secret.js';
import { computeHa1, computeResponse, DIGEST_ALGORITHMS, type DigestAlgorithm, parseAlgorithm } from './compute.js';
import { type DigestChallenge, formatCredentials, parseChallenge } from './credentials.js';

const MAX_NONCE_COUNT = 0xffff_ffff;

/** What is needed to answer a 401 or 407. */
export interface AnswerOptions {
  /** Values of all WWW-Authenticate (or Proxy-Authenticate) fields of the answer. */
  readonly challenges: readonly string[];
  readonly username: string;
  readonly password: Secret;
  /** The only realm that gets an answer; null answers any. Credentials for a trunk must name it (CVE-2021-41158). */
  readonly realm: string | null;
  readonly method: string;
  /** The Request-URI as sent. */
  readonly uri: string;
  readonly algorithms: readonly DigestAlgorithm[];
  /** How often this nonce has been used, this time included. */
  readonly nc: number;
  /** Random when absent. */
  readonly cnonce?: string;
}

/**
 * The value of the Authorization (or Proxy-Authorization) field that answers the strongest allowed challenge, or null
 * when none can be answered: another realm, no allowed algorithm, or only `auth-int`.
 */
export function answerChallenge(options: AnswerOptions): string | null {
  const chosen = strongest(options);
  if (chosen === null || !Number.isInteger(options.nc) || options.nc < 1 || options.nc > MAX_NONCE_COUNT) return null;
  const { challenge, algorithm } = chosen;
  const { username, method, uri } = options;
  const { realm, nonce, opaque } = challenge;
  const ha1 = computeHa1(algorithm, username, realm, options.password.reveal());
  const protection =
    challenge.qop === null
      ? null
      : {
          qop: 'auth' as const,
          nc: options.nc.toString(16).padStart(8, '0'),
          cnonce: options.cnonce ?? randomHex(16),
        };
  const response = computeResponse({ algorithm, ha1, nonce, method, uri, protection });
  return formatCredentials({
    username,
    realm,
    nonce,
    uri,
    response,
    algorithm,
    opaque,
    protection,
    userhash: false,
  });
}

function strongest(options: AnswerOptions): { challenge: DigestChallenge; algorithm: DigestAlgorithm } | null {
  const usable = new Map<DigestAlgorithm, DigestChallenge>();
  for (const text of options.challenges) {
    const challenge = parseChallenge(text);
    if (challenge === null || (options.realm !== null && challenge.realm !== options.realm)) continue;
    const algorithm = parseAlgorithm(challenge.algorithm);
    if (algorithm === null || usable.has(algorithm) || !options.algorithms.includes(algorithm)) continue;
    if (challenge.qop === null || challenge.qop.includes('auth')) usable.set(algorithm, challenge);
  }
  for (const algorithm of DIGEST_ALGORITHMS) {
    const challenge = usable.get(algorithm);
    if (challenge !== undefined) return { challenge, algorithm };
  }
  return null;
}
