import { Secret } from '../../../src/base/secret.js';
import { DEFAULT_SIP_LIMITS } from '../../../src/base/limits.js';
import { createDigestUsers } from '../../../src/policy/digest-users.js';
import { factsOf } from '../../../src/policy/facts.js';
import type { AllowEntry } from '../../../src/policy/matchers.js';
import { DEFAULT_NONCE_OPTIONS, NonceMint } from '../../../src/policy/nonce.js';
import { NonceCounts } from '../../../src/policy/nonce-counts.js';
import { createPipeline, type Pipeline } from '../../../src/policy/pipeline.js';
import type { PeerFacts, Policy, RequestFacts } from '../../../src/policy/policy.js';
import type { DigestOptions } from '../../../src/policy/rules/digest.js';
import { computeHa1, computeResponse, type DigestAlgorithm } from '../../../src/sip/digest/compute.js';
import { parseChallenge } from '../../../src/sip/digest/credentials.js';
import { parseNameAddr } from '../../../src/sip/message/name-addr.js';
import { parseMessage } from '../../../src/sip/message/parse.js';
import { parseUri } from '../../../src/sip/message/uri.js';
import { FakeClock } from '../../support/fake-clock.js';

export const T0 = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
export const REALM = 'portcullis';
export const USER = 'alice';
export const PASSWORD = 'correct horse';
export const TLS_PEER: PeerFacts = { address: '192.0.2.10', port: 40_000, transport: 'tls', listener: 'tls-0' };

interface FactsInput extends Partial<Omit<RequestFacts, 'from' | 'to' | 'requestUri' | 'body'>> {
  readonly from?: string;
  readonly to?: string;
  readonly requestUri?: string;
  readonly body?: string;
}

/** Facts of an ordinary INVITE over TLS; From, To and Request-URI are given as text and parsed by our parser. */
export function facts(input: FactsInput = {}): RequestFacts {
  return {
    time: T0,
    method: 'INVITE',
    callId: 'call-1@192.0.2.10',
    peer: TLS_PEER,
    inDialog: false,
    authorization: [],
    maxForwards: 70,
    require: [],
    contentType: null,
    contentEncoding: null,
    ...input,
    requestUri: parseUri(input.requestUri ?? 'sip:echo@gw.example'),
    from: parseNameAddr(input.from ?? '<sip:2345556789@good.example>;tag=a'),
    to: parseNameAddr(input.to ?? '<sip:echo@gw.example>'),
    body: Buffer.from(input.body ?? ''),
  };
}

/** Facts of a whole request message, read by our parser; throws the parser's error. */
export function factsOfText(text: string, peer: PeerFacts = TLS_PEER): RequestFacts {
  const result = parseMessage(Buffer.from(text), DEFAULT_SIP_LIMITS);
  if (!result.ok) throw result.error;
  if (result.message.kind !== 'request') throw new Error('not a request');
  return factsOf(result.message, peer, T0);
}

/** A pipeline of some rules, with ids `id-1`, `id-2` … and a clock that stands. */
export function pipelineOf(policies: readonly Policy[], mask: 'last4' | 'none' | 'all' = 'last4'): Pipeline {
  let id = 0;
  return createPipeline(policies, { clock: new FakeClock(T0), newId: () => `id-${++id}`, mask });
}

export function contains(...texts: string[]): AllowEntry[] {
  return texts.map((text, index) => ({ text, origin: `WHITELIST_FROM_URI[${index}]`, mode: 'contains' }));
}

export function exact(...texts: string[]): AllowEntry[] {
  return texts.map((text, index) => ({ text, origin: `portcullis.yaml:${index + 1}`, mode: 'exact' }));
}

/** Digest options with the user alice (and bob) and fresh state. */
export function digestOptions(input: Partial<DigestOptions> = {}): DigestOptions {
  const algorithms = input.algorithms ?? (['SHA-256', 'MD5'] as const);
  const users = createDigestUsers(
    REALM,
    [
      { username: USER, password: new Secret(PASSWORD) },
      { username: 'bob', password: new Secret('bobs password') },
    ],
    algorithms,
  );
  const nonces = new NonceMint({ ...DEFAULT_NONCE_OPTIONS, key: Buffer.alloc(32, 7) });
  return { users, algorithms, nonces, counts: new NonceCounts(), ...input };
}

/** What a caller puts into its credentials; every part can be made wrong on its own. */
export interface SignInput {
  readonly nonce: string;
  readonly username?: string;
  readonly password?: string;
  readonly realm?: string;
  /** Realm used in the computation when it is to differ from the one told. */
  readonly method?: string;
  readonly uri?: string;
  readonly algorithm?: DigestAlgorithm;
  readonly nc?: string;
  readonly cnonce?: string;
  /** Appended to the value, or null to send no qop, nc and cnonce. */
  readonly qop?: 'auth' | 'auth-int' | null;
  readonly extra?: string;
}

/** The value of an Authorization field, computed independently of our client. */
export function sign(input: SignInput): string {
  const { nonce, username = USER, realm = REALM, uri = 'sip:echo@gw.example', algorithm = 'SHA-256' } = input;
  const { nc = '00000001', cnonce = 'c0ffee', qop = 'auth' } = input;
  const response = computeResponse({
    algorithm,
    ha1: computeHa1(algorithm, username, realm, input.password ?? PASSWORD),
    nonce,
    method: input.method ?? 'INVITE',
    uri,
    protection: qop === null ? null : { qop, nc, cnonce },
  });
  const protection = qop === null ? '' : `, qop=${qop}, nc=${nc}, cnonce="${cnonce}"`;
  return (
    `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", ` +
    `response="${response}", algorithm=${algorithm}${protection}${input.extra ?? ''}`
  );
}

/** The nonce of the first challenge among some answer headers. */
export function nonceOf(headers: readonly (readonly [string, string])[]): string {
  const value = headers.find(([name]) => name === 'WWW-Authenticate')?.[1];
  const challenge = value === undefined ? null : parseChallenge(value);
  if (challenge === null) throw new Error('no challenge');
  return challenge.nonce;
}
