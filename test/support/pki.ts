import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A self-signed certificate and its key as PEM; the certificate is its own authority (`ca`). */
export interface ServerCert {
  readonly cert: string;
  readonly key: string;
}

const made = new Map<string, ServerCert>();

/** Makes a self-signed server certificate with these subjectAltName entries; the same entries and key type give the same one. */
export function makeServerCert(
  names: readonly string[] = ['DNS:gateway.example', 'IP:127.0.0.1'],
  keyType: 'ec' | 'rsa' = 'ec',
): ServerCert {
  const san = names.join(',');
  const known = made.get(`${keyType} ${san}`);
  if (known !== undefined) return known;
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-pki-'));
  try {
    const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    const kind = keyType === 'ec' ? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['-newkey', 'rsa:2048'];
    const subject = ['-subj', '/CN=common.example', '-addext', `subjectAltName=${san}`];
    execFileSync(
      'openssl',
      ['req', '-x509', ...kind, '-noenc', '-days', '2', ...subject, '-keyout', key, '-out', cert],
      { stdio: 'pipe' },
    );
    const pair = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
    made.set(`${keyType} ${san}`, pair);
    return pair;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
