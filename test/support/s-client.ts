import { spawn } from 'node:child_process';

export interface SClientRun {
  /** Connects from this address; loopback's first when not said. */
  readonly from?: string;
  /** Typed after the handshake; a line that begins with `R` asks for renegotiation. */
  readonly input?: string;
  /** Input ends when the output matches, and s_client with it; at once after the handshake when not said. */
  readonly until?: RegExp;
}

export interface SClientResult {
  readonly code: number | null;
  /** Everything it printed, standard error included. */
  readonly output: string;
}

/** Longest life of one s_client, for a connection that neither side ends. */
const LIMIT_MS = 15_000;

/** Runs `openssl s_client` against a port of loopback to its end. */
export function sClient(port: number, args: readonly string[], run: SClientRun = {}): Promise<SClientResult> {
  const bind = run.from === undefined ? [] : ['-bind', run.from];
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...bind, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  const take = (text: string): void => {
    output += text;
    if (run.until?.test(output) === true) child.stdin.end();
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', take);
  child.stdin.on('error', () => {}); // It may have ended before it read what is typed.
  child.stdin.write(run.input ?? '');
  if (run.until === undefined) child.stdin.end();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
