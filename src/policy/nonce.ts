import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a nonce is worth: `forged` was never made by us for this realm and peer. */
export type NonceState = { readonly kind: 'valid' | 'expired'; readonly issued: number } | { readonly kind: 'forged' };

export interface NonceOptions {
  /** How long a nonce is good. */
  readonly lifeMs: number;
  /** How far in the future a nonce may lie: our clock was set back, or another instance's is ahead. */
  readonly driftMs: number;
  /** The first signing key; random when absent. Instances that share calls share it. */
  readonly key?: Buffer;
}

export const DEFAULT_NONCE_OPTIONS: NonceOptions = { lifeMs: 300_000, driftMs: 3_000 };

const VERSION = 1;
const ISSUED_BYTES = 6;
const RANDOM_BYTES = 7;
const HEAD_BYTES = 1 + ISSUED_BYTES + RANDOM_BYTES;
const MAC_BYTES = 16;
const NONCE_BYTES = HEAD_BYTES + MAC_BYTES;
const KEY_BYTES = 32;

/**
 * Makes and checks nonces without remembering any (RFC 7616 §3.3 suggests a signed timestamp):
 * `base64url(version ‖ issued ms ‖ random ‖ HMAC-SHA-256(key, head ‖ realm ‖ peer address)[0..16])`.
 * A flood of unauthenticated requests therefore costs no memory, and nobody can mint a nonce.
 */
export class NonceMint {
  readonly #options: NonceOptions;
  #current: Buffer;
  #previous: Buffer | null = null;

  constructor(options: NonceOptions = DEFAULT_NONCE_OPTIONS) {
    this.#options = options;
    this.#current = options.key ?? randomBytes(KEY_BYTES);
  }

  /**
   * Signs with a new key from now on; nonces of the key before it stay good until the next rotation. Rotate less often
   * than a nonce lives and nobody is asked again because of it.
   */
  rotate(key: Buffer = randomBytes(KEY_BYTES)): void {
    this.#previous = this.#current;
    this.#current = key;
  }

  /** A new nonce for a peer. `now` is wall time in ms. */
  issue(realm: string, address: string, now: number): string {
    const bytes = Buffer.alloc(NONCE_BYTES);
    bytes[0] = VERSION;
    bytes.writeUIntBE(Math.max(0, Math.trunc(now)), 1, ISSUED_BYTES);
    randomBytes(RANDOM_BYTES).copy(bytes, 1 + ISSUED_BYTES);
    mac(this.#current, bytes, realm, address).copy(bytes, HEAD_BYTES);
    return bytes.toString('base64url');
  }

  /** Judges a nonce that a peer sent. `now` is wall time in ms. */
  check(nonce: string, realm: string, address: string, now: number): NonceState {
    const bytes = Buffer.from(nonce, 'base64url');
    // The decoder forgives padding, blanks and the other alphabet; one nonce has one spelling, or replays would hide.
    if (bytes.length !== NONCE_BYTES || bytes[0] !== VERSION || bytes.toString('base64url') !== nonce) {
      return { kind: 'forged' };
    }
    if (!this.#signed(this.#current, bytes, realm, address) && !this.#signed(this.#previous, bytes, realm, address)) {
      return { kind: 'forged' };
    }
    const issued = bytes.readUIntBE(1, ISSUED_BYTES);
    const age = now - issued;
    return { kind: age <= this.#options.lifeMs && age >= -this.#options.driftMs ? 'valid' : 'expired', issued };
  }

  #signed(key: Buffer | null, bytes: Buffer, realm: string, address: string): boolean {
    return key !== null && timingSafeEqual(mac(key, bytes, realm, address), bytes.subarray(HEAD_BYTES));
  }
}

function mac(key: Buffer, bytes: Buffer, realm: string, address: string): Buffer {
  return createHmac('sha256', key)
    .update(bytes.subarray(0, HEAD_BYTES))
    .update(`${Buffer.byteLength(realm)}:${realm}:${address}`)
    .digest()
    .subarray(0, MAC_BYTES);
}
