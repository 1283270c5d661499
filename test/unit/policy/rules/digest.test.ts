import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../src/base/secret.js';
import { computeHa1 } from '../../../../src/sip/digest/compute.js';
import { NonceCounts } from '../../../../src/policy/nonce-counts.js';
import { answerChallenge } from '../../../../src/sip/digest/client.js';
import { parseChallenge } from '../../../../src/sip/digest/credentials.js';
import { CHALLENGE_REASONS, type DigestOptions, digestPolicy } from '../../../../src/policy/rules/digest.js';
import type { Policy, RequestFacts, RuleResult } from '../../../../src/policy/policy.js';
import {
  digestOptions,
  facts,
  nonceOf,
  PASSWORD,
  REALM,
  sign,
  type SignInput,
  T0,
  TLS_PEER,
  USER,
} from '../helpers.js';

interface Bench {
  readonly policy: Policy;
  readonly options: DigestOptions;
  /** Sends a request signed with a nonce that was issued at `issuedAt`. */
  readonly send: (signed?: Partial<SignInput>, input?: Parameters<typeof facts>[0], issuedAt?: number) => RuleResult;
}

function bench(changes: Partial<DigestOptions> = {}): Bench {
  const options = digestOptions(changes);
  const policy = digestPolicy(options);
  return {
    policy,
    options,
    send(signed = {}, input = {}, issuedAt = T0) {
      const nonce = options.nonces.issue(REALM, TLS_PEER.address, issuedAt);
      return policy.judge(facts({ authorization: [sign({ nonce, ...signed })], ...input }));
    },
  };
}

function challengesOf(result: RuleResult) {
  if (result.kind !== 'challenge') throw new Error(`expected a challenge, got ${result.kind}`);
  return result.headers.map(([name, value]) => {
    expect(name).toBe('WWW-Authenticate');
    return parseChallenge(value);
  });
}

const anyOf = (result: RuleResult): string => (result.kind === 'pass' ? 'pass' : result.reason);

describe('challenge (RFC 3261 §22.1, RFC 8760 §2.3)', () => {
  it('offers every algorithm in the order configured, with qop="auth" and a fixed realm', () => {
    const result = bench().policy.judge(facts());
    expect(result).toMatchObject({ kind: 'challenge', status: 401, reason: CHALLENGE_REASONS.missing });
    const challenges = challengesOf(result);
    expect(challenges.map((challenge) => challenge?.algorithm)).toEqual(['SHA-256', 'MD5']);
    for (const challenge of challenges) expect(challenge).toMatchObject({ realm: REALM, qop: ['auth'], stale: false });
  });

  it.each([[['MD5']], [['SHA-512-256', 'SHA-256', 'MD5']], [['MD5', 'SHA-256']]] as const)(
    'offers %s',
    (algorithms) => {
      const challenges = challengesOf(bench({ algorithms }).policy.judge(facts()));
      expect(challenges.map((challenge) => challenge?.algorithm)).toEqual(algorithms);
    },
  );

  it('quotes what must be quoted and nothing else', () => {
    const result = bench().policy.judge(facts());
    if (result.kind !== 'challenge') throw new Error('unexpected');
    expect(result.headers[0]?.[1]).toMatch(
      /^Digest realm="portcullis", nonce="[\w-]{40}", opaque="[0-9a-f]{16}", algorithm=SHA-256, qop="auth"$/,
    );
  });

  it('threat 65: takes the realm from the configuration, whatever the caller writes', () => {
    const result = bench().policy.judge(facts({ requestUri: 'sip:x@evil.example', to: '<sip:x@evil.example>' }));
    expect(challengesOf(result).map((challenge) => challenge?.realm)).toEqual([REALM, REALM]);
  });

  it('gives a fresh nonce every time', () => {
    const { policy } = bench();
    const nonces = [policy.judge(facts()), policy.judge(facts())].map((result) => challengesOf(result)[0]?.nonce);
    expect(nonces[0]).not.toBe(nonces[1]);
  });
});

