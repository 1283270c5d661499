import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { createDigestUsers } from '../../src/policy/digest-users.js';
import { buildPolicies } from '../../src/policy/order.js';
import type { Pipeline } from '../../src/policy/pipeline.js';
import type { PeerFacts, Verdict } from '../../src/policy/policy.js';
import type { DigestOptions } from '../../src/policy/rules/digest.js';
import { parseChallenge } from '../../src/sip/digest/credentials.js';
import {
  digestOptions,
  factsOfText,
  facts,
  nonceOf,
  PASSWORD,
  pipelineOf,
  REALM,
  sign,
  type SignInput,
  T0,
  TLS_PEER,
  USER,
} from '../unit/policy/helpers.js';

/** Threats B2: raw messages through parser and pipeline. */

interface Gate {
  readonly options: DigestOptions;
  readonly pipeline: Pipeline;
  readonly nonce: () => string;
  readonly send: (authorization: readonly string[], method?: string, peer?: PeerFacts) => Verdict;
  readonly sign: (input?: Partial<SignInput>) => string;
}

function gate(changes: Partial<DigestOptions> = {}): Gate {
  const options = digestOptions(changes);
  const pipeline = pipelineOf(buildPolicies({ mask: 'last4', digest: options }));
  const nonce = (): string => nonceOf(pipeline.judge(facts()).headers);
  return {
    options,
    pipeline,
    nonce,
    send: (authorization, method = 'INVITE', peer = TLS_PEER) =>
      pipeline.judge(factsOfText(request(method, authorization), peer)),
    sign: (input = {}) => sign({ nonce: input.nonce ?? nonce(), ...input }),
  };
}

