import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs openssl on `files` (name → content) in a directory of its own; arguments name them without a path. Returns what
 * it printed, or the content of `result` where that names a file it wrote.
 */
export function openssl(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  result?: string,
): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-openssl-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
    const printed = execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    return result === undefined ? printed : readFileSync(join(directory, result));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