describe('credentials (RFC 3261 §22.4, RFC 7616 §3.4)', () => {
  it.each(['SHA-256', 'MD5'] as const)('passes a right response by %s and tells the user', (algorithm) => {
    expect(bench().send({ algorithm })).toMatchObject({ kind: 'pass', user: USER });
  });

  it('understands our own client', () => {
    const { policy } = bench({ algorithms: ['SHA-512-256', 'SHA-256', 'MD5'] });
    const challenge = policy.judge(facts());
    if (challenge.kind !== 'challenge') throw new Error('unexpected');
    const authorization = answerChallenge({
      challenges: challenge.headers.map(([, value]) => value),
      username: USER,
      password: new Secret(PASSWORD),
      realm: REALM,
      method: 'INVITE',
      uri: 'sip:echo@gw.example',
      algorithms: ['MD5', 'SHA-512-256'],
      nc: 1,
    });
    expect(authorization).toContain('algorithm=SHA-512-256');
    expect(policy.judge(facts({ authorization: [authorization ?? ''] })).kind).toBe('pass');
  });

  it('takes the nonce of a challenge from any connection of the same address', () => {
    const { policy } = bench();
    const challenge = policy.judge(facts());
    if (challenge.kind !== 'challenge') throw new Error('unexpected');
    const authorization = [sign({ nonce: nonceOf(challenge.headers) })];
    const peer = { ...TLS_PEER, port: 40_001 };
    expect(policy.judge(facts({ authorization, peer })).kind).toBe('pass');
  });

  it.each<[string, Partial<SignInput>, string]>([
    ['a wrong password', { password: 'wrong' }, CHALLENGE_REASONS.response],
    ['an unknown user', { username: 'nobody' }, CHALLENGE_REASONS.user],
    ['a user in another case', { username: 'Alice' }, CHALLENGE_REASONS.user],
    ["another user's password", { username: 'bob' }, CHALLENGE_REASONS.response],
    ['threat 47: a response made for REGISTER', { method: 'REGISTER' }, CHALLENGE_REASONS.response],
    ['threat 46: another digest-uri', { uri: 'sip:other@gw.example' }, CHALLENGE_REASONS.uri],
    ['threat 46: a digest-uri that is none', { uri: '*' }, CHALLENGE_REASONS.uri],
    ['threat 46: the digest-uri of another scheme', { uri: 'sips:echo@gw.example' }, CHALLENGE_REASONS.uri],
    ['threat 48: another realm', { realm: 'asterisk' }, CHALLENGE_REASONS.realm],
    ['threat 49: no qop (RFC 2069)', { qop: null }, CHALLENGE_REASONS.qop],
    ['threat 50: qop=auth-int', { qop: 'auth-int' }, CHALLENGE_REASONS.qop],
    ['threat 51: an algorithm that was not offered', { algorithm: 'SHA-512-256' }, CHALLENGE_REASONS.algorithm],
    ['threat 53: userhash', { extra: ', userhash=true' }, CHALLENGE_REASONS.userhash],
    ['another opaque', { extra: ', opaque="x"' }, CHALLENGE_REASONS.opaque],
    ['threat 43: nonce count zero', { nc: '00000000' }, CHALLENGE_REASONS.replayed],
  ])('refuses %s with 401 and fresh challenges, never stale', (_title, signed, reason) => {
    const result = bench().send(signed);
    expect(anyOf(result)).toBe(reason);
    for (const challenge of challengesOf(result)) expect(challenge?.stale).toBe(false);
  });

  it.each(['MD5-sess', 'SHA-256-sess', 'SHA-1', ''])('threat 51: algorithm "%s" gets 401', (token) => {
    const { policy, options } = bench();
    const nonce = options.nonces.issue(REALM, TLS_PEER.address, T0);
    const authorization = [sign({ nonce }).replace('algorithm=SHA-256', `algorithm="${token}"`)];
    expect(anyOf(policy.judge(facts({ authorization })))).toBe(CHALLENGE_REASONS.algorithm);
  });

  it('threat 51: MD5 is refused when only SHA-256 is offered, and an absent algorithm means MD5', () => {
    const strict = bench({ algorithms: ['SHA-256'] });
    expect(anyOf(strict.send({ algorithm: 'MD5' }))).toBe(CHALLENGE_REASONS.algorithm);
    const { policy, options } = bench({ algorithms: ['MD5'] });
    const nonce = options.nonces.issue(REALM, TLS_PEER.address, T0);
    const authorization = [sign({ nonce, algorithm: 'MD5' }).replace(', algorithm=MD5', '')];
    expect(policy.judge(facts({ authorization })).kind).toBe('pass');
  });

  it('RFC 3261 §22.4: accepts an equivalent digest-uri', () => {
    const requestUri = 'sip:%65cho@GW.example;x=1';
    expect(bench().send({ uri: 'sip:echo@gw.example' }, { requestUri }).kind).toBe('pass');
    expect(bench().send({ uri: requestUri }, { requestUri }).kind).toBe('pass');
  });

  it('accepts the opaque of the challenge, and its absence', () => {
    const { policy, options, send } = bench();
    const opaque = challengesOf(policy.judge(facts()))[0]?.opaque;
    expect(opaque).toMatch(/^[0-9a-f]{16}$/);
    const nonce = options.nonces.issue(REALM, TLS_PEER.address, T0);
    expect(send({ nonce, extra: `, opaque="${opaque}"` }).kind).toBe('pass');
    expect(send().kind).toBe('pass');
  });

  it.each<[string, string[]]>([
    ['not a header', ['garbage']],
    ['empty', ['']],
    ['cut off', ['Digest username="alice']],
    ['more than eight', Array.from({ length: 9 }, () => 'Bearer x')],
  ])('refuses malformed credentials with 400: %s', (_title, authorization) => {
    const result = bench().policy.judge(facts({ authorization }));
    expect(result).toEqual(expect.objectContaining({ kind: 'deny', status: 400, headers: [] }));
  });
});

