import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { offerSuites } from '../support/client-hello.js';
import { requirePeer } from '../support/peer.js';
import { makeServerCert } from '../support/pki.js';
import { sipText } from '../support/raw-sip.js';
import { RunningGateway } from '../support/running-gateway.js';
import { sClient } from '../support/s-client.js';

/** RFC 9325 §4.2: what is left of TLS 1.2. */
const ECDSA_SUITES = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
];
const RSA_SUITES = ECDSA_SUITES.map((name) => name.replace('ECDSA', 'RSA'));
const PROTOCOL_VERSION = 'SSL alert number 70';
const HANDSHAKE_FAILURE = 'SSL alert number 40';

/** s_client offers weak suites and old versions only when told that it wants no security. */
const weak = (suites: string): string[] => ['-cipher', `${suites}:@SECLEVEL=0`];

describe.runIf(requirePeer('openssl'))('openssl s_client (RFC 9325)', () => {
  const home = mkdtempSync(join(tmpdir(), 'portcullis-rsa-'));
  let ecdsa: RunningGateway;
  let rsa: RunningGateway;

  beforeAll(async () => {
    const store = join(home, 'rsa.pem');
    const { cert, key } = makeServerCert(undefined, 'rsa');
    writeFileSync(store, cert + key);
    [ecdsa, rsa] = await Promise.all([
      RunningGateway.start({}),
      RunningGateway.start({ SSL_KEY_STORE_FILE: store, SSL_KEY_FILE_TYPE: 'PEM' }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([ecdsa?.stop(), rsa?.stop()]);
    rmSync(home, { recursive: true, force: true });
  });

  describe('versions (§3.1.1)', () => {
    it.each([
      ['-tls1', 'TLSv1'],
      ['-tls1_1', 'TLSv1.1'],
    ])('%s is refused with protocol_version', async (version, name) => {
      const { code, output } = await sClient(ecdsa.port('tls'), [version, ...weak('ALL')]);
      expect(output).toContain(PROTOCOL_VERSION);
      expect(output).toContain('no peer certificate available');
      // It did offer this version, and had not given up on its own.
      expect(output).toMatch(new RegExp(`written [1-9]\\d* bytes[\\s\\S]*Protocol {2}: ${name}\n`));
      expect(code).toBe(1);
    });

    it.each([
      ['-tls1_2', 'TLSv1.2'],
      ['-tls1_3', 'TLSv1.3'],
    ])('%s is accepted, and is what a client gets that could do less', async (version, name) => {
      const { code, output } = await sClient(ecdsa.port('tls'), [version]);
      expect(output).toContain(`New, ${name}, Cipher is `);
      expect(code).toBe(0);
      const downward = version === '-tls1_2' ? ['-max_protocol', 'TLSv1.2'] : [];
      const free = await sClient(ecdsa.port('tls'), [...downward, '-min_protocol', 'TLSv1', ...weak('ALL')]);
      expect(free.output).toContain(`New, ${name}, Cipher is `);
    });
  });

  describe('suites of TLS 1.2 (§4.2)', () => {
    it.each([...ECDSA_SUITES.map((suite) => ['ecdsa', suite]), ...RSA_SUITES.map((suite) => ['rsa', suite])])(
      'with an %s certificate, %s is accepted',
      async (kind, suite = '') => {
        const gateway = kind === 'rsa' ? rsa : ecdsa;
        const { code, output } = await sClient(gateway.port('tls'), ['-tls1_2', '-cipher', suite]);
        expect(output).toContain(`New, TLSv1.2, Cipher is ${suite}\n`);
        expect(code).toBe(0);
      },
    );

    it.each([
      ['CBC', 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384', 'ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA384'],
      ['NULL', 'ECDHE-ECDSA-NULL-SHA', 'ECDHE-RSA-NULL-SHA:NULL-SHA256:NULL-SHA'],
      ['anonymous', 'aNULL', 'aNULL'],
      ['RSA key exchange', 'kRSA', 'kRSA'],
      ['finite-field Diffie-Hellman', 'DHE', 'DHE'],
      ['CCM', 'ECDHE-ECDSA-AES128-CCM:ECDHE-ECDSA-AES128-CCM8', 'AES128-CCM'],
      ['ARIA and Camellia', 'ARIA:CAMELLIA', 'ARIA:CAMELLIA'],
    ])('%s is refused, whichever certificate', async (_family, forEcdsa, forRsa) => {
      for (const [gateway, suites] of [[ecdsa, forEcdsa] as const, [rsa, forRsa] as const]) {
        const { code, output } = await sClient(gateway.port('tls'), ['-tls1_2', ...weak(suites)]);
        expect(output).toContain(HANDSHAKE_FAILURE);
        expect(code).toBe(1);
      }
    });

    it('every other suite that openssl knows is refused, all offered at once', async () => {
      const others = everySuite().filter((suite) => ![...ECDSA_SUITES, ...RSA_SUITES].includes(suite));
      expect(others.length).toBeGreaterThan(60);
      for (const gateway of [ecdsa, rsa]) {
        const { output } = await sClient(gateway.port('tls'), ['-tls1_2', ...weak(others.join(':'))]);
        expect(output).toContain(HANDSHAKE_FAILURE);
      }
    });

    // RFC 7465, RFC 8996: openssl 3 has forgotten them; a hello by hand has not.
    it.each([
      ['RC4', [0x0004, 0x0005, 0xc007, 0xc011]],
      ['3DES', [0x000a, 0x0016, 0xc008, 0xc012]],
      ['export and DES', [0x0003, 0x0008, 0x0009, 0x0015]],
    ])('%s is refused', async (_family, suites) => {
      expect(await offerSuites(ecdsa.port('tls'), suites)).toBe('alert 40');
      expect(await offerSuites(rsa.port('tls'), suites)).toBe('alert 40');
      const aead = [...suites, 0xc02b, 0xc02f];
      expect(await offerSuites(ecdsa.port('tls'), aead)).toBe('server hello');
      expect(await offerSuites(rsa.port('tls'), aead)).toBe('server hello');
    });
  });

  it('the three suites of TLS 1.3 are accepted, CCM is not', async () => {
    const ask = (suite: string) => sClient(ecdsa.port('tls'), ['-tls1_3', '-ciphersuites', suite]);
    for (const suite of ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']) {
      expect((await ask(suite)).output).toContain(`New, TLSv1.3, Cipher is ${suite}\n`);
    }
    expect((await ask('TLS_AES_128_CCM_SHA256')).output).toContain(HANDSHAKE_FAILURE);
  });

  it('renegotiation is refused (§3.5), the first handshake having been the last', async () => {
    const { code, output } = await sClient(ecdsa.port('tls'), ['-tls1_2'], { input: 'R\n', until: /renegotiation:/ });
    expect(output).toContain('Secure Renegotiation IS supported');
    expect(output).toMatch(/RENEGOTIATING\n[\s\S]*:no renegotiation:/);
    expect(output.match(/^subject=/gm)).toHaveLength(1);
    expect(code).toBe(1);
  });

  it.each(['-tls1_2', '-tls1_3'])('%s: no session is resumed (§3.4)', async (version) => {
    const file = join(home, `session${version}`);
    // TLS 1.3 hands out tickets after the handshake: whoever has seen an answer has them all.
    const ask = { input: sipText(), until: /SIP\/2\.0 401 / };
    expect((await sClient(ecdsa.port('tls'), [version, '-sess_out', file], ask)).output).toContain('New, TLSv1.');
    expect(existsSync(file)).toBe(true);
    const second = await sClient(ecdsa.port('tls'), [version, '-sess_in', file]);
    expect(second.output).toContain('New, TLSv1.');
    expect(second.output).not.toContain('Reused, ');
    expect(second.code).toBe(0);
  });

  it('the certificate that is made when none is configured is P-256, self-signed, and the one in the log', async () => {
    const { output } = await sClient(ecdsa.port('tls'), ['-showcerts']);
    const pems = output.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
    expect(new Set(pems).size).toBe(1);
    const certificate = new X509Certificate(pems[0] ?? '');
    expect(certificate.publicKey.asymmetricKeyType).toBe('ec');
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(certificate.issuer).toBe(certificate.subject);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(ecdsa.program.output).toContain(certificate.fingerprint256);
    expect(output).toContain('Verification error: self-signed certificate');
  });

  it('carries SIP: a request typed into s_client is challenged', async () => {
    const ask = { input: sipText(), until: /\r\n\r\n$/ };
    const { output } = await sClient(ecdsa.port('tls'), ['-quiet', '-no_ign_eof'], ask);
    expect(output).toContain('SIP/2.0 401 Unauthorized\r\n');
  });

  it('shows an untrusted address nothing: no certificate, not one byte (threat 87)', async () => {
    const gateway = await RunningGateway.start({ TRUSTED_IP_LIST: '127.0.0.2' });
    try {
      for (const version of ['-tls1_2', '-tls1_3']) {
        const stranger = await sClient(gateway.port('tls'), [version], { from: '127.0.0.1' });
        expect(stranger.output).toContain('no peer certificate available');
        expect(stranger.output).toContain('SSL handshake has read 0 bytes');
        expect(stranger.code).toBe(1);
        const friend = await sClient(gateway.port('tls'), [version], { from: '127.0.0.2' });
        expect(friend.output).toContain('-----BEGIN CERTIFICATE-----');
      }
      const records = await gateway.decisions();
      expect(records.map(({ verdict, rule, method }) => [verdict, rule, method])).toEqual([
        ['drop', 'trusted-ip', null],
        ['drop', 'trusted-ip', null],
      ]);
      for (const { peer } of records) expect(peer).toMatch(/^127\.0\.0\.1:\d+$/);
    } finally {
      await gateway.stop();
    }
  });
});

/** All that this openssl is able to offer in TLS 1.2, the insecure included. */
function everySuite(): string[] {
  const list = execFileSync('openssl', ['ciphers', '-s', '-tls1_2', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0']);
  return list.toString().trim().split(':');
}
