import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.js';
import { createPipeline } from '../../../src/policy/pipeline.js';
import type { Policy, RuleName, RuleResult } from '../../../src/policy/policy.js';
import { parseUri } from '../../../src/sip/message/uri.js';
import { FakeClock } from '../../support/fake-clock.js';
import { facts, pipelineOf } from './helpers.js';

function rule(name: RuleName, result: RuleResult | (() => RuleResult)): Policy {
  return { name, describe: () => `describes ${name}`, judge: () => (typeof result === 'function' ? result() : result) };
}

const pass: RuleResult = { kind: 'pass', input: 'seen' };
const fail = (error: Error) => (): RuleResult => {
  throw error;
};

describe('policy pipeline', () => {
  it('allows when every rule agrees, and calls the To URI when no rule said otherwise', () => {
    const verdict = pipelineOf([rule('from', pass)]).judge(facts({ to: '<sip:bot@gw.example>' }));
    expect(verdict).toMatchObject({
      verdict: 'allow',
      rule: 'all',
      status: null,
      headers: [],
      tenant: null,
      user: null,
      entry: null,
      called: { user: 'bot' },
    });
    expect(verdict.record).toMatchObject({ verdict: 'allow', rule: 'all', status: null, id: 'id-1' });
  });

  it('allows with no rule at all and has an empty trace', () => {
    expect(pipelineOf([]).judge(facts())).toMatchObject({ verdict: 'allow', trace: [] });
  });

  it('collects what the rules learned: user, called, and the entry matched last', () => {
    const called = parseUri('sip:2345556789@gw.example');
    const verdict = pipelineOf([
      rule('digest', { ...pass, user: 'alice' }),
      rule('from', { ...pass, entry: { text: '111', origin: 'A[0]' } }),
      rule('to', { ...pass, entry: { text: '23455', origin: 'B[1]' }, called }),
      rule('capacity', pass),
    ]).judge(facts());
    expect(verdict).toMatchObject({ user: 'alice', entry: { text: '23455', origin: 'B[1]' } });
    expect(verdict.called).toBe(called);
    expect(verdict.record).toMatchObject({ user: 'alice', entry: { text: '***3455', origin: 'B[1]' } });
  });

  it('stops at the first refusal and traces every step up to it', () => {
    const verdict = pipelineOf([
      rule('trusted-ip', { ...pass, entry: { text: '192.0.2.0/24', origin: 'T[0]' } }),
      rule('digest', { ...pass, user: 'alice' }),
      rule('from', { kind: 'deny', status: 403, input: 'From x', reason: 'no', headers: [['X', 'y']] }),
      rule('to', fail(new Error('must not be asked'))),
    ]).judge(facts());
    expect(verdict).toMatchObject({
      verdict: 'deny',
      rule: 'from',
      status: 403,
      reason: 'no',
      headers: [['X', 'y']],
      entry: null,
      user: 'alice',
      called: null,
    });
    expect(verdict.trace).toEqual([
      { rule: 'trusted-ip', input: 'seen', result: 'pass', reason: null },
      { rule: 'digest', input: 'seen', result: 'pass', reason: null },
      { rule: 'from', input: 'From x', result: 'deny', reason: 'no' },
    ]);
    expect(verdict.record).toMatchObject({ verdict: 'deny', status: 403, rule: 'from', reason: 'no', entry: null });
  });

  it.each<[RuleResult, object]>([
    [
      { kind: 'challenge', status: 401, input: 'i', reason: 'r', headers: [['WWW-Authenticate', 'x']] },
      { verdict: 'challenge', status: 401, headers: [['WWW-Authenticate', 'x']] },
    ],
    [
      { kind: 'drop', input: 'i', reason: 'r' },
      { verdict: 'drop', status: null, headers: [] },
    ],
  ])('passes on a refusal of kind $kind', (result, expected) => {
    expect(pipelineOf([rule('digest', result)]).judge(facts())).toMatchObject(expected);
  });

  it('fails closed: a rule that throws denies with 500 as `internal`, and its message goes nowhere but to onFault', () => {
    const faults: [RuleName, unknown][] = [];
    const error = new Error('secret 2345556789');
    const pipeline = createPipeline([rule('from', fail(error)), rule('to', pass)], {
      clock: new FakeClock(),
      newId: () => 'x',
      mask: 'last4',
      onFault: (name, thrown) => faults.push([name, thrown]),
    });
    const verdict = pipeline.judge(facts());
    expect(verdict).toMatchObject({ verdict: 'deny', rule: 'internal', status: 500, called: null });
    expect(verdict.reason).toBe('rule from failed with INTERNAL');
    expect(JSON.stringify([verdict.record, verdict.trace])).not.toContain('2345556789');
    expect(faults).toEqual([['from', error]]);
  });

  it('names the code of a gateway error', () => {
    const verdict = pipelineOf([rule('siprec', fail(new GatewayError('SDP_INVALID')))]).judge(facts());
    expect(verdict).toMatchObject({ rule: 'internal', status: 500, reason: 'rule siprec failed with SDP_INVALID' });
  });

  it('measures the decision in microseconds', () => {
    const clock = new FakeClock();
    const slow = rule('from', () => {
      clock.advance(1.5);
      return pass;
    });
    const pipeline = createPipeline([slow, slow], { clock, newId: () => 'x', mask: 'last4' });
    expect(pipeline.judge(facts()).record.micros).toBe(3_000);
  });

  it('describes its rules in order', () => {
    expect(pipelineOf([rule('from', pass), rule('to', pass)]).describe()).toEqual([
      { rule: 'from', text: 'describes from' },
      { rule: 'to', text: 'describes to' },
    ]);
  });

  it('gives every decision an id of its own', () => {
    const pipeline = pipelineOf([]);
    expect([pipeline.judge(facts()).record.id, pipeline.judge(facts()).record.id]).toEqual(['id-1', 'id-2']);
  });
});
