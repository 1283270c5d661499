import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.js';
import { buildCertificate } from '../../../src/tls/certificate.js';
import { type KeyStoreSource, loadKeyStore } from '../../../src/tls/key-store.js';
import { openssl } from '../../support/openssl.js';
import { requirePeer } from '../../support/peer.js';
import { TestCa } from '../../support/pki-egress.js';

const root = new TestCa('root');
const middle = new TestCa('middle', root);
const leaf = middle.issue(['gateway.example']);
const PASSPHRASE = 'pa:ss w0rd"canary';

/** Made by `keytool -importcert` (JDK 17, PKCS12): one trusted certificate, no key, passphrase `changeit`. */
const KEYTOOL_TRUST_STORE = `
MIIC8gIBAzCCApwGCSqGSIb3DQEHAaCCAo0EggKJMIIChTCCAoEGCSqGSIb3DQEHBqCCAnIwggJuAgEAMIICZwYJKoZIhvcNAQcB
MGYGCSqGSIb3DQEFDTBZMDgGCSqGSIb3DQEFDDArBBQh7KeXZRvZf5t085BTbsDYQB985AICJxACASAwDAYIKoZIhvcNAgkFADAd
BglghkgBZQMEASoEEO8grdWAXEQvpLk/vTmWkcuAggHwJb+Qb5rq9MXV2zYvEH7slM2gvP6l2LdO9TVRBuyhMON9o/aZufW2T9rp
EqVaqixhvWPkFWJLBwrs+RvRI8DX6TupeWAYRGg+IeXX+Hkj24x2lFkcnIhqiekS1+9mtE7gPLwEv8qfa6a+Qbfxe268FYduhMRE
y2Sv2xo6bdyFDEOP89TohYrlrSdE1Q7xke+eKXg78a0Eo+Dxr50zc+XY9MET6fMK4Jcn7KwOjCDZow0gTOFdwCXZD6lDtvIUd+c5
bAEpfZenk7O3ujPsrBCzbJ+pKyKCyHw5rSHIqMIcFK095koCOKDhyDVV3NuZgrezYZkRI1DHKNUL8Rafp3rJsqDxCo3s3aZUaNz2
nUItVuTQ3Z/WQmUzZGcQ5whec9um10lbjrteaSLe4gte+Q6kZByuKZZBVt5Tz9zuVbS/6WvBUj05mtGhAvfvjBw8p6l8Y+48QjLS
HBHYF9c6j5rbvFKcKtgeoKprKNaRQrz19dHz83d/SzE2khWuF2Y03kMhzbhtGpFxA5FQFme/J/vxkOHUNd8rVcpzQ1VVdnE+CxZp
OL3ygxHCj/DCW7eZJo5bNUFsm28Ok2G/CqRWqhZgmSWxfghuOnqWH0GPUphh+wL3YV0q3iQRXiTYRhgbCoRweHL1iMz75zDxa9Rc
FpkrHDBNMDEwDQYJYIZIAWUDBAIBBQAEII3UABHogTQtABnnWJBXsz1635FDTVQuHZFm958SVuRZBBTjZipzjyUduLM9/JLKzhqw
pnuvRgICJxA=`;

const pem = (text: string, passphrase: string | null = null): KeyStoreSource => ({
  bytes: Buffer.from(text),
  type: 'PEM',
  passphrase,
});
const p12 = (bytes: Buffer, passphrase: string | null = PASSPHRASE): KeyStoreSource => ({
  bytes,
  type: 'PKCS12',
  passphrase,
});

