import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../src/base/errors.js';
import { Secret } from '../../../src/base/secret.js';
import { createDigestUsers, type DigestUser } from '../../../src/policy/digest-users.js';
import { computeHa1 } from '../../../src/sip/digest/compute.js';

const alice: DigestUser = { username: 'alice', password: new Secret('pw') };

describe('digest users', () => {
  it('computes H(A1) for every algorithm in use and no other', () => {
    const users = createDigestUsers('gw', [alice], ['SHA-256', 'MD5']);
    expect(users.ha1('alice', 'SHA-256')).toBe(computeHa1('SHA-256', 'alice', 'gw', 'pw'));
    expect(users.ha1('alice', 'MD5')).toBe(computeHa1('MD5', 'alice', 'gw', 'pw'));
    expect(users.ha1('alice', 'SHA-512-256')).toBeNull();
  });

  it.each(['bob', 'Alice', '', '__proto__', 'constructor'])('knows nobody called "%s"', (name) => {
    expect(createDigestUsers('gw', [alice], ['MD5']).ha1(name, 'MD5')).toBeNull();
  });

  it('takes H(A1) instead of a password', () => {
    const ha1 = computeHa1('SHA-256', 'bob', 'gw', 'pw');
    const bob: DigestUser = { username: 'bob', ha1: { 'SHA-256': new Secret(ha1.toUpperCase()) } };
    const users = createDigestUsers('gw', [alice, bob], ['SHA-256', 'MD5']);
    expect(users.ha1('bob', 'SHA-256')).toBe(ha1);
    expect(users.ha1('bob', 'MD5')).toBeNull();
  });

  it('threat 55: has a dummy of the same form that nobody can guess', () => {
    const users = createDigestUsers('gw', [alice], ['SHA-256']);
    const other = createDigestUsers('gw', [alice], ['SHA-256']);
    expect(users.dummyHa1('SHA-256')).toMatch(/^[0-9a-f]{64}$/);
    expect(users.dummyHa1('SHA-256')).toBe(users.dummyHa1('SHA-256'));
    expect(users.dummyHa1('SHA-256')).not.toBe(other.dummyHa1('SHA-256'));
  });

  it.each<[string, string, DigestUser[]]>([
    ['no user', 'gw', []],
    ['an empty realm', '', [alice]],
    ['a quote in the realm', 'g"w', [alice]],
    ['a backslash in the realm', 'g\\w', [alice]],
    ['a line end in the realm', 'g\r\nw', [alice]],
    ['an empty name', 'gw', [{ username: '', password: new Secret('pw') }]],
    ['a colon in the name', 'gw', [{ username: 'a:b', password: new Secret('pw') }]],
    ['a control character in the name', 'gw', [{ username: 'a\u0000', password: new Secret('pw') }]],
    ['an endless name', 'gw', [{ username: 'a'.repeat(256), password: new Secret('pw') }]],
    ['an empty password', 'gw', [{ username: 'a', password: new Secret('') }]],
    ['a name twice', 'gw', [alice, alice]],
    ['an HA1 that is not hex', 'gw', [{ username: 'a', ha1: { MD5: new Secret('x'.repeat(32)) } }]],
    ['an HA1 of another algorithm', 'gw', [{ username: 'a', ha1: { MD5: new Secret('a'.repeat(64)) } }]],
    ['no HA1 for any algorithm in use', 'gw', [{ username: 'a', ha1: { 'SHA-512-256': new Secret('a'.repeat(64)) } }]],
  ])('refuses %s at start, without showing a secret', (_title, realm, users) => {
    let error: unknown;
    try {
      createDigestUsers(realm, users, ['MD5']);
    } catch (thrown) {
      error = thrown;
    }
    expect(codeOf(error)).toBe('CONFIG_INVALID');
    expect(String(error)).not.toMatch(/aaaa|xxxx|pw/);
  });
});
