import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { CommandIo } from '../../../src/cli/command-io.js';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
}

/** Runs one command as the program would, without a process of its own. */
export async function run(
  make: (io: CommandIo) => Command,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const out = { stdout: '', stderr: '', code: 0 };
  const sink = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      out[name] += text;
    },
  });
  const io: CommandIo = {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    env: options.env ?? {},
    isTTY: options.isTTY ?? false,
    exitWith(code) {
      out.code = code;
    },
  };
  await make(io)
    .exitOverride()
    .parseAsync([...args], { from: 'user' });
  return out;
}

/** Writes a configuration file and gives its path. */
export function configFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'portcullis-check-')), 'portcullis.yaml');
  writeFileSync(path, text);
  return path;
}
