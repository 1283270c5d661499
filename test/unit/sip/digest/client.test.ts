import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../src/base/secret.js';
import { type AnswerOptions, answerChallenge } from '../../../../src/sip/digest/client.js';
import { computeHa1, computeResponse, type DigestAlgorithm } from '../../../../src/sip/digest/compute.js';
import { parseCredentials } from '../../../../src/sip/digest/credentials.js';

const MD5 = 'Digest realm="gw", nonce="n1", algorithm=MD5, qop="auth"';
const SHA256 = 'Digest realm="gw", nonce="n2", algorithm=SHA-256, qop="auth", opaque="o"';
const SHA512 = 'Digest realm="gw", nonce="n3", algorithm=SHA-512-256, qop="auth,auth-int"';

function answer(challenges: readonly string[], changes: Partial<AnswerOptions> = {}) {
  const value = answerChallenge({
    challenges,
    username: 'alice',
    password: new Secret('pw'),
    realm: 'gw',
    method: 'INVITE',
    uri: 'sip:echo@gw.example',
    algorithms: ['MD5', 'SHA-256', 'SHA-512-256'],
    nc: 1,
    cnonce: 'c',
    ...changes,
  });
  return value === null ? null : parseCredentials(value);
}

describe('digest client (RFC 3261 §22.2, RFC 8760 §2.4)', () => {
  it.each<[string, string[], DigestAlgorithm[], DigestAlgorithm]>([
    ['the strongest', [MD5, SHA256, SHA512], ['MD5', 'SHA-256', 'SHA-512-256'], 'SHA-512-256'],
    ['the strongest whatever the order', [SHA256, MD5], ['MD5', 'SHA-256'], 'SHA-256'],
    ['the allowed one', [SHA512, SHA256, MD5], ['MD5'], 'MD5'],
    ['the one it can read', ['Digest garbage', 'Bearer x=y', MD5], ['MD5', 'SHA-256'], 'MD5'],
    ['the one it knows', ['Digest realm="gw", nonce="n", algorithm=SHA-1, qop="auth"', MD5], ['MD5'], 'MD5'],
  ])('answers %s', (_title, challenges, algorithms, expected) => {
    expect(answer(challenges, { algorithms })?.algorithm).toBe(expected);
  });

  it('computes the response and echoes nonce and opaque', () => {
    const credentials = answer([SHA256], { nc: 0x1f });
    const protection = { qop: 'auth', nc: '0000001f', cnonce: 'c' } as const;
    expect(credentials).toMatchObject({ username: 'alice', realm: 'gw', nonce: 'n2', opaque: 'o', protection });
    expect(credentials?.response).toBe(
      computeResponse({
        algorithm: 'SHA-256',
        ha1: computeHa1('SHA-256', 'alice', 'gw', 'pw'),
        nonce: 'n2',
        method: 'INVITE',
        uri: 'sip:echo@gw.example',
        protection,
      }),
    );
  });

  it('RFC 2069: answers a challenge without qop without nc and cnonce', () => {
    expect(answer(['Digest realm="gw", nonce="n"'])?.protection).toBeNull();
  });

  it('makes a new cnonce each time when none is given', () => {
    const once = (): string | null =>
      answerChallenge({
        challenges: [MD5],
        username: 'alice',
        password: new Secret('pw'),
        realm: null,
        method: 'INVITE',
        uri: 'sip:a@b',
        algorithms: ['MD5'],
        nc: 1,
      });
    expect(once()).not.toBe(once());
  });

  it.each<[string, string[], Partial<AnswerOptions>]>([
    ['no challenge', [], {}],
    ['another realm (threat 61, CVE-2021-41158)', [MD5], { realm: 'other' }],
    ['a realm in another case', [MD5], { realm: 'GW' }],
    ['no allowed algorithm (downgrade)', [MD5], { algorithms: ['SHA-256'] }],
    ['auth-int alone', ['Digest realm="gw", nonce="n", qop="auth-int"'], {}],
    ['a nonce count of zero', [MD5], { nc: 0 }],
    ['a nonce count over eight digits', [MD5], { nc: 0x1_0000_0000 }],
  ])('stays silent for %s', (_title, challenges, changes) => {
    expect(answer(challenges, changes)).toBeNull();
  });

  it('answers any realm only when told so', () => {
    expect(answer([MD5], { realm: null })?.realm).toBe('gw');
  });
});
