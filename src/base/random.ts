import { randomBytes } from 'node:crypto';

/** `bytes` random bytes as base64url text, from the system's CSPRNG. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** `bytes` random bytes as lower-case hex, from the system's CSPRNG. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
