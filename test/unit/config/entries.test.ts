import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/base/ip.js';
import { configOf, load, problemsOf } from './support.js';

describe('allowlists of the environment (interfaces §4)', () => {
  it.each(['WHITELIST_FROM_URI', 'WHITELIST_TO_URI'] as const)('%s is contains, with numbered origins', (name) => {
    const { allowlist } = configOf(load({ [name]: '2345556789, bob@x.example' }));
    expect(name === 'WHITELIST_FROM_URI' ? allowlist.from : allowlist.to).toEqual([
      { text: '2345556789', origin: `${name}[1]`, mode: 'contains' },
      { text: 'bob@x.example', origin: `${name}[2]`, mode: 'contains' },
    ]);
  });

  it.each([',', ' ', 'a,', ',a', 'a,,b', 'a, ,b'])(
    'threat 30: %j has an empty entry, which every URI contains',
    (value) => {
      const problems = problemsOf(load({ WHITELIST_FROM_URI: value }));
      expect(new Set(problems)).toEqual(new Set(['CONFIG_INVALID allowlist.from']));
    },
  );

  it('names the place of the wrong entry', () => {
    const result = load({ WHITELIST_TO_URI: '111,,222,"333"' });
    expect(result.ok ? [] : result.problems.map(({ where }) => where)).toEqual([
      'environment WHITELIST_TO_URI[2]',
      'environment WHITELIST_TO_URI[4]',
    ]);
  });

  it.each(['!1234', 'host:5060', 'user:alice', 'regex:x'])('%s is plain text in a contains list', (value) => {
    expect(configOf(load({ WHITELIST_FROM_URI: value })).allowlist.from).toMatchObject([
      { text: value, mode: 'contains' },
    ]);
  });
});

describe('allowlists of the file', () => {
  it('are exact, with the line as origin', () => {
    const { allowlist } = configOf(
      load({}, 'allowlist:\n  from:\n    - alice@example.com\n    - +4930123\n  to: [0123]\n'),
    );
    expect(allowlist).toMatchObject({
      from: [
        { text: 'alice@example.com', origin: 'portcullis.yaml:3', mode: 'exact' },
        { text: '+4930123', origin: 'portcullis.yaml:4', mode: 'exact' },
      ],
      to: [{ text: '0123', origin: 'portcullis.yaml:5', mode: 'exact' }],
    });
  });

  it.each([
    'sip:alice@example.com',
    'sips:alice@example.com',
    'tel:+4930123',
    'alice@host:5060',
    'exact:a',
    'contains:555',
  ])('%s is passed on', (text) => {
    expect(configOf(load({}, `allowlist: {from: ["${text}"]}\n`)).allowlist.from).toMatchObject([
      { text, mode: 'exact' },
    ]);
  });

  it.each([
    '"user:alice"',
    'user:alice',
    'user: alice',
    'host: x',
    '"prefix:49"',
    'e164:+49',
    '"regex:.*"',
    '"!bob"',
    'USER:alice',
  ])('%s is for a later version, never read as plain text', (entry) => {
    expect(problemsOf(load({}, `allowlist:\n  from:\n    - ${entry}\n`))).toEqual(['CONFIG_NOT_BUILT allowlist.from']);
  });

  it.each([
    '""',
    '" "',
    '~',
    '[a]',
    '{a: 1, b: 2}',
    'a: b',
    '"a b"',
    '\'"a"\'',
    '<sip:a@b>',
    '"a\\nb"',
    `"${'x'.repeat(257)}"`,
  ])('%s is no entry', (entry) => {
    expect(problemsOf(load({}, `allowlist:\n  to:\n    - ${entry}\n`))).toEqual(['CONFIG_INVALID allowlist.to']);
  });

  it.each(['', '~', 'alice', '{a: b}'])(
    'from: %s is no list: a list left empty by mistake lets everyone in',
    (value) => {
      expect(problemsOf(load({}, `allowlist:\n  from: ${value}\n`))).toEqual(['CONFIG_INVALID allowlist.from']);
    },
  );

  it('take [] for no list, on purpose', () => {
    expect(configOf(load({}, 'allowlist: {from: []}\n')).allowlist.from).toEqual([]);
  });
});

describe('trusted addresses (interfaces §4: strict syntax)', () => {
  it('come with their origin from both places', () => {
    const text = 'trustedIp:\n  addresses: [192.0.2.7, "2001:db8::/32"]\n';
    expect(configOf(load({}, text)).trustedIp.addresses).toEqual([
      { text: '192.0.2.7', origin: 'portcullis.yaml:2', mode: 'cidr' },
      { text: '2001:db8::/32', origin: 'portcullis.yaml:2', mode: 'cidr' },
    ]);
    expect(configOf(load({ TRUSTED_IP_LIST: '192.0.4.128,123.4.5.67' }, text)).trustedIp.addresses).toEqual([
      { text: '192.0.4.128', origin: 'TRUSTED_IP_LIST[1]', mode: 'cidr' },
      { text: '123.4.5.67', origin: 'TRUSTED_IP_LIST[2]', mode: 'cidr' },
    ]);
  });

  it.each([
    '10.0.0.1/8',
    '010.0.0.1',
    '127.1',
    '0x7f.0.0.1',
    '10.0.0.0/33',
    'localhost',
    '10.0.0.0/',
    'fe80::1%eth0',
    '::ffff:10.0.0.0/104',
    '192.0.2.1-5',
  ])('%s is refused', (value) => {
    expect(problemsOf(load({ TRUSTED_IP_LIST: value }))).toEqual(['CONFIG_INVALID trustedIp.addresses']);
  });

  it('takes exactly what parseCidr takes', () => {
    const octet = fc.integer({ min: 0, max: 260 });
    const text = fc
      .tuple(octet, octet, octet, octet, fc.option(fc.integer({ min: 0, max: 34 })))
      .map(([a, b, c, d, prefix]) => `${a}.${b}.${c}.${d}${prefix === null ? '' : `/${prefix}`}`);
    fc.assert(
      fc.property(text, (value) => {
        expect(load({ TRUSTED_IP_LIST: value }).ok).toBe(parseCidr(value) !== null);
      }),
    );
  });
});
