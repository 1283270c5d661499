import { createHash } from 'node:crypto';
import { GatewayError } from '../../base/errors.js';
import { authScheme } from '../../sip/digest/auth-params.js';
import { computeResponse, type DigestAlgorithm, equalHex, parseAlgorithm } from '../../sip/digest/compute.js';
import { type DigestCredentials, formatChallenge, parseCredentials } from '../../sip/digest/credentials.js';
import type { Uri } from '../../sip/message/types.js';
import { parseUri } from '../../sip/message/uri.js';
import type { DigestUsers } from '../digest-users.js';
import type { NonceMint } from '../nonce.js';
import type { NonceCounts } from '../nonce-counts.js';
import type { AnswerHeader, Policy, Refusal, RequestFacts, RuleResult } from '../policy.js';
import { sameUri } from '../uri-equivalence.js';

export interface DigestOptions {
  readonly users: DigestUsers;
  /** What is offered, in this order: one challenge each (RFC 8760 §2.3). */
  readonly algorithms: readonly DigestAlgorithm[];
  readonly nonces: NonceMint;
  readonly counts: NonceCounts;
  /** Methods that trusted peers may send without credentials. Trust alone never switches authentication off. */
  readonly exempt?: { readonly methods: readonly string[]; trusted(address: string): boolean };
}

/** MD5 because many phones know nothing else; the channel is TLS. */
export const DEFAULT_DIGEST_ALGORITHMS: readonly DigestAlgorithm[] = ['SHA-256', 'MD5'];

/** Why somebody was challenged. `missing` is how every honest call begins; the others count against the peer. */
export const CHALLENGE_REASONS = {
  missing: 'no credentials',
  realm: 'no credentials for our realm',
  algorithm: 'the algorithm was not offered',
  qop: 'qop is missing or not auth',
  userhash: 'userhash was not offered',
  opaque: 'opaque is not the one of our challenge',
  uri: 'the digest-uri is not equivalent to the Request-URI',
  nonce: 'the nonce was not issued by us to this peer',
  user: 'the user is unknown, or has no secret for this algorithm',
  response: 'the response is wrong: another password or another method',
  expired: 'the nonce has expired',
  replayed: 'the nonce count was used before',
} as const;

type Why = keyof typeof CHALLENGE_REASONS;

const MAX_AUTHORIZATION_FIELDS = 8;

/** Digest authentication of every request outside dialogs (RFC 3261 §22, RFC 7616, RFC 8760). */
export function digestPolicy(options: DigestOptions): Policy {
  const { users, algorithms } = options;
  if (algorithms.length === 0 || new Set(algorithms).size !== algorithms.length) {
    throw new GatewayError('CONFIG_INVALID', 'Digest authentication needs a list of different algorithms.');
  }
  return new DigestPolicy(options, createHash('sha256').update(users.realm).digest('hex').slice(0, 16));
}

class DigestPolicy implements Policy {
  readonly name = 'digest';
  readonly #options: DigestOptions;
  readonly #realm: string;
  /** The same for all challenges of a realm, so that instances agree on it without sharing anything. */
  readonly #opaque: string;

  constructor(options: DigestOptions, opaque: string) {
    this.#options = options;
    this.#realm = options.users.realm;
    this.#opaque = opaque;
  }

  describe(): string {
    const { algorithms, exempt } = this.#options;
    const free =
      exempt === undefined || exempt.methods.length === 0
        ? ''
        : ` Trusted peers may send ${exempt.methods.join(', ')} without.`;
    return `Requests need digest credentials for realm ${this.#realm} by ${algorithms.join(' or ')}; others get 401.${free}`;
  }

  judge(facts: RequestFacts): RuleResult {
    const { exempt } = this.#options;
    const { authorization, method, peer } = facts;
    if (exempt?.methods.includes(method) === true && exempt.trusted(peer.address)) {
      return { kind: 'pass', input: `${method} of a trusted peer, exempt` };
    }
    if (authorization.length === 0) return this.#challenge(facts, 'no Authorization', 'missing');
    const found = this.#select(authorization);
    const input = `${authorization.length} Authorization`;
    if (found === 'malformed') {
      return { kind: 'deny', status: 400, input, reason: 'malformed credentials', headers: [] };
    }
    return found === null ? this.#challenge(facts, input, 'realm') : this.#judgeCredentials(facts, found);
  }

