import { createHmac, randomBytes } from 'node:crypto';
import { randomHex } from '../../base/random.js';

/** RFC 3261 §8.1.1.7: what marks a branch as unique by construction. */
export const MAGIC_COOKIE = 'z9hG4bK';

const tagKey = randomBytes(32);

/** A new branch parameter with 128 random bits. */
export function newBranch(): string {
  return MAGIC_COOKIE + randomHex(16);
}

/** A new From or To tag with 64 random bits (RFC 3261 §19.3 asks for at least 32). */
export function newTag(): string {
  return randomHex(8);
}

/** A new Call-ID with 128 random bits; it names no host. */
export function newCallId(): string {
  return randomHex(16);
}

/**
 * A tag that is the same for the same `parts` as long as this process lives and cannot be guessed.
 * RFC 3261 §8.2.7: who answers without state must answer a retransmission with the same To tag.
 */
export function derivedTag(parts: readonly string[]): string {
  const hmac = createHmac('sha256', tagKey);
  for (const part of parts) hmac.update(`${part.length}:${part}`);
  return hmac.digest('hex').slice(0, 16);
}
