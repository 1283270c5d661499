import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { GatewayError } from '../base/errors.js';
import { buildCertificate } from './certificate.js';

const DAY_MS = 86_400_000;
const VALID_DAYS = 825;
/** Peers whose clocks are a little behind must not find the certificate not yet valid. */
const BACKDATE_MS = 300_000;

/** A private key (PKCS#8) and its certificate, both PEM. */
export interface SelfSigned {
  readonly key: string;
  readonly cert: string;
}

/**
 * A fresh P-256 key with a certificate for `names` (DNS names and addresses; the first is also the common name), valid
 * for 825 days from five minutes before `nowMs`. Throws TLS_MATERIAL without names or for one that is not a name.
 */
export function createSelfSigned(names: readonly string[], nowMs: number): SelfSigned {
  const [subject] = names;
  if (subject === undefined) throw new GatewayError('TLS_MATERIAL', 'a certificate needs at least one name');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const serial = randomBytes(16);
  serial[0] = (serial[0] ?? 0) | 0x40; // never a leading zero byte, which DER would forbid
  const notBefore = new Date(nowMs - BACKDATE_MS);
  const cert = buildCertificate(
    {
      subject,
      issuer: subject,
      serial,
      notBefore,
      notAfter: new Date(notBefore.getTime() + VALID_DAYS * DAY_MS),
      ca: false,
      usages: ['serverAuth'],
      names,
    },
    privateKey,
    privateKey,
  );
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert };
}
