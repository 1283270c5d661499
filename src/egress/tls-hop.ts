import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { GatewayError } from '../base/errors.js';
import type { TlsClientOptions } from './contract.js';
import { step } from './step.js';

/** RFC 9325 §3.1.1, §4.2: TLS 1.2 at least, and in it only forward secrecy with AEAD. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Trust and identity of one hop. Throws TLS_MATERIAL where a PEM text cannot be used or key and certificate differ. */
export function hopContext(options: TlsClientOptions): SecureContext {
  if ((options.cert === null) !== (options.key === null)) {
    throw new GatewayError('TLS_MATERIAL', 'a client certificate needs its key, and a key its certificate');
  }
  try {
    if (options.ca !== null) checkBundle(options.ca);
    return createSecureContext({
      minVersion: 'TLSv1.2',
      ciphers: CIPHERS,
      ...(options.ca === null ? {} : { ca: options.ca }),
      ...(options.cert === null || options.key === null ? {} : { cert: options.cert, key: options.key }),
    });
  } catch (cause) {
    throw new GatewayError('TLS_MATERIAL', 'the CA bundle, client certificate or key for services cannot be used', {
      cause,
    });
  }
}

/** node:tls passes over what it cannot read in a bundle, and would then trust less than the operator meant. */
function checkBundle(pem: string): void {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('no certificate');
  for (const block of blocks) new X509Certificate(block);
}

/**
 * TLS over `stream` with the peer verified as `host` (name or address). Rejects with the handshake's error or the
 * signal's reason; the stream is destroyed then. Bytes already buffered in `stream` are part of the handshake.
 */
export function secure(
  stream: Duplex,
  host: string,
  context: SecureContext,
  alpn: readonly string[],
  signal: AbortSignal,
): Promise<TLSSocket> {
  const socket = connect({
    socket: stream,
    secureContext: context,
    // Said aloud, because the environment can turn the default off.
    rejectUnauthorized: true,
    host,
    // RFC 6066 §3: SNI carries names only, without the trailing dot; an address is checked against the certificate by `host`.
    ...(isIP(host) === 0 ? { servername: host.replace(/\.$/, '') } : {}),
    ...(alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }),
  });
  return step(socket, signal, (done) => {
    const secured = (): void => done(socket);
    socket.once('secureConnect', secured);
    return () => socket.off('secureConnect', secured);
  });
}