describe('several Authorization fields (threat 48, CVE-2025-57767)', () => {
  const foreign = sign({ nonce: 'x', realm: 'asterisk' });

  it.each(['first', 'last'])('chooses by realm: ours %s', (place) => {
    const { policy, options } = bench();
    const ours = sign({ nonce: options.nonces.issue(REALM, TLS_PEER.address, T0) });
    const authorization = place === 'first' ? [ours, foreign] : [foreign, 'Bearer abc', ours];
    expect(policy.judge(facts({ authorization })).kind).toBe('pass');
  });

  it('of several for our realm takes the first that it can check', () => {
    const { policy, options } = bench({ algorithms: ['MD5'] });
    const nonce = options.nonces.issue(REALM, TLS_PEER.address, T0);
    const authorization = [sign({ nonce, algorithm: 'SHA-256' }), sign({ nonce, algorithm: 'MD5' })];
    expect(policy.judge(facts({ authorization })).kind).toBe('pass');
  });

  it('does not try one after the other', () => {
    const { policy, options } = bench();
    const nonce = options.nonces.issue(REALM, TLS_PEER.address, T0);
    const authorization = [sign({ nonce, password: 'wrong' }), sign({ nonce })];
    expect(anyOf(policy.judge(facts({ authorization })))).toBe(CHALLENGE_REASONS.response);
  });

  it('challenges when there is none of ours, and refuses when one is malformed', () => {
    const { policy } = bench();
    expect(anyOf(policy.judge(facts({ authorization: [foreign, 'Basic YTpi'] })))).toBe(CHALLENGE_REASONS.realm);
    expect(policy.judge(facts({ authorization: [foreign, 'Digest x'] }))).toMatchObject({ status: 400 });
  });
});

