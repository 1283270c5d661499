import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { GatewayError, messageOf } from '../base/errors.js';
import { derOf } from './certificate.js';

const { asn1, pki, pkcs12, util } = forge;
type Bag = forge.pkcs12.Bag;

/** What a key store file holds, in file order. */
export interface StoreContent {
  readonly keys: readonly KeyObject[];
  readonly certs: readonly X509Certificate[];
}

/**
 * Reads a PKCS#12 file (RFC 7292), also the ones that OpenSSL 3 calls legacy and trust stores without a key. Blocks for
 * a tenth of a second or two: for start and reload only. Throws TLS_PASSPHRASE, TLS_FORMAT or TLS_MATERIAL.
 */
export function readPkcs12(bytes: Uint8Array, passphrase: string | null): StoreContent {
  const bags = openStore(bytes, passphrase).safeContents.flatMap((content) => content.safeBags);
  try {
    return {
      keys: bags.filter(isKeyBag).map(keyOf),
      certs: bags.filter((bag) => bag.type === pki.oids['certBag']).map(certificateOf),
    };
  } catch (cause) {
    throw new GatewayError('TLS_MATERIAL', 'the PKCS#12 file holds a key or certificate that cannot be used', {
      cause,
    });
  }
}

function openStore(bytes: Uint8Array, passphrase: string | null): forge.pkcs12.Pkcs12Pfx {
  let failure: unknown;
  // "No passphrase" is written in two ways: as an empty one and as none at all (RFC 7292 Appendix B.1).
  for (const candidate of passphrase === null ? ['', undefined] : [passphrase]) {
    try {
      const pfx = asn1.fromDer(util.createBuffer(Buffer.from(bytes).toString('binary')));
      return pkcs12.pkcs12FromAsn1(pfx, false, candidate);
    } catch (error) {
      failure = error;
    }
  }
  if (/MAC could not be verified|decrypt/i.test(messageOf(failure))) {
    throw new GatewayError('TLS_PASSPHRASE', 'the PKCS#12 passphrase is wrong or missing');
  }
  throw new GatewayError('TLS_FORMAT', 'the file is not a PKCS#12 key store that can be read here', { cause: failure });
}

function isKeyBag(bag: Bag): boolean {
  return bag.type === pki.oids['keyBag'] || bag.type === pki.oids['pkcs8ShroudedKeyBag'];
}

/** forge reads RSA only; any other key comes as the PKCS#8 structure it was stored in. */
function keyOf(bag: Bag): KeyObject {
  const der = bag.key ? derOf(pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(bag.key))) : derOf(bag.asn1);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function certificateOf(bag: Bag): X509Certificate {
  return new X509Certificate(derOf(bag.cert ? pki.certificateToAsn1(bag.cert) : bag.asn1));
}
