import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../src/base/errors.js';
import { buildPolicies, type PolicyOptions, RULE_ORDER } from '../../../src/policy/order.js';
import type { Policy, RuleName } from '../../../src/policy/policy.js';
import { createTrustedIps } from '../../../src/policy/rules/trusted-ip.js';
import { contains, digestOptions, facts, nonceOf, pipelineOf, sign, TLS_PEER } from './helpers.js';

const trustedIp = createTrustedIps({
  entries: [{ text: '192.0.2.0/24', origin: 'TRUSTED_IP_LIST[0]' }],
  reply: 'drop',
});

function everything(changes: Partial<PolicyOptions> = {}): PolicyOptions {
  return {
    mask: 'last4',
    trustedIp,
    digest: digestOptions(),
    draining: { draining: () => false },
    from: contains('2345556789'),
    to: contains('echo'),
    capacity: { exhausted: () => null },
    ...changes,
  };
}

function named(name: RuleName): Policy {
  return { name, describe: () => name, judge: () => ({ kind: 'pass', input: name }) };
}

const names = (policies: readonly Policy[]): string[] => policies.map((policy) => policy.name);

describe('order of the rules (interfaces.md §3)', () => {
  it('is the published one', () => {
    expect(names(buildPolicies(everything()))).toEqual([
      'trusted-ip',
      'transport',
      'sanity',
      'method',
      'loop',
      'sanity',
      'draining',
      'digest',
      'from',
      'to',
      'capacity',
    ]);
  });

  it('gives every place a reason', () => {
    for (const place of RULE_ORDER) expect(place.why).toMatch(/^[A-Z].{20,}\.$/);
  });

  it('leaves out what is not configured, but never the checks of the protocol itself', () => {
    expect(names(buildPolicies({ mask: 'last4' }))).toEqual(['sanity', 'method', 'loop', 'sanity']);
  });

  it('puts rules made elsewhere at their places, whatever the order they come in', () => {
    const more = [named('media'), named('siprec'), named('tenant'), named('identity'), named('ban'), named('rate')];
    expect(names(buildPolicies(everything({ more })))).toEqual([
      'trusted-ip',
      'rate',
      'ban',
      'transport',
      'sanity',
      'method',
      'loop',
      'sanity',
      'draining',
      'digest',
      'identity',
      'tenant',
      'from',
      'to',
      'siprec',
      'media',
      'capacity',
    ]);
  });

  it.each<[string, PolicyOptions]>([
    ['an empty From list', everything({ from: [] })],
    ['an empty To list', everything({ to: [] })],
    ['a second rule of a name', everything({ more: [named('siprec'), named('siprec')] })],
    ['a rule in place of a built-in one', everything({ more: [named('from')] })],
    ['a rule without a place', everything({ more: [named('framing')] })],
    ['no digest algorithm', everything({ digest: { ...digestOptions(), algorithms: [] } })],
    ['a digest algorithm twice', everything({ digest: { ...digestOptions(), algorithms: ['MD5', 'MD5'] } })],
  ])('refuses %s', (_title, options) => {
    let error: unknown;
    try {
      buildPolicies(options);
    } catch (thrown) {
      error = thrown;
    }
    expect(codeOf(error)).toBe('CONFIG_INVALID');
  });

  it('describes every rule in a sentence for operators, without secrets', () => {
    for (const { text } of pipelineOf(buildPolicies(everything())).describe()) {
      expect(text).toMatch(/^[A-Z].{30,}\.$/s);
      expect(text).not.toMatch(/correct horse|2345556789/);
    }
  });

  it('lets an earlier rule win over a later one', () => {
    const full = everything({ draining: { draining: () => true }, capacity: { exhausted: () => '1 of 1 calls' } });
    const judge = (options: PolicyOptions, input: Parameters<typeof facts>[0]) =>
      pipelineOf(buildPolicies(options)).judge(facts(input)).rule;
    const stranger = { ...TLS_PEER, address: '198.51.100.1' };
    expect(judge(full, { peer: { ...stranger, transport: 'udp' } })).toBe('trusted-ip');
    expect(judge(full, { peer: { ...TLS_PEER, transport: 'udp' }, inDialog: true })).toBe('transport');
    expect(judge(full, { inDialog: true, method: 'FOO' })).toBe('sanity');
    expect(judge(full, { method: 'REGISTER', maxForwards: 0 })).toBe('method');
    expect(judge(full, { maxForwards: 0, require: ['x'] })).toBe('loop');
    expect(judge(full, { require: ['x'] })).toBe('sanity');
    expect(judge(full, {})).toBe('draining');
    expect(judge(everything(), { from: '<sip:666@evil.example>;tag=a' })).toBe('digest');
  });

  it('allows a call that meets every rule', () => {
    const pipeline = pipelineOf(buildPolicies(everything()));
    const challenge = pipeline.judge(facts());
    expect(challenge).toMatchObject({ verdict: 'challenge', rule: 'digest', status: 401 });
    const verdict = pipeline.judge(facts({ authorization: [sign({ nonce: nonceOf(challenge.headers) })] }));
    expect(verdict).toMatchObject({ verdict: 'allow', rule: 'all', user: 'alice', entry: { text: 'echo' } });
    expect(verdict.trace.map((step) => step.rule)).toEqual(names(buildPolicies(everything())));
  });
});
