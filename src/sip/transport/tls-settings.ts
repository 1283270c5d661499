import { constants, X509Certificate, createPrivateKey } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { GatewayError } from '../../base/errors.js';

/** A PEM certificate chain and its private key. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

/**
 * RFC 9325 §4.2: TLS 1.3 as it is; of TLS 1.2 only forward-secret AEAD suites. §3.4, §3.5: no renegotiation; no session
 * tickets, whose keys would outlive the forward secrecy of what they resume. TLS compression is not in Node's OpenSSL.
 */
export const TLS_POLICY = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ].join(':'),
  ecdhCurve: 'X25519:P-256:P-384',
  honorCipherOrder: true,
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
} as const satisfies SecureContextOptions;

/** The TLS server context of a listener. Throws TLS_MATERIAL when the pair cannot be read or does not belong together. */
export function serverContext(material: TlsMaterial | undefined): SecureContext {
  if (material === undefined) throw new GatewayError('TLS_MATERIAL', 'a TLS listener needs a certificate and a key');
  try {
    // OpenSSL takes a pair of different key types without a word and then fails each handshake.
    const certificate = new X509Certificate(material.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(material.key))) {
      throw new GatewayError('TLS_MATERIAL', 'the key does not belong to the certificate');
    }
    return createSecureContext({ ...TLS_POLICY, cert: material.cert, key: material.key });
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError('TLS_MATERIAL', undefined, { cause: error });
  }
}
