import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError, messageOf } from '../base/errors.js';
import { randomToken } from '../base/random.js';
import { Secret } from '../base/secret.js';

export interface SipPassword {
  readonly password: Secret;
  /** Where it comes from: decides what is said at start. */
  readonly source: 'configured' | 'generated' | 'file';
  /** The file that holds it, or null. */
  readonly file: string | null;
}

const FILE_NAME = 'sip-password';
const GENERATED_BYTES = 18;

/**
 * The digest password. Configured: that one. Else with a state directory: the one kept there, generated (0600) at first
 * start. Else on a terminal: a new one, to be shown once. Else there is nobody to tell, and the start fails.
 * Throws GatewayError SECRET_UNRESOLVED or FILE_UNAVAILABLE.
 */
export async function resolveSipPassword(
  configured: Secret | null,
  stateDir: string | null,
  terminal: boolean,
): Promise<SipPassword> {
  if (configured !== null) return { password: configured, source: 'configured', file: null };
  if (stateDir !== null) return keptPassword(join(stateDir, FILE_NAME), stateDir);
  if (terminal) return { password: new Secret(randomToken(GENERATED_BYTES)), source: 'generated', file: null };
  throw new GatewayError(
    'SECRET_UNRESOLVED',
    'SIP authentication is on and no password is set. Set SIP_AUTH_PASSWORD (or SIP_AUTH_PASSWORD_FILE), or set PORTCULLIS_STATE_DIR so that one can be generated and kept.',
  );
}

async function keptPassword(file: string, stateDir: string): Promise<SipPassword> {
  try {
    const kept = (await readFile(file, 'utf8')).trim();
    if (kept === '')
      throw new GatewayError('SECRET_UNRESOLVED', `${file} is empty; remove it to have a password generated`);
    return { password: new Secret(kept), source: 'file', file };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asFileError(file, error);
  }
  const password = randomToken(GENERATED_BYTES);
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    await writeFile(file, `${password}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw asFileError(file, error);
  }
  return { password: new Secret(password), source: 'file', file };
}

function asFileError(file: string, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError('FILE_UNAVAILABLE', `${file}: ${messageOf(error)}`, { cause: error });
}
