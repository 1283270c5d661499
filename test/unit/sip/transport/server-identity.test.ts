import type { PeerCertificate } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { checkSipIdentity } from '../../../../src/sip/transport/server-identity.js';

const certificate = (subjectaltname: string | undefined, CN = 'cn.example') =>
  ({ subject: { CN }, ...(subjectaltname === undefined ? {} : { subjectaltname }) }) as unknown as PeerCertificate;

describe('checkSipIdentity (RFC 5922 §7, threat 70)', () => {
  it.each([
    ['a dNSName', 'good.example', 'DNS:good.example', true],
    ['case does not count', 'Good.Example', 'DNS:GOOD.example', true],
    ['one of several', 'good.example', 'DNS:a.example, DNS:good.example', true],
    ['a SIP URI', 'good.example', 'URI:sip:good.example', true],
    ['a SIP URI with parameters', 'good.example', 'URI:sip:good.example;transport=tls', true],
    [
      'a SIP URI is preferred: dNSName no longer counts',
      'good.example',
      'URI:sip:other.example, DNS:good.example',
      false,
    ],
    ['a URI with a user names a user', 'good.example', 'URI:sip:alice@good.example', false],
    ['another scheme is no SIP identity', 'good.example', 'URI:https://good.example', false],
    ['no wildcard', 'good.example', 'DNS:*.example', false],
    ['not a subdomain', 'good.example', 'DNS:evil.good.example', false],
    ['not a superdomain', 'evil.good.example', 'DNS:good.example', false],
    ['the CN does not count beside a SAN', 'cn.example', 'DNS:good.example', false],
    ['the CN counts alone', 'cn.example', undefined, true],
    ['an address', '192.0.2.1', 'IP Address:192.0.2.1', true],
    ['an IPv6 address in another spelling', '2001:db8::1', 'IP Address:2001:DB8:0:0:0:0:0:1', true],
    ['another address', '192.0.2.1', 'IP Address:192.0.2.2', false],
    ['an address is no name', '192.0.2.1', 'DNS:192.0.2.1', false],
    ['no name inside a quoted value (CVE-2021-44532)', 'good.example', 'DNS:"x, DNS:good.example, y"', false],
    ['an empty domain matches nothing', '', 'URI:sip:', false],
  ])('%s', (_title, domain, san, expected) => {
    expect(checkSipIdentity(domain, certificate(san)) === undefined).toBe(expected);
  });
});
