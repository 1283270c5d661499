import { spawn } from 'node:child_process';
import type { Clock } from '../../base/clock.js';

export interface PipedRun {
  /** Full path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  readonly input: Uint8Array;
  /** What is kept of the program's standard error; the rest is dropped. */
  readonly maxLogBytes: number;
  readonly deadlineMs: number;
}

/**
 * The input reaches the program through a real pipe: Node gives a child a socket, which it cannot open as /dev/stdin.
 * Nothing touches the disk. The program runs at low priority, because calls come first.
 */
const SCRIPT = '/bin/cat | exec /usr/bin/nice -n 10 "$0" "$@"';

/**
 * Runs a program over `input` and returns its standard error, or null when it failed, took too long or was aborted.
 * Never rejects; when it resolves, the program and all it started are gone.
 */
export function runPiped(run: PipedRun, clock: Clock, signal: AbortSignal): Promise<string | null> {
  if (signal.aborted) return Promise.resolve(null);
  const child = spawn('/bin/sh', ['-c', SCRIPT, run.program, ...run.args], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { LC_ALL: 'C' },
    detached: true,
  });
  const kill = (): void => {
    // The group, because the shell is not what uses the time.
    if (child.pid !== undefined && child.exitCode === null) killGroup(child.pid);
  };
  const cancelDeadline = clock.after(run.deadlineMs, kill);
  signal.addEventListener('abort', kill, { once: true });
  const log: Buffer[] = [];
  let bytes = 0;
  child.stderr.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= run.maxLogBytes) log.push(chunk);
  });
  child.stdin.on('error', () => {}); // the program may end before it has read everything
  child.stdin.end(run.input);
  return new Promise((resolve) => {
    const finish = (succeeded: boolean): void => {
      cancelDeadline();
      signal.removeEventListener('abort', kill);
      resolve(succeeded ? Buffer.concat(log).toString('latin1') : null);
    };
    child.once('error', () => finish(false));
    child.once('close', (code) => finish(code === 0));
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
