import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './program.js';

export interface SippRun {
  /** File in test/peers/sipp. */
  readonly scenario: string;
  readonly host: string;
  readonly port: number;
  /** `u1` UDP, `t1` one TCP connection for all, `tn` one for each call. */
  readonly mode: 'u1' | 't1' | 'tn';
  readonly calls: number;
  readonly perSecond: number;
  readonly localAddress?: string;
  readonly user?: string;
  readonly password?: string;
  /** The digest-uri without `sip:`; sipp takes the host alone otherwise. */
  readonly authUri?: string;
  /** What stands for `@name@` in the scenario: sipp reads some attributes before it knows its own keys. */
  readonly keys?: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number;
}

export interface SippResult {
  readonly code: number | null;
  readonly successful: number;
  readonly failed: number;
  readonly output: string;
}

/** Runs sipp to its end. Its own count of successful and failed calls is the result. */
export async function runSipp(run: SippRun): Promise<SippResult> {
  const home = await mkdtemp(join(tmpdir(), 'sipp-'));
  const scenario = join(home, run.scenario);
  const template = await readFile(join(process.cwd(), 'test/peers/sipp', run.scenario), 'utf8');
  await writeFile(
    scenario,
    template.replace(/@(\w+)@/g, (_all, name: string) => run.keys?.[name] ?? ''),
  );
  const args = [
    `${run.host}:${run.port}`,
    ...['-sf', scenario, '-t', run.mode, '-m', `${run.calls}`, '-r', `${run.perSecond}`],
    ...[
      '-i',
      run.localAddress ?? '127.0.0.1',
      '-mi',
      run.localAddress ?? '127.0.0.1',
      '-nostdin',
      '-max_socket',
      '4000',
    ],
    ...[
      '-timeout',
      `${run.timeoutSeconds ?? 120}`,
      '-timeout_error',
      '-trace_err',
      '-error_file',
      join(home, 'errors.log'),
    ],
    ...(run.user === undefined ? [] : ['-au', run.user]),
    ...(run.password === undefined ? [] : ['-ap', run.password]),
    ...(run.authUri === undefined ? [] : ['-auth_uri', run.authUri]),
  ];
  const program = new Program('sipp', args, { cwd: home });
  const code = await program.exited;
  await rm(home, { recursive: true, force: true });
  const count = (name: string): number => {
    const rows = [...program.output.matchAll(new RegExp(`${name}\\s*\\|\\s*\\d+\\s*\\|\\s*(\\d+)`, 'g'))];
    return Number(rows.at(-1)?.[1] ?? Number.NaN);
  };
  return { code, successful: count('Successful call'), failed: count('Failed call'), output: program.output };
}