function request(method: string, authorization: readonly string[]): string {
  return [
    `${method} sip:echo@gw.example SIP/2.0`,
    'Via: SIP/2.0/TLS 192.0.2.10:5061;branch=z9hG4bKa',
    'From: <sip:2345556789@good.example>;tag=1',
    'To: <sip:echo@gw.example>',
    'Call-ID: c1',
    `CSeq: 1 ${method}`,
    'Max-Forwards: 70',
    'Contact: <sip:x@192.0.2.10:5061;transport=tls>',
    ...authorization.map((value) => `Authorization: ${value}`),
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

const staleOf = (verdict: Verdict): boolean | undefined => parseChallenge(verdict.headers[0]?.[1] ?? '')?.stale;
const hex = (digits: number): string => 'a'.repeat(digits);

describe('B2: digest authentication', () => {
  it('lets the right password in, by every algorithm offered', () => {
    for (const algorithm of ['SHA-256', 'MD5'] as const) {
      const { send, sign } = gate();
      expect(send([sign({ algorithm })])).toMatchObject({ verdict: 'allow', user: USER });
    }
  });

  it.each<[string, Partial<SignInput>]>([
    ['41 a nonce that was never issued', { nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093' }],
    ['46 another digest-uri', { uri: 'sip:other@gw.example' }],
    ['47 a response made for REGISTER', { method: 'REGISTER' }],
    ['48 a foreign realm', { realm: 'asterisk' }],
    ['49 no qop', { qop: null }],
    ['50 auth-int', { qop: 'auth-int' }],
    ['51 an algorithm not offered', { algorithm: 'SHA-512-256' }],
    ['53 userhash', { extra: ', userhash=true' }],
    ['55 an unknown user', { username: 'nobody' }],
    ['55 a wrong password', { password: 'wrong' }],
  ])('threat %s: 401 with a fresh challenge, not stale', (_title, input) => {
    const { send, sign } = gate();
    const verdict = send([sign(input)]);
    expect(verdict).toMatchObject({ verdict: 'challenge', status: 401, rule: 'digest', user: null });
    expect(verdict.headers).toHaveLength(2);
    expect(staleOf(verdict)).toBe(false);
  });

  it.each<[string, (right: string) => string]>([
    [
      '52 a quote escaped to swallow the realm',
      (right) => right.replace(`"${USER}"`, '"bob\\", realm=\\"gw"').replace(`, realm="${REALM}"`, ''),
    ],
    ['52 a parameter twice', (right) => `${right}, username="bob"`],
    ['52 an unbalanced quote', (right) => right.replace(`"${USER}"`, `"${USER}`)],
    ['53 username*', (right) => right.replace(`username="${USER}"`, `username*=UTF-8''${USER}`)],
    ['54 nc of 7 digits', (right) => right.replace('nc=00000001', 'nc=0000001')],
    ['54 nc that is no hex', (right) => right.replace('nc=00000001', 'nc=0000000x')],
    ['54 negative nc', (right) => right.replace('nc=00000001', 'nc=-0000001')],
    ['54 response of 63 digits', (right) => right.replace(/response="[^"]*"/, `response="${hex(63)}"`)],
    ['54 empty user name', (right) => right.replace(`"${USER}"`, '""')],
    ['54 long user name', (right) => right.replace(`"${USER}"`, `"${hex(2_000)}"`)],
    ['54 nothing', () => 'Digest'],
  ])('threat %s: 400', (_title, change) => {
    const { send, sign } = gate();
    expect(send([change(sign())])).toMatchObject({ verdict: 'deny', status: 400, rule: 'digest', headers: [] });
  });

  it('threat 52: a user name that looks like parameters is only a user name', () => {
    const { send, sign } = gate();
    expect(send([sign({ username: `x, nonce=, username=${USER}` })])).toMatchObject({ verdict: 'challenge' });
  });

  it('threats 42, 43: a replay gets 401; a skipped count is good once', () => {
    const { send, sign, nonce } = gate();
    const one = nonce();
    const first = sign({ nonce: one, nc: '00000001' });
    expect(send([first]).verdict).toBe('allow');
    expect(send([first])).toMatchObject({ verdict: 'challenge', status: 401 });
    const skipped = sign({ nonce: one, nc: '00000009' });
    expect(send([skipped]).verdict).toBe('allow');
    expect(send([skipped]).verdict).toBe('challenge');
  });

  it('threat 44: stale only for an expired nonce with the right password', () => {
    const { options, send, sign } = gate();
    const old = options.nonces.issue(REALM, TLS_PEER.address, T0 - 300_001);
    expect(staleOf(send([sign({ nonce: old })]))).toBe(true);
    expect(staleOf(send([sign({ nonce: old, password: 'wrong' })]))).toBe(false);
    expect(staleOf(send([sign({ nonce: old, username: 'nobody' })]))).toBe(false);
  });

  it('threat 45: a nonce from more than 3 s ahead is stale', () => {
    const { options, send, sign } = gate();
    expect(staleOf(send([sign({ nonce: options.nonces.issue(REALM, TLS_PEER.address, T0 + 3_001) })]))).toBe(true);
    expect(send([sign({ nonce: options.nonces.issue(REALM, TLS_PEER.address, T0 + 3_000) })]).verdict).toBe('allow');
  });

  it('threat 48: two Authorization fields, one for our realm', () => {
    const { send, sign } = gate();
    expect(send([sign({ realm: 'other' }), sign()]).verdict).toBe('allow');
    expect(send([sign({ realm: 'other' }), sign({ realm: 'third' })])).toMatchObject({ status: 401 });
  });

  it('threat 60: every method that begins something is refused without credentials', () => {
    const { send } = gate();
    const statuses = [
      'INVITE',
      'OPTIONS',
      'REGISTER',
      'MESSAGE',
      'SUBSCRIBE',
      'REFER',
      'NOTIFY',
      'PUBLISH',
      'INFO',
      'FOO',
    ].map((method) => send([], method).status);
    expect(statuses).toEqual([401, 401, 405, 405, 405, 405, 405, 405, 405, 501]);
  });

  it("threat 64: one realm's credentials are nothing in another, with the same user and password", () => {
    const tenantB = gate({
      users: createDigestUsers('tenant-b', [{ username: USER, password: new Secret(PASSWORD) }], ['SHA-256', 'MD5']),
    });
    expect(tenantB.send([sign({ nonce: gate().nonce() })])).toMatchObject({ status: 401 });
    const nonceOfB = tenantB.nonce();
    expect(tenantB.send([sign({ nonce: nonceOfB })])).toMatchObject({ status: 401 });
    expect(tenantB.send([sign({ nonce: nonceOfB, realm: 'tenant-b' })]).verdict).toBe('allow');
    // The same key, but the nonce was made for another realm.
    expect(tenantB.send([sign({ nonce: gate().nonce(), realm: 'tenant-b' })])).toMatchObject({ status: 401 });
  });

  it.each(['udp', 'tcp'] as const)(
    'threat 66: %s gets 400 and never a challenge, whatever its Via says',
    (transport) => {
      const { send, sign } = gate();
      for (const authorization of [[], [sign()]]) {
        const verdict = send(authorization, 'INVITE', { ...TLS_PEER, transport });
        expect(verdict).toMatchObject({ verdict: 'deny', status: 400, rule: 'transport', headers: [] });
      }
    },
  );
});

describe('B2: what the outside learns', () => {
  it('threat 55: an unknown user gets the same answer as a wrong password', () => {
    const { send, sign } = gate();
    const shape = (verdict: Verdict) => ({
      status: verdict.status,
      rule: verdict.rule,
      headers: verdict.headers.map(([name, value]) => [name, value.replace(/nonce="[^"]*"/, 'nonce')]),
    });
    expect(shape(send([sign({ username: 'nobody' })]))).toEqual(shape(send([sign({ password: 'wrong' })])));
  });

  it('threat 55: and it takes the same time (medians of 1,500 interleaved requests each, under 0.1 ms apart)', () => {
    const { options, pipeline } = gate();
    const make = (input: Partial<SignInput>) =>
      facts({ authorization: [sign({ nonce: options.nonces.issue(REALM, TLS_PEER.address, T0), ...input })] });
    const requests = { unknown: make({ username: 'nobody' }), wrong: make({ password: 'wrong' }) };
    const times: Record<keyof typeof requests, number[]> = { unknown: [], wrong: [] };
    for (let round = 0; round < 1_700; round++) {
      for (const kind of ['unknown', 'wrong'] as const) {
        const started = performance.now();
        pipeline.judge(requests[kind]);
        if (round >= 200) times[kind].push(performance.now() - started);
      }
    }
    const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length / 2] ?? Number.NaN;
    expect(Math.abs(median(times.unknown) - median(times.wrong))).toBeLessThan(0.1);
  });

  it('no password, response, nonce or cnonce is in a record, a reason or a trace', () => {
    const { send, sign, nonce } = gate();
    const secrets = [PASSWORD, 'wrong horse', 'cn0nce-canary'];
    for (const input of [{}, { password: 'wrong horse' }, { username: 'nobody' }, { qop: null }, { extra: 'x' }]) {
      const used = nonce();
      const value = sign({ nonce: used, cnonce: 'cn0nce-canary', ...input });
      const verdict = send([value]);
      const seen = JSON.stringify([verdict.record, verdict.trace, verdict.reason]);
      for (const secret of [...secrets, used, /response="([^"]*)"/.exec(value)?.[1] ?? 'none']) {
        expect(seen).not.toContain(secret);
      }
    }
  });

  it('an unknown user name is not logged: it may be a password typed into the wrong field', () => {
    const { send, sign } = gate();
    const verdict = send([sign({ username: 'hunter2' })]);
    expect(JSON.stringify([verdict.record, verdict.trace])).not.toContain('hunter2');
  });
});

describe('B2: state', () => {
  it('threat 57: 20,000 challenges keep no state and break no login', () => {
    const { options, pipeline, nonce, send, sign } = gate();
    const early = nonce();
    for (let index = 0; index < 20_000; index++) {
      const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
      expect(pipeline.judge(facts({ peer: { ...TLS_PEER, address } })).status).toBe(401);
    }
    expect(options.counts.size).toBe(0);
    expect(send([sign({ nonce: early })]).verdict).toBe('allow');
    expect(options.counts.size).toBe(1);
  });

  it('threat 57: a nonce is good where it was never seen, so nobody had to remember it', () => {
    const here = gate();
    const elsewhere = gate();
    expect(elsewhere.send([here.sign()]).verdict).toBe('allow');
    expect(here.options.counts.size).toBe(0);
  });

  it('threat 57: nor do wrong passwords', () => {
    const { options, send, sign, nonce } = gate();
    for (let index = 0; index < 500; index++) send([sign({ nonce: nonce(), password: `guess ${index}` })]);
    expect(options.counts.size).toBe(0);
  });
});
