import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DecisionRecord } from '../../src/policy/policy.js';
import { Program } from './program.js';

const BINARY = join(process.cwd(), 'bin/portcullis');

export interface ReadyInfo {
  readonly pid: number;
  readonly listeners: readonly { name: string; transport: string; address: string; port: number }[];
  readonly rest: { address: string; port: number } | null;
  readonly metrics: { address: string; port: number } | null;
}

/** Ports that the system chooses, and nothing from the environment that the tests run in. */
const BASE_ENV: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  BIND_ADDRESS: '127.0.0.1',
  SIP_PORT_TLS: '0',
  HTTPS_PORT: '0',
  METRICS_PORT: '0',
  SIP_AUTH_USERNAME: 'portcullis',
  SIP_AUTH_PASSWORD: 'correct horse',
};

/** `portcullis start` as a user runs it: another process, the built program, real sockets. */
export class RunningGateway {
  readonly program: Program;
  readonly ready: ReadyInfo;
  readonly home: string;

  private constructor(program: Program, ready: ReadyInfo, home: string) {
    this.program = program;
    this.ready = ready;
    this.home = home;
  }

  /** Starts it with `env` over the defaults; `undefined` removes a default. `prefix` runs it under another command. */
  static async start(
    env: Readonly<Record<string, string | undefined>>,
    prefix: readonly string[] = [],
  ): Promise<RunningGateway> {
    const home = await mkdtemp(join(tmpdir(), 'portcullis-'));
    const readyFile = join(home, 'ready.json');
    const merged = { ...BASE_ENV, DECISION_LOG: join(home, 'decisions.jsonl'), ...env };
    const [command = process.execPath, ...args] = [
      ...prefix,
      process.execPath,
      BINARY,
      'start',
      '--ready-file',
      readyFile,
    ];
    const program = new Program(command, args, { env: merged, cwd: home });
    const ready = await readyInfo(readyFile, program);
    return new RunningGateway(program, ready, home);
  }

  port(transport: 'udp' | 'tcp' | 'tls'): number {
    const found = this.ready.listeners.find((listener) => listener.transport === transport);
    if (found === undefined) throw new Error(`no ${transport} listener`);
    return found.port;
  }

  /** Decision records written so far. */
  async decisions(): Promise<DecisionRecord[]> {
    const text = await readFile(join(this.home, 'decisions.jsonl'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as DecisionRecord);
  }

  /** One metric as a number; a name with labels is written as the scrape shows it. */
  async metric(name: string): Promise<number> {
    const { metrics } = this.ready;
    if (metrics === null) throw new Error('metrics are off');
    const text = await (await fetch(`http://${metrics.address}:${metrics.port}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    if (line === undefined) throw new Error(`no metric ${name}`);
    return Number(line.slice(name.length + 1));
  }

  /** Resident memory in bytes. */
  async rss(): Promise<number> {
    const status = await readFile(`/proc/${this.ready.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  /** CPU seconds used so far by the process and its threads. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.ready.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async stop(): Promise<number | null> {
    const code = await this.program.stop('SIGTERM', 15_000);
    await rm(this.home, { recursive: true, force: true });
    return code;
  }
}

const START_MS = 30_000;
const LOOK_EVERY_MS = 50;

/** What the ready file says once it is there; rejects with the program's output when it ends or takes too long. */
async function readyInfo(path: string, program: Program): Promise<ReadyInfo> {
  const deadline = Date.now() + START_MS;
  let ended: number | null | undefined;
  void program.exited.then((code) => {
    ended = code;
  });
  while (Date.now() < deadline) {
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text !== null) return JSON.parse(text) as ReadyInfo;
    if (ended !== undefined)
      throw new Error(`program ended with ${String(ended)} before it was ready:\n${program.output}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  await program.stop('SIGKILL');
  throw new Error(`not ready in time:\n${program.output}`);
}
