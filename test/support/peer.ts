import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian keeps programs that are not in everybody's PATH. */
const SYSTEM_DIRECTORIES = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/**
 * Whether a real program is there to test against; the reason for skipping is printed. With `CI=true` a missing program
 * is a failure, so that a green run there means that all peers were met. Use as
 * `describe.runIf(requirePeer('squid'))(…)`.
 */
export function requirePeer(program: string, ...files: readonly string[]): boolean {
  const missing = [...(programPath(program) === null ? [program] : []), ...files.filter((file) => !canRead(file))];
  if (missing.length === 0) return true;
  const reason = `peer test skipped: ${missing.join(', ')} not installed`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  process.stderr.write(`${reason}\n`);
  return false;
}

/** The full path of a program, or null. */
export function programPath(program: string): string | null {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_DIRECTORIES];
  const paths = directories.filter((directory) => directory !== '').map((directory) => join(directory, program));
  return paths.find((path) => canRead(path, constants.X_OK)) ?? null;
}

function canRead(path: string, mode = constants.R_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
