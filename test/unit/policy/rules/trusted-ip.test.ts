import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../../src/base/errors.js';
import { createTrustedIps, trustedIpPolicy, untrustedReason } from '../../../../src/policy/rules/trusted-ip.js';
import { facts, TLS_PEER } from '../helpers.js';

function trusted(texts: string[], reply: 'drop' | '403' = 'drop') {
  return createTrustedIps({
    entries: texts.map((text, index) => ({ text, origin: `TRUSTED_IP_LIST[${index}]` })),
    reply,
  });
}

describe('trusted addresses', () => {
  it.each<[string, string, boolean]>([
    ['192.0.2.4', '192.0.2.4', true],
    ['192.0.2.4', '192.0.2.5', false],
    ['192.0.2.4', '::ffff:192.0.2.4', true],
    ['192.0.2.0/30', '192.0.2.3', true],
    ['192.0.2.0/30', '192.0.2.4', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['::1', '::1', true],
    ['::1', '127.0.0.1', false],
    ['2001:db8::/127', '2001:db8::1', true],
    ['2001:db8::/127', '2001:db8::2', false],
    ['2001:db8::/127', 'fe80::1%eth0', false],
    ['127.0.0.0/8', '', false],
    ['127.0.0.0/8', 'localhost', false],
    ['127.0.0.0/8', '127.1', false],
  ])('threat 85: %s and peer %s: %s', (entry, peer, expected) => {
    expect(trusted([entry]).find(peer) !== null).toBe(expected);
    expect(trusted([entry]).screen(peer)).toBe(expected);
  });

  it('finds the first entry in the order of the list', () => {
    const list = trusted(['10.0.0.0/8', '10.1.0.0/16', ' 10.1.2.3 ']);
    expect(list.find('10.1.2.3')?.origin).toBe('TRUSTED_IP_LIST[0]');
    expect(trusted(['10.1.2.3', '10.0.0.0/8']).find('10.9.9.9')?.origin).toBe('TRUSTED_IP_LIST[1]');
  });

  it.each([
    '',
    ' ',
    '192.0.2.04',
    '192.0.2.4/33',
    '192.0.2.4/24',
    '192.0.2',
    'fe80::1%eth0',
    'good.example',
    '*',
    '::/129',
  ])('threat 85: refuses the entry "%s" at start and names its place', (text) => {
    let error: unknown;
    try {
      trusted(['127.0.0.1', text]);
    } catch (thrown) {
      error = thrown;
    }
    expect(codeOf(error)).toBe('CONFIG_INVALID');
    expect(String(error)).toContain('TRUSTED_IP_LIST[1]');
  });

  it('threat 85: refuses an empty list, which would be no list', () => {
    expect(() => trusted([])).toThrow(/empty/);
  });
});

describe('trusted-ip rule', () => {
  const stranger = facts({ peer: { ...TLS_PEER, address: '198.51.100.7' } });

  it('lets trusted peers pass and tells which entry they match', () => {
    expect(trustedIpPolicy(trusted(['192.0.2.0/24'])).judge(facts())).toEqual({
      kind: 'pass',
      input: 'peer 192.0.2.10',
      entry: { text: '192.0.2.0/24', origin: 'TRUSTED_IP_LIST[0]' },
    });
  });

  it('threat 87: drops strangers in silence, already before TLS', () => {
    const list = trusted(['192.0.2.0/24']);
    expect(trustedIpPolicy(list).judge(stranger)).toEqual({
      kind: 'drop',
      input: 'peer 198.51.100.7',
      reason: untrustedReason('198.51.100.7'),
    });
    expect(list.screen('198.51.100.7')).toBe(false);
  });

  it('with reply 403, lets them in as far as the answer', () => {
    const list = trusted(['192.0.2.0/24'], '403');
    expect(list.screen('198.51.100.7')).toBe(true);
    expect(list.find('198.51.100.7')).toBeNull();
    expect(trustedIpPolicy(list).judge(stranger)).toMatchObject({ kind: 'deny', status: 403, headers: [] });
  });
});
