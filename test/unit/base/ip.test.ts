import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cidrContains,
  hostPort,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  parseCidr,
  parseIp,
} from '../../../src/base/ip.js';

describe('strict addresses (threats 15, 85)', () => {
  it.each([
    ['192.0.2.4', '192.0.2.4'],
    ['::ffff:192.0.2.4', '192.0.2.4'],
    ['::FFFF:C000:0204', '192.0.2.4'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::1', '::1'],
  ])('%s is %s', (text, canonical) => {
    expect(parseIp(text)?.text).toBe(canonical);
  });

  it.each([
    '010.0.0.1',
    '192.0.2.04',
    '127.1',
    '1.2.3',
    '4294967295',
    '0x7f.1',
    '256.1.1.1',
    '1.2.3.4.5',
    '',
    ' 1.2.3.4',
    '1.2.3.4 ',
    'fe80::1%eth0',
    '[::1]',
    '::ffff:010.0.0.1',
    '::ffff:1.2.3',
    '1::2::3',
    'localhost',
    '１.2.3.4',
  ])('%j is refused', (text) => {
    expect(parseIp(text)).toBeNull();
  });
});

describe('networks', () => {
  it.each([
    ['10.0.0.0/8', '10.255.1.2', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['192.0.2.4', '::ffff:192.0.2.4', true],
    ['192.0.2.4/32', '192.0.2.5', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
  ])('%s and %s: %s', (network, address, inside) => {
    const cidr = parseCidr(network);
    const ip = parseIp(address);
    expect(cidr !== null && ip !== null && cidrContains(cidr, ip)).toBe(inside);
  });

  it.each([
    '192.0.2.4/33',
    '10.0.0.1/8',
    '10.0.0.0/08',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '::ffff:10.0.0.0/104',
    '2001:db8::/129',
    '',
  ])('%j is refused', (text) => {
    expect(parseCidr(text)).toBeNull();
  });

  it('agrees with arithmetic on 32-bit numbers', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffffffff),
        fc.nat(0xffffffff),
        fc.integer({ min: 0, max: 32 }),
        (network, address, prefix) => {
          const mask = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
          const base = (network & mask) >>> 0;
          const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
          const cidr = parseCidr(`${dotted(base)}/${prefix}`);
          const ip = parseIp(dotted(address));
          expect(cidr).not.toBeNull();
          expect(ip).not.toBeNull();
          if (cidr !== null && ip !== null) expect(cidrContains(cidr, ip)).toBe((address & mask) >>> 0 === base);
        },
      ),
    );
  });
});

describe('kinds of addresses', () => {
  const kinds = (text: string): string[] => {
    const ip = parseIp(text);
    if (ip === null) throw new Error(text);
    const names = [];
    if (isLoopback(ip)) names.push('loopback');
    if (isUnspecified(ip)) names.push('unspecified');
    if (isMulticast(ip)) names.push('multicast');
    if (isLinkLocal(ip)) names.push('link-local');
    return names;
  };

  it.each([
    ['127.9.9.9', ['loopback']],
    ['::1', ['loopback']],
    ['0.0.0.0', ['unspecified']],
    ['::', ['unspecified']],
    ['224.0.0.1', ['multicast']],
    ['239.255.255.255', ['multicast']],
    ['240.0.0.1', []],
    ['255.255.255.255', ['multicast']],
    ['ff02::1', ['multicast']],
    ['169.254.169.254', ['link-local']],
    ['febf::1', ['link-local']],
    ['fec0::1', []],
    ['192.0.2.1', []],
  ])('%s: %j', (text, expected) => {
    expect(kinds(text)).toEqual(expected);
  });

  it('writes IPv6 in brackets before a port', () => {
    expect(hostPort('::1', 5061)).toBe('[::1]:5061');
    expect(hostPort('192.0.2.1', 5061)).toBe('192.0.2.1:5061');
  });
});
