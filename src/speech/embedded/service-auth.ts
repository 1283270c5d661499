import { createHash, timingSafeEqual } from 'node:crypto';

/** Checks HTTP Basic credentials (RFC 7617) without telling by its time how much of them was right. */
export class ServiceAuth {
  readonly #expected: Buffer;

  constructor(username: string, password: string) {
    this.#expected = digest(Buffer.from(`${username}:${password}`, 'utf8'));
  }

  /** Whether the value of an Authorization field holds the credentials. */
  accepts(authorization: string | undefined): boolean {
    // RFC 9110 §11.1: the scheme is case-insensitive.
    const match = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '');
    const given = digest(Buffer.from(match?.[1] ?? '', 'base64'));
    return timingSafeEqual(given, this.#expected) && match !== null;
  }
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
