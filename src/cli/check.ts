import { Command } from 'commander';
import { codeOf, messageOf } from '../base/errors.js';
import { readTextFile } from '../config/files.js';
import { type LoadResult, loadConfig } from '../config/load.js';
import { exitCodeOf, formatProblems, type Problem } from '../config/problem.js';
import type { Entry } from '../config/schema.js';
import { describeListeners, describeRules, describeStart } from '../config/summary.js';
import { createMatchers } from '../policy/matchers.js';
import { type CommandIo, processIo, wantsColor } from './command-io.js';

interface CheckOptions {
  readonly config?: string;
  readonly json?: boolean;
}

const HELP = `
Reads the file and the environment exactly as start does, and starts nothing. All errors are
listed at once, each with its place. Exit codes: 0 good, 2 configuration, 3 a file cannot be
read, 4 a secret cannot be resolved.

Examples:
  $ portcullis check --config portcullis.yaml
  $ WHITELIST_TO_URI=2345556789 portcullis check
  $ portcullis check --json | jq .problems
`;

/** `portcullis check`: whether the gateway would start, and with which rules. */
export function checkCommand(io: CommandIo = processIo()): Command {
  return new Command('check')
    .description('check the configuration and say which rules would be on')
    .option('--config <path>', 'configuration file (default: PORTCULLIS_CONFIG)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action((options: CheckOptions) => {
      const result = withMatchers(
        loadConfig({ configPath: options.config ?? null, env: io.env, readFile: readTextFile }),
      );
      if (options.json === true) io.stdout.write(`${JSON.stringify(resultAsJson(result), null, 2)}\n`);
      else printResult(result, io);
      io.exitWith(result.ok ? 0 : exitCodeOf(result.problems));
    });
}

/** Has the allowlist rules read their entries, as start does. */
function withMatchers(result: LoadResult): LoadResult {
  if (!result.ok) return result;
  const problems = (['from', 'to'] as const).flatMap((list) =>
    result.config.allowlist[list].flatMap((entry) => problemOfEntry(`allowlist.${list}`, entry)),
  );
  return problems.length === 0 ? result : { ok: false, problems, warnings: result.warnings };
}

function problemOfEntry(path: string, entry: Entry): readonly Problem[] {
  try {
    createMatchers([{ ...entry, mode: entry.mode === 'contains' ? 'contains' : 'exact' }]);
    return [];
  } catch (error) {
    const code = codeOf(error);
    return [
      { code, path, where: entry.origin, message: `has an entry that cannot be used: ${messageOf(error)}`, hint: null },
    ];
  }
}

function printResult(result: LoadResult, io: CommandIo): void {
  printProblems('warning', result.warnings, io);
  if (!result.ok) {
    printProblems('error', result.problems, io);
    return;
  }
  const section = (title: string, lines: readonly string[]): string =>
    `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
  const rules = describeRules(result.config).map((rule, index) => `${index + 1}. ${rule}`);
  io.stdout.write(section('Rules, in order:', rules));
  io.stdout.write(section('Listens:', describeListeners(result.config)));
  io.stdout.write(section('Start:', describeStart(result.config)));
  io.stdout.write('The configuration is good.\n');
}

/** Writes problems to standard error under a heading; nothing when there are none. */
export function printProblems(kind: 'error' | 'warning', problems: readonly Problem[], io: CommandIo): void {
  if (problems.length === 0) return;
  io.stderr.write(`${problems.length} ${kind}${problems.length === 1 ? '' : 's'}:\n`);
  io.stderr.write(formatProblems(problems, { color: wantsColor(io) }));
}

function resultAsJson(result: LoadResult): unknown {
  const { ok, warnings } = result;
  if (!result.ok) return { ok, problems: result.problems, warnings };
  const { config } = result;
  return {
    ok,
    problems: [],
    warnings,
    rules: describeRules(config),
    listeners: describeListeners(config),
    start: describeStart(config),
  };
}
