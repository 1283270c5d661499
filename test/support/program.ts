import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A child process whose output is kept, so that a test can wait for a line and show it when it fails. */
export class Program {
  readonly child: ChildProcess;
  #output = '';
  #waiters: { readonly pattern: RegExp; readonly resolve: (match: RegExpExecArray) => void }[] = [];
  readonly exited: Promise<number | null>;

  constructor(command: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
    this.child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
      env: options.env ?? process.env,
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => this.#take(text));
    }
    this.exited = once(this.child, 'close').then(([code]) => code as number | null);
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when the output matches; rejects with the whole output when the program ends or time is up first. */
  async waitFor(pattern: RegExp, timeoutMs = 20_000): Promise<RegExpExecArray> {
    const match = pattern.exec(this.#output);
    if (match !== null) return match;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await Promise.race([
        new Promise<RegExpExecArray>((resolve) => this.#waiters.push({ pattern, resolve })),
        this.exited.then((code) => {
          throw new Error(`program ended with ${String(code)} before ${String(pattern)}:\n${this.#output}`);
        }),
        new Promise<never>((_resolve, reject) => {
          timer = setTimeout(() => reject(new Error(`no ${String(pattern)} in time:\n${this.#output}`)), timeoutMs);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the program: a signal first, force after `graceMs`. Resolves with its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 10_000): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const force = setTimeout(() => this.child.kill('SIGKILL'), graceMs);
    const code = await this.exited;
    clearTimeout(force);
    return code;
  }

  #take(text: string): void {
    this.#output += text;
    this.#waiters = this.#waiters.filter(({ pattern, resolve }) => {
      const match = pattern.exec(this.#output);
      if (match !== null) resolve(match);
      return match === null;
    });
  }
}
