import type { X509Certificate } from 'node:crypto';
import { GatewayError } from '../base/errors.js';
import { readPem } from './pem.js';
import { readPkcs12, type StoreContent } from './pkcs12.js';

/** A key store file as it was read. */
export interface KeyStoreSource {
  readonly bytes: Uint8Array;
  readonly type: 'PKCS12' | 'PEM';
  readonly passphrase: string | null;
}

/** PEM texts, ready for node:tls. */
export interface KeyStore {
  /** PKCS#8, not encrypted; null in a pure trust store. */
  readonly key: string | null;
  /** The certificate of the key, then its issuers without the root; null in a pure trust store. */
  readonly cert: string | null;
  /** Every other certificate of the store, one PEM text each. */
  readonly ca: readonly string[];
}

const MAX_BYTES = 1_048_576;
const MAGIC_JKS = 0xfeedfeed;
const MAGIC_JCEKS = 0xcececece;
const DER_SEQUENCE = 0x30;

/**
 * Reads a key store or trust store. Throws TLS_FORMAT (another format than said, JKS with advice), TLS_PASSPHRASE, or
 * TLS_MATERIAL (several keys, no certificate for the key, unusable content).
 */
export function loadKeyStore(source: KeyStoreSource): KeyStore {
  checkFormat(source);
  const read = source.type === 'PKCS12' ? readPkcs12 : readPem;
  return arrange(read(source.bytes, source.passphrase));
}

function checkFormat({ bytes, type }: KeyStoreSource): void {
  if (bytes.length > MAX_BYTES) throw new GatewayError('TLS_FORMAT', `a key store has at most ${MAX_BYTES} bytes`);
  const magic = bytes.length < 4 ? 0 : Buffer.from(bytes.subarray(0, 4)).readUInt32BE();
  if (magic === MAGIC_JKS || magic === MAGIC_JCEKS) {
    const java = magic === MAGIC_JKS ? 'JKS' : 'JCEKS';
    throw new GatewayError(
      'TLS_FORMAT',
      `the file is a ${java} key store; convert it: keytool -importkeystore -srckeystore OLD -srcstoretype ${java} ` +
        '-destkeystore NEW.p12 -deststoretype pkcs12',
    );
  }
  const der = bytes[0] === DER_SEQUENCE;
  if (type === 'PKCS12' && !der) throw new GatewayError('TLS_FORMAT', 'the file is not PKCS#12; is it PEM?');
  if (type === 'PEM' && der) throw new GatewayError('TLS_FORMAT', 'the file is not PEM; is it PKCS#12?');
}

function arrange({ keys, certs }: StoreContent): KeyStore {
  const [key] = keys;
  if (keys.length + certs.length === 0) throw new GatewayError('TLS_MATERIAL', 'the key store is empty');
  if (keys.length > 1) throw new GatewayError('TLS_MATERIAL', 'the key store holds several private keys; keep one');
  if (key === undefined) return { key: null, cert: null, ca: certs.map(String) };
  const leaf = certs.find((cert) => cert.checkPrivateKey(key));
  if (leaf === undefined) throw new GatewayError('TLS_MATERIAL', 'no certificate in the key store belongs to its key');
  const others = certs.filter((cert) => cert !== leaf);
  return {
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: [leaf, ...issuersOf(leaf, others)].join(''),
    ca: others.map(String),
  };
}

/** RFC 8446 §4.4.2: each certificate certifies the one before it, and the root may be left out. */
function issuersOf(leaf: X509Certificate, candidates: readonly X509Certificate[]): X509Certificate[] {
  const chain: X509Certificate[] = [];
  const rest = new Set(candidates.filter((cert) => !isIssuedBy(cert, cert)));
  for (let current: X509Certificate | undefined = leaf; current !== undefined;) {
    const child: X509Certificate = current;
    current = [...rest].find((candidate) => isIssuedBy(child, candidate));
    if (current === undefined) break;
    rest.delete(current);
    chain.push(current);
  }
  return chain;
}

function isIssuedBy(cert: X509Certificate, issuer: X509Certificate): boolean {
  return cert.checkIssued(issuer) && cert.verify(issuer.publicKey);
}
