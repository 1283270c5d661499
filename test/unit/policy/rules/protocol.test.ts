import { describe, expect, it } from 'vitest';
import type { Policy, RequestFacts } from '../../../../src/policy/policy.js';
import { loopPolicy } from '../../../../src/policy/rules/loop.js';
import { ALLOW, methodPolicy } from '../../../../src/policy/rules/method.js';
import { sanityPolicy } from '../../../../src/policy/rules/sanity.js';
import { strayPolicy } from '../../../../src/policy/rules/stray.js';
import { transportPolicy } from '../../../../src/policy/rules/transport.js';
import { facts, TLS_PEER } from '../helpers.js';

function statusOf(policy: Policy, input: RequestFacts): number | 'pass' | 'drop' {
  const result = policy.judge(input);
  return result.kind === 'pass' || result.kind === 'drop' ? result.kind : result.status;
}

describe('transport rule', () => {
  it.each([
    ['tls', 'pass'],
    ['tcp', 400],
    ['udp', 400],
  ] as const)('threat 66: %s with authentication on: %s', (transport, expected) => {
    const result = transportPolicy().judge(facts({ peer: { ...TLS_PEER, transport } }));
    expect(result.kind === 'deny' ? result.status : result.kind).toBe(expected);
    if (result.kind === 'deny') expect(result.headers).toEqual([]);
  });
});

describe('stray rule: dialogs and transactions that are not ours', () => {
  it.each(['INVITE', 'BYE', 'INFO', 'MESSAGE', 'REFER', 'UPDATE', 'NOTIFY', 'PRACK', 'OPTIONS'])(
    'threat 59, RFC 3261 §12.2.2: %s with an invented To tag gets 481',
    (method) => {
      expect(statusOf(strayPolicy(), facts({ method, inDialog: true }))).toBe(481);
    },
  );

  it.each(['BYE', 'CANCEL'])('RFC 3261 §15.1.2, §9.2: %s without a To tag gets 481', (method) => {
    expect(statusOf(strayPolicy(), facts({ method }))).toBe(481);
  });

  it.each([true, false])('RFC 3261 §17, threat 58: an ACK is never answered (To tag: %s)', (inDialog) => {
    expect(statusOf(strayPolicy(), facts({ method: 'ACK', inDialog }))).toBe('drop');
  });

  it.each(['INVITE', 'OPTIONS', 'REGISTER', 'FOO'])('%s without To tag goes on', (method) => {
    expect(statusOf(strayPolicy(), facts({ method }))).toBe('pass');
  });
});

describe('method rule (RFC 3261 §8.2.1)', () => {
  it.each(['INVITE', 'OPTIONS'])('serves %s', (method) => {
    expect(statusOf(methodPolicy(), facts({ method }))).toBe('pass');
  });

  it.each(['REGISTER', 'MESSAGE', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'PUBLISH', 'INFO', 'UPDATE', 'PRACK'])(
    'threat 60: %s is known and not served: 405 with Allow',
    (method) => {
      const result = methodPolicy().judge(facts({ method }));
      expect(result).toMatchObject({ kind: 'deny', status: 405, headers: [['Allow', ALLOW]] });
    },
  );

  it.each(['FOO', 'invite', 'INVITE2', '__proto__', "!interesting-Method0123456789_*+`.%indeed'~"])(
    '%s is unknown: 501 (RFC 4475 §3.1.1.2: methods are case-sensitive tokens)',
    (method) => {
      expect(statusOf(methodPolicy(), facts({ method }))).toBe(501);
    },
  );
});

describe('loop rule (RFC 3261 §16.3 item 3)', () => {
  it.each([
    ['INVITE', 0, 483],
    ['INVITE', 1, 'pass'],
    ['INVITE', null, 'pass'],
    ['OPTIONS', 0, 'pass'],
    ['REGISTER', 0, 483],
  ] as const)('%s with Max-Forwards %s: %s', (method, maxForwards, expected) => {
    expect(statusOf(loopPolicy(), facts({ method, maxForwards }))).toBe(expected);
  });
});

describe('sanity rule', () => {
  it('RFC 3261 §8.2.2.3: an unknown extension gets 420 and is listed in Unsupported', () => {
    const result = sanityPolicy().judge(facts({ require: ['nothingSupportsThis', '100rel'] }));
    expect(result).toMatchObject({
      kind: 'deny',
      status: 420,
      headers: [['Unsupported', 'nothingSupportsThis, 100rel']],
    });
  });

  it('supports no extension unless told so', () => {
    expect(statusOf(sanityPolicy(), facts({ require: ['siprec'] }))).toBe(420);
    expect(statusOf(sanityPolicy({ extensions: ['timer'] }), facts({ require: ['timer'] }))).toBe('pass');
    expect(sanityPolicy().describe()).toContain('none');
    expect(sanityPolicy({ extensions: ['timer'] }).describe()).toContain('timer');
  });

  it.each<[string | null, string, number | 'pass']>([
    ['application/sdp', 'v=0', 'pass'],
    ['Application/SDP ; charset=utf-8', 'v=0', 'pass'],
    ['multipart/mixed;boundary=x', '--x--', 415],
    ['application/unknown', 'x', 415],
    ['application/sdpx', 'x', 415],
    ['', 'x', 415],
    [null, 'x', 400],
    [null, '', 'pass'],
    ['application/unknown', '', 'pass'],
  ])('RFC 3261 §8.2.3, §20.15: type %s with body "%s": %s', (contentType, body, expected) => {
    expect(statusOf(sanityPolicy(), facts({ contentType, body }))).toBe(expected);
  });

  it('RFC 3261 §21.4.13: a 415 lists what is understood', () => {
    expect(sanityPolicy().judge(facts({ contentType: 'a/b', body: 'x' }))).toMatchObject({
      headers: [['Accept', 'application/sdp']],
    });
    const encoded = facts({ contentType: 'application/sdp', contentEncoding: 'gzip', body: 'x' });
    expect(sanityPolicy().judge(encoded)).toMatchObject({ status: 415, headers: [['Accept-Encoding', 'identity']] });
    const identity = facts({ contentType: 'application/sdp', contentEncoding: 'Identity', body: 'x' });
    expect(statusOf(sanityPolicy(), identity)).toBe('pass');
  });

  it('RFC 3261 §8.2.2.1: an unsupported Request-URI scheme gets 416', () => {
    expect(statusOf(sanityPolicy(), facts({ requestUri: 'nobodyKnowsThisScheme:totallyopaquecontent' }))).toBe(416);
    expect(statusOf(sanityPolicy(), facts({ requestUri: 'tel:+12345' }))).toBe('pass');
    expect(statusOf(sanityPolicy(), facts({ to: '<urn:service:sos>' }))).toBe('pass');
  });
});