  /** RFC 3261 §22.3, §22.4: of several credentials those of our realm count, and of these the first we can check. */
  #select(authorization: readonly string[]): DigestCredentials | 'malformed' | null {
    if (authorization.length > MAX_AUTHORIZATION_FIELDS) return 'malformed';
    const ours: DigestCredentials[] = [];
    for (const text of authorization) {
      const scheme = authScheme(text);
      if (scheme !== null && scheme !== 'digest') continue;
      const credentials = parseCredentials(text);
      if (credentials === null) return 'malformed';
      if (credentials.realm === this.#realm) ours.push(credentials);
    }
    return ours.find((credentials) => this.#offered(credentials) !== null) ?? ours[0] ?? null;
  }

  #offered(credentials: DigestCredentials): DigestAlgorithm | null {
    const algorithm = parseAlgorithm(credentials.algorithm);
    return algorithm !== null && this.#options.algorithms.includes(algorithm) ? algorithm : null;
  }

  #judgeCredentials(facts: RequestFacts, credentials: DigestCredentials): RuleResult {
    const { nonces, counts } = this.#options;
    const { protection, nonce, username } = credentials;
    const input = `credentials for realm ${this.#realm}`;
    const refuse = (why: Why, stale = false): Refusal => this.#challenge(facts, input, why, stale);

    const algorithm = this.#offered(credentials);
    if (algorithm === null) return refuse('algorithm');
    if (protection?.qop !== 'auth') return refuse('qop');
    if (credentials.userhash) return refuse('userhash');
    if (credentials.opaque !== null && credentials.opaque !== this.#opaque) return refuse('opaque');
    if (!isRequestUri(credentials.uri, facts.requestUri)) return refuse('uri');
    const state = nonces.check(nonce, this.#realm, facts.peer.address, facts.time);
    if (state.kind === 'forged') return refuse('nonce');
    const wrong = this.#verify(facts.method, credentials, algorithm);
    if (wrong !== null) return refuse(wrong);
    // RFC 7616 §3.3: stale tells that the secret was right, so nobody who does not know it may see it.
    if (state.kind === 'expired') return refuse('expired', true);
    const count = counts.use(nonce, state.issued, Number.parseInt(protection.nc, 16));
    if (count === 'fresh') return { kind: 'pass', input, user: username };
    return count === 'forgotten' ? refuse('expired', true) : refuse('replayed');
  }

  /** Null when the response is right. An unknown user costs exactly what a known one costs. */
  #verify(method: string, credentials: DigestCredentials, algorithm: DigestAlgorithm): 'user' | 'response' | null {
    const { users } = this.#options;
    const dummy = users.dummyHa1(algorithm);
    const ha1 = users.ha1(credentials.username, algorithm);
    const { nonce, uri, protection } = credentials;
    const expected = computeResponse({
      algorithm,
      ha1: ha1 ?? dummy,
      nonce,
      method,
      uri,
      protection: protection === null ? null : { ...protection, qop: 'auth' },
    });
    const right = equalHex(expected, credentials.response);
    if (ha1 === null) return 'user';
    return right ? null : 'response';
  }

  #challenge(facts: RequestFacts, input: string, why: Why, stale = false): Refusal {
    const nonce = this.#options.nonces.issue(this.#realm, facts.peer.address, facts.time);
    const headers = this.#options.algorithms.map((algorithm): AnswerHeader => {
      const challenge = { realm: this.#realm, nonce, opaque: this.#opaque, algorithm, qop: ['auth'], stale };
      return ['WWW-Authenticate', formatChallenge(challenge)];
    });
    return { kind: 'challenge', status: 401, input, reason: CHALLENGE_REASONS[why], headers };
  }
}

/**
 * RFC 3261 §22.4 leaves it to the server to check the digest-uri. We do, by §19.1.4: without it a response that somebody
 * saw would be good for another target.
 */
function isRequestUri(text: string, requestUri: Uri): boolean {
  if (text === requestUri.text) return true;
  try {
    return sameUri(parseUri(text), requestUri);
  } catch {
    return false;
  }
}
