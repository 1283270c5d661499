import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { randomHex } from '../base/random.js';
import { daysLeft, parseCertificate } from './days-left.js';
import { type KeyStore, type KeyStoreSource, loadKeyStore } from './key-store.js';
import { createSelfSigned } from './self-signed.js';

/** Key and certificate in one file, so that a crash cannot leave a pair that does not match. */
const FILE = 'server-identity.pem';
const MAX_FILE_BYTES = 65_536;

export interface ServerIdentityOptions {
  /** Where a self-signed identity is kept; null: in memory only. */
  readonly stateDir: string | null;
  /** The operator's own key store; null: self-signed. */
  readonly keyStore: KeyStoreSource | null;
  /** DNS names and addresses of the self-signed certificate; the first is the common name. */
  readonly names: readonly string[];
}

/** What a TLS server shows. PEM texts; `cert` is the leaf with its chain. */
export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
  readonly selfSigned: boolean;
  /** SHA-256 of the leaf as colon-separated hex, for pinning. */
  readonly fingerprint256: string;
}

export interface ServerIdentityDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The server's key and certificate: the operator's, else the kept self-signed pair while it fits, else a fresh pair.
 * Throws TLS_* for unusable material and FILE_UNAVAILABLE when the state directory cannot be used.
 */
export async function loadOrCreateServerIdentity(
  options: ServerIdentityOptions,
  deps: ServerIdentityDeps,
): Promise<ServerIdentity> {
  if (options.keyStore !== null) return identityOf(loadKeyStore(options.keyStore), false);
  const path = options.stateDir === null ? null : join(options.stateDir, FILE);
  const kept = path === null ? null : await readKept(path);
  if (kept !== null && isUsable(kept, options.names, deps.clock.now())) return kept;
  const fresh = identityOf({ ...createSelfSigned(options.names, deps.clock.now()), ca: [] }, true);
  if (path !== null) await keep(path, fresh);
  deps.log.info({ fingerprint256: fresh.fingerprint256, kept: path !== null }, 'tls.self_signed_created');
  return fresh;
}

function identityOf(store: KeyStore, selfSigned: boolean): ServerIdentity {
  const { cert, key } = store;
  if (cert === null || key === null) {
    throw new GatewayError('TLS_MATERIAL', 'the key store of the server holds no private key');
  }
  return { cert, key, selfSigned, fingerprint256: parseCertificate(cert).fingerprint256 };
}

/** Peers pin this certificate, so it is replaced only when it has run out or does not name us any more. */
function isUsable(identity: ServerIdentity, names: readonly string[], nowMs: number): boolean {
  const cert = parseCertificate(identity.cert);
  return (
    daysLeft(identity.cert, nowMs) >= 0 &&
    names.every((name) => (isIP(name) === 0 ? cert.checkHost(name) : cert.checkIP(name)) !== undefined)
  );
}

async function readKept(path: string): Promise<ServerIdentity | null> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) throw new GatewayError('TLS_MATERIAL', `${path} can be read by others; set mode 0600`);
    if (size > MAX_FILE_BYTES) throw new GatewayError('TLS_MATERIAL', `${path} is too large`);
    return identityOf(loadKeyStore({ bytes: await file.readFile(), type: 'PEM', passphrase: null }), true);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fileError(path, error);
  } finally {
    await file?.close();
  }
}

async function keep(path: string, identity: ServerIdentity): Promise<void> {
  const temporary = `${path}.${randomHex(6)}`;
  try {
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(identity.key + identity.cert);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw fileError(path, error);
  }
}

function fileError(path: string, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  return new GatewayError('FILE_UNAVAILABLE', `${path}: ${code}`, { cause: error });
}
