import { X509Certificate } from 'node:crypto';
import { GatewayError } from '../base/errors.js';

const DAY_MS = 86_400_000;
/** Days before expiry at which the operator is told, the last one first. */
const THRESHOLDS = [0, 1, 7, 14, 30] as const;

/** Whole days until the first certificate of a PEM text expires; negative afterwards. Throws TLS_MATERIAL. */
export function daysLeft(certPem: string, nowMs: number): number {
  return Math.floor((Date.parse(parseCertificate(certPem).validTo) - nowMs) / DAY_MS);
}

/** The tightest of 30, 14, 7, 1 and 0 days that is reached, or null while there is more time. */
export function expiryThreshold(days: number): (typeof THRESHOLDS)[number] | null {
  return THRESHOLDS.find((threshold) => days <= threshold) ?? null;
}

/** The first certificate of a PEM text. Throws TLS_MATERIAL. */
export function parseCertificate(pem: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new GatewayError('TLS_MATERIAL', 'a certificate cannot be read', { cause });
  }
}
