import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { buildCertificate } from '../../src/tls/certificate.js';

/** A key and certificate as PEM. */
export interface TestIdentity {
  readonly key: string;
  readonly cert: string;
}

interface IssueOptions {
  readonly usages?: readonly ('serverAuth' | 'clientAuth')[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const DAY_MS = 86_400_000;

/** A certificate authority for one test file. */
export class TestCa {
  readonly cert: string;
  readonly #key: KeyObject;
  readonly #name: string;

  constructor(name: string, parent?: TestCa) {
    this.#name = name;
    this.#key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const issuer = parent ?? this;
    this.cert = buildCertificate(
      { subject: name, issuer: issuer.#name, ca: true, usages: [], names: [], ...validity({}) },
      this.#key,
      issuer.#key,
    );
  }

  /** A leaf for `names`; the first is the common name. */
  issue(names: readonly string[], options: IssueOptions = {}): TestIdentity {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const cert = buildCertificate(
      {
        subject: names[0] ?? 'nameless',
        issuer: this.#name,
        ca: false,
        usages: options.usages ?? ['serverAuth'],
        names,
        ...validity(options),
      },
      privateKey,
      this.#key,
    );
    return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert };
  }
}

function validity({ notBefore, notAfter }: IssueOptions): { serial: Buffer; notBefore: Date; notAfter: Date } {
  const serial = randomBytes(12);
  serial[0] = (serial[0] ?? 0) | 0x40;
  const now = Date.now();
  return { serial, notBefore: notBefore ?? new Date(now - DAY_MS), notAfter: notAfter ?? new Date(now + 30 * DAY_MS) };
}
