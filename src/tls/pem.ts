import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { GatewayError } from '../base/errors.js';
import type { StoreContent } from './pkcs12.js';

/** One armoured block with its BEGIN and END lines (RFC 7468 §2). */
export interface PemBlock {
  readonly label: string;
  readonly text: string;
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';

/** The blocks of a PEM text in order; text between them is skipped. Throws TLS_FORMAT for a block without end. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let start = text.indexOf(BEGIN); start >= 0;) {
    const labelEnd = text.indexOf(DASHES, start + BEGIN.length);
    const label = text.slice(start + BEGIN.length, Math.max(labelEnd, start));
    const footer = `-----END ${label}-----`;
    const end = text.indexOf(footer, labelEnd);
    if (labelEnd < 0 || end < 0) throw new GatewayError('TLS_FORMAT', 'a PEM block does not end');
    blocks.push({ label, text: `${text.slice(start, end + footer.length)}\n` });
    start = text.indexOf(BEGIN, end);
  }
  return blocks;
}

/** Reads keys and certificates from a PEM text. Throws TLS_PASSPHRASE, TLS_FORMAT or TLS_MATERIAL. */
export function readPem(bytes: Uint8Array, passphrase: string | null): StoreContent {
  const keys: KeyObject[] = [];
  const certs: X509Certificate[] = [];
  for (const { label, text } of pemBlocks(Buffer.from(bytes).toString('latin1'))) {
    if (label === 'CERTIFICATE') certs.push(certificateOf(text));
    else if (label.endsWith('PRIVATE KEY')) keys.push(keyOf(text, passphrase));
  }
  if (keys.length + certs.length === 0) {
    throw new GatewayError('TLS_FORMAT', 'the file holds no PEM certificate and no PEM private key');
  }
  return { keys, certs };
}

function certificateOf(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new GatewayError('TLS_MATERIAL', 'a PEM certificate cannot be read', { cause });
  }
}

function keyOf(text: string, passphrase: string | null): KeyObject {
  try {
    return createPrivateKey({ key: text, format: 'pem', ...(passphrase === null ? {} : { passphrase }) });
  } catch (cause) {
    const encrypted = text.includes('ENCRYPTED');
    throw encrypted
      ? new GatewayError('TLS_PASSPHRASE', 'the passphrase of a PEM private key is wrong or missing')
      : new GatewayError('TLS_MATERIAL', 'a PEM private key cannot be read', { cause });
  }
}