describe('nonces and their counts', () => {
  const LIFE = 300_000;

  it('threat 44: an expired nonce with the right password is stale', () => {
    const result = bench().send({}, { time: T0 + LIFE + 1 });
    expect(anyOf(result)).toBe(CHALLENGE_REASONS.expired);
    for (const challenge of challengesOf(result)) expect(challenge?.stale).toBe(true);
  });

  it.each([{ password: 'wrong' }, { username: 'nobody' }, { method: 'BYE' }])(
    'threat 44: an expired nonce with %j is not',
    (signed) => {
      const challenges = challengesOf(bench().send(signed, { time: T0 + LIFE + 1 }));
      for (const challenge of challenges) expect(challenge?.stale).toBe(false);
    },
  );

  it('threat 45: a nonce from the future is stale beyond 3 s', () => {
    expect(bench().send({}, {}, T0 + 3_000).kind).toBe('pass');
    expect(challengesOf(bench().send({}, {}, T0 + 3_001))[0]?.stale).toBe(true);
  });

  it('the nonce of a stale challenge works', () => {
    const { policy, send } = bench();
    const time = T0 + LIFE + 1;
    const nonce = challengesOf(send({}, { time }))[0]?.nonce ?? '';
    expect(policy.judge(facts({ time, authorization: [sign({ nonce })] })).kind).toBe('pass');
  });

  it.each<[string, string]>([
    ['invented', 'A'.repeat(40)],
    ['of another server', 'dcd98b7102dd2f0e8b11d0f600bfb0c093'],
  ])('threat 41: a nonce %s is refused without stale', (_title, nonce) => {
    const result = bench().send({ nonce });
    expect(anyOf(result)).toBe(CHALLENGE_REASONS.nonce);
    expect(challengesOf(result)[0]?.stale).toBe(false);
  });

  it('a nonce issued to another peer is refused', () => {
    expect(anyOf(bench().send({}, { peer: { ...TLS_PEER, address: '192.0.2.99' } }))).toBe(CHALLENGE_REASONS.nonce);
  });

  it('threats 42, 43: a count is good once; skipping ahead is allowed', () => {
    const { options, send } = bench();
    const nonce = options.nonces.issue(REALM, TLS_PEER.address, T0);
    const outcomes = ['00000001', '00000001', '00000005', '00000005', '00000006'].map((nc) =>
      anyOf(send({ nonce, nc })),
    );
    const { replayed } = CHALLENGE_REASONS;
    expect(outcomes).toEqual(['pass', replayed, 'pass', replayed, 'pass']);
  });

  it('threat 42: the case of the count does not make it new', () => {
    const { options, send } = bench();
    const nonce = options.nonces.issue(REALM, TLS_PEER.address, T0);
    expect(send({ nonce, nc: '0000000a' }).kind).toBe('pass');
    expect(anyOf(send({ nonce, nc: '0000000A' }))).toBe(CHALLENGE_REASONS.replayed);
  });

  it('a nonce that fell out of memory is stale, not fresh and not refused for good', () => {
    const { options, send } = bench({ counts: new NonceCounts(1) });
    const first = options.nonces.issue(REALM, TLS_PEER.address, T0);
    expect(send({ nonce: first }).kind).toBe('pass');
    expect(send({}, {}, T0 + 1).kind).toBe('pass');
    const result = send({ nonce: first });
    expect(anyOf(result)).toBe(CHALLENGE_REASONS.expired);
    expect(challengesOf(result)[0]?.stale).toBe(true);
  });

  it('threat 55: the dummy for unknown users opens nothing, even to who knows it', () => {
    const ha1 = computeHa1('SHA-256', 'nobody', REALM, PASSWORD);
    const users = { realm: REALM, ha1: () => null, dummyHa1: () => ha1 };
    expect(anyOf(bench({ users }).send({ username: 'nobody' }))).toBe(CHALLENGE_REASONS.user);
  });

  it('a wrong password uses up no count', () => {
    const { options, send } = bench();
    const nonce = options.nonces.issue(REALM, TLS_PEER.address, T0);
    send({ nonce, password: 'wrong' });
    expect(options.counts.size).toBe(0);
    expect(send({ nonce }).kind).toBe('pass');
    expect(options.counts.size).toBe(1);
  });

  it('two gateways with one key accept each other’s nonces', () => {
    const nonce = bench().options.nonces.issue(REALM, TLS_PEER.address, T0);
    expect(bench().send({ nonce }).kind).toBe('pass');
  });
});

describe('exemption (interfaces.md §3, threat 86)', () => {
  const trusted = (address: string): boolean => address === TLS_PEER.address;
  const judge = (exempt: NonNullable<DigestOptions['exempt']>, input: Partial<Pick<RequestFacts, 'method' | 'peer'>>) =>
    bench({ exempt }).policy.judge(facts(input)).kind;

  it('lets trusted peers send the named methods without credentials, and only those', () => {
    expect(judge({ methods: ['OPTIONS'], trusted }, { method: 'OPTIONS' })).toBe('pass');
    expect(judge({ methods: ['OPTIONS'], trusted }, { method: 'INVITE' })).toBe('challenge');
    const stranger = { ...TLS_PEER, address: '198.51.100.1' };
    expect(judge({ methods: ['OPTIONS'], trusted }, { method: 'OPTIONS', peer: stranger })).toBe('challenge');
  });

  it('threat 86: trust alone switches nothing off', () => {
    expect(judge({ methods: [], trusted }, { method: 'INVITE' })).toBe('challenge');
  });

  it('is told in the description', () => {
    expect(bench({ exempt: { methods: ['OPTIONS'], trusted } }).policy.describe()).toContain('OPTIONS');
    expect(bench().policy.describe()).not.toContain('without');
  });
});