function failure(source: KeyStoreSource): GatewayError {
  try {
    loadKeyStore(source);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  return expect.unreachable('it was read');
}

const subjects = (pems: string): string[] =>
  (pems.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map((one) => new X509Certificate(one).subject);

function expectLeafWithChain(source: KeyStoreSource, expected = leaf): void {
  const store = loadKeyStore(source);
  expect(subjects(store.cert ?? '')).toEqual(['CN=gateway.example', 'CN=middle']);
  expect(store.ca.flatMap(subjects).sort()).toEqual(['CN=middle', 'CN=root']);
  const key = createPrivateKey(store.key ?? '');
  expect(new X509Certificate(store.cert ?? '').checkPrivateKey(key)).toBe(true);
  expect(new X509Certificate(store.cert ?? '').fingerprint256).toBe(new X509Certificate(expected.cert).fingerprint256);
  createSecureContext({ key: store.key ?? '', cert: store.cert ?? '', ca: [...store.ca] });
}

const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
const rsaLeaf = {
  key: rsaKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  cert: certificateFor(rsaKey),
};

/** A certificate for an RSA key, signed by the intermediate's own key pair made anew. */
function certificateFor(key: typeof rsaKey): string {
  const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const validity = { notBefore: new Date(Date.now() - 1_000), notAfter: new Date(Date.now() + 86_400_000) };
  const spec = { subject: 'rsa', issuer: 'x', serial: Buffer.from([1]), ca: false, usages: [], names: [], ...validity };
  return buildCertificate(spec, key, issuer);
}

describe('PEM', () => {
  it.each([
    ['in the usual order', [leaf.key, leaf.cert, middle.cert, root.cert]],
    ['in any order', [root.cert, middle.cert, leaf.cert, leaf.key]],
    ['with text between', ['Bag Attributes\n', leaf.cert, 'subject=x\n', root.cert, leaf.key, middle.cert]],
    ['with CRLF', [leaf.key, leaf.cert, middle.cert, root.cert].map((one) => one.replaceAll('\n', '\r\n'))],
  ])('reads a key with its chain, %s', (_name, parts) => expectLeafWithChain(pem(parts.join(''))));

  it('reads a bundle of roots as a trust store', () => {
    expect(loadKeyStore(pem(root.cert + middle.cert))).toEqual({ key: null, cert: null, ca: [root.cert, middle.cert] });
  });

  it('reads keys in PKCS#1 and SEC 1 form', () => {
    const sec1 = createPrivateKey(leaf.key).export({ type: 'sec1', format: 'pem' }).toString();
    expectLeafWithChain(pem(sec1 + leaf.cert + middle.cert + root.cert));
    const pkcs1 = rsaKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    expect(loadKeyStore(pem(pkcs1 + rsaLeaf.cert)).key).toBe(rsaLeaf.key);
  });

  it.each([
    ['pkcs8', 'aes-256-cbc'],
    ['sec1', 'aes-128-cbc'],
  ] as const)('reads an encrypted %s key with its passphrase only', (type, cipher) => {
    const encrypted = createPrivateKey(leaf.key)
      .export({ type, format: 'pem', cipher, passphrase: PASSPHRASE })
      .toString();
    const text = encrypted + leaf.cert + middle.cert + root.cert;
    expectLeafWithChain(pem(text, PASSPHRASE));
    for (const wrong of ['wrong', '', null]) {
      expect(failure(pem(text, wrong))).toMatchObject({ code: 'TLS_PASSPHRASE' });
    }
  });

  it.each([
    ['an empty file', '', 'TLS_FORMAT'],
    ['no PEM', 'hello', 'TLS_FORMAT'],
    ['other PEM only', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', 'TLS_FORMAT'],
    ['a block without end', leaf.cert.replace('-----END CERTIFICATE-----', ''), 'TLS_FORMAT'],
    ['a half begin line', '-----BEGIN CERT', 'TLS_FORMAT'],
    ['a broken certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'TLS_MATERIAL'],
    ['a broken key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'TLS_MATERIAL'],
    ['a key without certificate', leaf.key, 'TLS_MATERIAL'],
    ['a key with another certificate', leaf.key + root.cert, 'TLS_MATERIAL'],
    ['two keys', leaf.key + leaf.cert + rsaLeaf.key, 'TLS_MATERIAL'],
  ])('refuses %s', (_name, text, code) => expect(failure(pem(text))).toMatchObject({ code }));

  it('does not loop on certificates that issue each other', () => {
    const keys = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    const [first, second] = keys as [(typeof keys)[0], (typeof keys)[0]];
    const common = {
      serial: Buffer.from([1]),
      notBefore: new Date(),
      notAfter: new Date(Date.now() + 1e8),
      ca: true,
      usages: [],
      names: [],
    };
    const a = buildCertificate({ ...common, subject: 'a', issuer: 'b' }, first, second);
    const b = buildCertificate({ ...common, subject: 'b', issuer: 'a' }, second, first);
    const key = first.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(subjects(loadKeyStore(pem(key + a + b)).cert ?? '')).toEqual(['CN=a', 'CN=b']);
  });
});

describe.runIf(requirePeer('openssl'))('PKCS#12', () => {
  const exported = (options: readonly string[], identity = leaf, pass = PASSPHRASE): Buffer =>
    openssl(
      [
        'pkcs12',
        '-export',
        '-inkey',
        'key',
        '-in',
        'cert',
        '-certfile',
        'chain',
        '-out',
        'p12',
        '-passout',
        `pass:${pass}`,
        ...options,
      ],
      { key: identity.key, cert: identity.cert, chain: middle.cert + root.cert },
      'p12',
    );

  it.each([
    ['OpenSSL 3’s own form (AES-256, PBKDF2)', []],
    ['legacy RC2-40 and 3DES', ['-legacy']],
    ['3DES for both', ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
    ['unencrypted certificates and key', ['-certpbe', 'NONE', '-keypbe', 'NONE']],
  ])('reads an EC key in %s', (_name, options) => expectLeafWithChain(p12(exported(options))));

  it('reads an RSA key', () => {
    const store = loadKeyStore(p12(exported(['-legacy'], rsaLeaf)));
    expect(store.key).toBe(rsaLeaf.key);
    expect(subjects(store.cert ?? '')).toEqual(['CN=rsa']);
  });

  it('reads files without a passphrase', () => {
    expectLeafWithChain(p12(exported([], leaf, ''), null));
    expectLeafWithChain(p12(exported([], leaf, ''), ''));
    expectLeafWithChain(p12(exported(['-certpbe', 'NONE', '-keypbe', 'NONE', '-nomac'], leaf, ''), null));
  });

  it('reads a trust store of keytool, which has no key', () => {
    const store = loadKeyStore(p12(Buffer.from(KEYTOOL_TRUST_STORE, 'base64'), 'changeit'));
    expect([store.key, store.cert, store.ca.flatMap(subjects)]).toEqual([null, null, ['CN=trusted root']]);
  });

  it.each([
    ['modern', [], /^TLS_PASSPHRASE$/],
    ['legacy', ['-legacy'], /^TLS_PASSPHRASE$/],
    // Nothing but the MAC tells a wrong passphrase from a damaged file (RFC 7292 §4).
    ['without MAC', ['-nomac'], /^TLS_(PASSPHRASE|FORMAT)$/],
  ])('reports a wrong or missing passphrase, %s', (_name, options, code) => {
    const bytes = exported(options);
    for (const wrong of ['wrong', '', null]) expect(failure(p12(bytes, wrong)).code).toMatch(code);
  });

  it('refuses a key whose certificate is not in the file', () => {
    const bytes = openssl(
      ['pkcs12', '-export', '-inkey', 'key', '-nocerts', '-out', 'p12', '-passout', 'pass:x'],
      { key: leaf.key },
      'p12',
    );
    expect(failure(p12(bytes, 'x'))).toMatchObject({ code: 'TLS_MATERIAL' });
  });

  it('fails with a code on any broken file', () => {
    const bytes = exported(['-iter', '1', '-maciter']);
    const flip = fc.record({ at: fc.nat(bytes.length - 1), bit: fc.nat(7) });
    fc.assert(
      fc.property(flip, ({ at, bit }) => {
        const broken = Buffer.from(bytes);
        broken[at] = (broken[at] ?? 0) ^ (1 << bit);
        try {
          loadKeyStore(p12(broken));
        } catch (error) {
          expect((error as GatewayError).code).toMatch(/^TLS_(PASSPHRASE|FORMAT|MATERIAL)$/);
        }
      }),
      { numRuns: 40 },
    );
    for (const cut of [1, 4, 50, bytes.length - 1]) expect(failure(p12(bytes.subarray(0, cut))).code).toMatch(/^TLS_/);
  });
});

describe('formats', () => {
  it.each([
    ['JKS', [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]],
    ['JCEKS', [0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2]],
  ])('explains how to convert %s', (name, bytes) => {
    for (const type of ['PKCS12', 'PEM'] as const) {
      const error = failure({ bytes: Buffer.from(bytes), type, passphrase: 'x' });
      expect(error.code).toBe('TLS_FORMAT');
      expect(error.message).toMatch(
        new RegExp(`keytool -importkeystore .*-srcstoretype ${name} .*-deststoretype pkcs12`),
      );
    }
  });

  it('says so when PEM and PKCS#12 are mixed up', () => {
    expect(failure({ ...pem(leaf.cert), type: 'PKCS12' })).toMatchObject({
      code: 'TLS_FORMAT',
      message: expect.stringContaining('PEM') as string,
    });
    expect(failure({ ...p12(Buffer.from(KEYTOOL_TRUST_STORE, 'base64')), type: 'PEM' })).toMatchObject({
      code: 'TLS_FORMAT',
      message: expect.stringContaining('PKCS#12') as string,
    });
  });

  it('refuses a file beyond measure', () => {
    expect(failure(pem(' '.repeat(1_048_577)))).toMatchObject({ code: 'TLS_FORMAT' });
  });
});
