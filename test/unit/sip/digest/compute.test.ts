import { describe, expect, it } from 'vitest';
import {
  computeHa1,
  computeHa2,
  computeResponse,
  DIGEST_ALGORITHMS,
  digestHex,
  digestLength,
  equalHex,
  parseAlgorithm,
} from '../../../../src/sip/digest/compute.js';

const RFC7616 = {
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  protection: { qop: 'auth', nc: '00000001', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
  method: 'GET',
  uri: '/dir/index.html',
} as const;

describe('digest arithmetic', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const)('RFC 7616 §3.9.1: %s', (algorithm, expected) => {
    const ha1 = computeHa1(algorithm, 'Mufasa', 'http-auth@example.org', 'Circle of Life');
    expect(computeResponse({ algorithm, ha1, ...RFC7616 })).toBe(expected);
  });

  it('RFC 7616 §3.9.2 as corrected by erratum 4897: SHA-512-256 with a UTF-8 user name', () => {
    const algorithm = 'SHA-512-256';
    const ha1 = computeHa1(algorithm, 'J\u00e4s\u00f8n Doe', 'api@example.org', 'Secret, or not?');
    const protection = {
      qop: 'auth',
      nc: '00000001',
      cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
    } as const;
    const nonce = '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK';
    expect(digestHex(algorithm, 'J\u00e4s\u00f8n Doe:api@example.org')).toBe(
      '793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b',
    );
    expect(computeResponse({ algorithm, ha1, nonce, method: 'GET', uri: '/doe.json', protection })).toBe(
      '3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5',
    );
  });

  it('RFC 2617 §3.5: MD5 with qop=auth', () => {
    const ha1 = computeHa1('MD5', 'Mufasa', 'testrealm@host.com', 'Circle Of Life');
    expect(ha1).toBe('939e7578ed9e3c518a452acee763bce9');
    expect(computeHa2('MD5', 'GET', '/dir/index.html')).toBe('39aff3a2bab6126f332b942af96d3366');
    expect(
      computeResponse({
        algorithm: 'MD5',
        ha1,
        nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
        method: 'GET',
        uri: '/dir/index.html',
        protection: { qop: 'auth', nc: '00000001', cnonce: '0a4f113b' },
      }),
    ).toBe('6629fae49393a05397450978507c4ef1');
  });

  it('RFC 2069 §2.4 as corrected by its erratum: no qop', () => {
    const ha1 = computeHa1('MD5', 'Mufasa', 'testrealm@host.com', 'CircleOfLife');
    expect(
      computeResponse({
        algorithm: 'MD5',
        ha1,
        nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
        method: 'GET',
        uri: '/dir/index.html',
        protection: null,
      }),
    ).toBe('1949323746fe6a43ef61f9606e7febea');
  });

  it('RFC 7616 §3.4.3: auth-int hashes the body into A2', () => {
    const bodyHash = digestHex('SHA-256', Buffer.from('v=0\r\n'));
    expect(computeHa2('SHA-256', 'INVITE', 'sip:a@b', bodyHash)).toBe(
      digestHex('SHA-256', `INVITE:sip:a@b:${bodyHash}`),
    );
    expect(computeHa2('SHA-256', 'INVITE', 'sip:a@b', bodyHash)).not.toBe(computeHa2('SHA-256', 'INVITE', 'sip:a@b'));
  });

  it('RFC 8760 §2.2: tokens are case-insensitive and nothing but three algorithms is known', () => {
    expect(parseAlgorithm('sha-256')).toBe('SHA-256');
    expect(parseAlgorithm('Md5')).toBe('MD5');
    for (const token of ['MD5-sess', 'SHA-256-sess', 'SHA256', 'SHA-1', '', 'constructor']) {
      expect(parseAlgorithm(token)).toBeNull();
    }
    for (const algorithm of DIGEST_ALGORITHMS) expect(digestHex(algorithm, '')).toHaveLength(digestLength(algorithm));
  });

  it('compares hex whatever its case, and never values of different length', () => {
    expect(equalHex('abcdef01', 'ABCDEF01')).toBe(true);
    expect(equalHex('abcdef01', 'abcdef02')).toBe(false);
    expect(equalHex('abcdef01', 'abcdef0')).toBe(false);
    expect(equalHex('', '')).toBe(true);
  });
});
