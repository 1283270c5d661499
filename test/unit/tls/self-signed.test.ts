import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { daysLeft, expiryThreshold } from '../../../src/tls/days-left.js';
import { createSelfSigned } from '../../../src/tls/self-signed.js';
import { openssl } from '../../support/openssl.js';
import { requirePeer } from '../../support/peer.js';
import { TestCa } from '../../support/pki-egress.js';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1, 12, 0, 0);
const NAMES = ['gateway.example', 'localhost', '192.0.2.7', '2001:db8::7'];

describe('createSelfSigned', () => {
  const { key, cert } = createSelfSigned(NAMES, NOW);
  const parsed = new X509Certificate(cert);

  it('names every name and address (RFC 5280 §4.2.1.6)', () => {
    expect(parsed.subject).toBe('CN=gateway.example');
    expect(parsed.issuer).toBe('CN=gateway.example');
    expect(parsed.subjectAltName).toBe(
      'DNS:gateway.example, DNS:localhost, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7',
    );
  });

  it('begins five minutes ago and lasts 825 days', () => {
    expect(Date.parse(parsed.validFrom)).toBe(NOW - 300_000);
    expect(Date.parse(parsed.validTo)).toBe(NOW - 300_000 + 825 * DAY_MS);
  });

  it('is for servers, no CA, on P-256, signed by its own key', () => {
    expect(parsed.ca).toBe(false);
    expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(parsed.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
  });

  it('has a positive serial number of 16 bytes, another one each time (RFC 5280 §4.1.2.2)', () => {
    const serials = Array.from(
      { length: 8 },
      () => new X509Certificate(createSelfSigned(['a'], NOW).cert).serialNumber,
    );
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(new Set(serials).size).toBe(8);
  });

  it('writes dates after 2049 as GeneralizedTime (RFC 5280 §4.1.2.5)', () => {
    const late = new X509Certificate(createSelfSigned(['a'], Date.UTC(2049, 0, 1)).cert);
    expect(new Date(late.validTo).getUTCFullYear()).toBe(2051);
    expect(new Date(late.validFrom).getUTCFullYear()).toBe(2048);
  });

  it('cuts a long common name and keeps the whole name beside it (RFC 5280 Appendix A.1)', () => {
    const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`;
    const long = new X509Certificate(createSelfSigned([name], NOW).cert);
    expect(long.subject).toBe(`CN=${name.slice(0, 64)}`);
    expect(long.subjectAltName).toBe(`DNS:${name}`);
  });

  it.each([[[]], [['a b']], [['*']], [['a..b']], [['-a']], [['a\0b']], [['ü']], [['x'.repeat(64)]]])(
    'refuses the names %j',
    (names) => {
      expect(() => createSelfSigned(names, NOW)).toThrow(expect.objectContaining({ code: 'TLS_MATERIAL' }));
    },
  );

  it.each(['localhost', '127.0.0.1'])(
    'is accepted by node:tls for %s when it is the trusted one, refused otherwise',
    async (host) => {
      const own = createSelfSigned(['localhost', '127.0.0.1'], Date.now());
      const server = createServer(own, (socket) => socket.end()).on('tlsClientError', () => {});
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const to = { port, host: '127.0.0.1', ...(host === 'localhost' ? { servername: host } : {}) };
      const trusting = connect({ ...to, ca: own.cert });
      await once(trusting, 'secureConnect');
      expect(trusting.authorized).toBe(true);
      trusting.destroy();
      await expect(once(connect({ ...to, ca: cert }), 'secureConnect')).rejects.toThrow(/self-signed/);
      server.close();
    },
  );
});

describe.runIf(requirePeer('openssl'))('createSelfSigned, as openssl sees it', () => {
  const { key, cert } = createSelfSigned(NAMES, Date.now());

  it('reads every field (RFC 5280 §4)', () => {
    const text = openssl(['x509', '-in', 'cert', '-noout', '-text'], { cert }).toString();
    expect(text).toContain('Version: 3 (0x2)');
    expect(text.match(/Signature Algorithm: ecdsa-with-SHA256/g)).toHaveLength(2);
    expect(text).toContain('NIST CURVE: P-256');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/X509v3 Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/Extended Key Usage: \s+TLS Web Server Authentication\n/);
    expect(text).toContain('DNS:gateway.example, DNS:localhost, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7');
  });

  it('verifies it against itself, strictly', () => {
    expect(
      openssl(['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'cert', 'cert'], { cert }).toString(),
    ).toBe('cert: OK\n');
    expect(openssl(['ec', '-in', 'key', '-noout', '-check'], { key }).toString()).toBe('');
  });

  it('verifies a chain that the same builder made, with an intermediate', () => {
    const root = new TestCa('root');
    const middle = new TestCa('middle', root);
    const files = { root: root.cert, middle: middle.cert, leaf: middle.issue(['a.example']).cert };
    expect(openssl(['verify', '-CAfile', 'root', '-untrusted', 'middle', 'leaf'], files).toString()).toBe('leaf: OK\n');
  });
});

describe('daysLeft (D 12)', () => {
  const { cert } = new TestCa('ca').issue(['a'], { notAfter: new Date(NOW) });

  it.each([
    [NOW - 30 * DAY_MS, 30],
    [NOW - DAY_MS - 1, 1],
    [NOW - DAY_MS + 1_000, 0],
    [NOW, 0],
    [NOW + 1_000, -1],
  ])('at %i leaves %i', (now, days) => expect(daysLeft(cert, now)).toBe(days));

  it('refuses what is no certificate', () => {
    expect(() => daysLeft('x', NOW)).toThrow(expect.objectContaining({ code: 'TLS_MATERIAL' }));
  });

  it.each([
    [400, null],
    [31, null],
    [30, 30],
    [15, 30],
    [14, 14],
    [7, 7],
    [2, 7],
    [1, 1],
    [0, 0],
    [-5, 0],
  ])('with %i days warns at %s', (days, threshold) => expect(expiryThreshold(days)).toBe(threshold));
});
