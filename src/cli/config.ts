import { Command } from 'commander';
import { formatEffective } from '../config/effective.js';
import { readTextFile } from '../config/files.js';
import { configJsonSchema } from '../config/json-schema.js';
import { loadConfig } from '../config/load.js';
import { exitCodeOf } from '../config/problem.js';
import { printProblems } from './check.js';
import { type CommandIo, processIo } from './command-io.js';

interface ConfigOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly schema?: boolean;
}

const HELP = `
Every value is followed by where it comes from: default, environment NAME, or file:line.
Secrets are shown as [secret].

Examples:
  $ portcullis config --config portcullis.yaml
  $ portcullis config | grep -v '# default'
  $ portcullis config --schema > portcullis.schema.json
`;

/** `portcullis config`: the effective configuration with the origin of each value, secrets masked. */
export function configCommand(io: CommandIo = processIo()): Command {
  return new Command('config')
    .description('print the effective configuration and where each value comes from')
    .option('--config <path>', 'configuration file (default: PORTCULLIS_CONFIG)')
    .option('--json', 'print it as JSON')
    .option('--schema', 'print the JSON Schema of the configuration file, for editors')
    .addHelpText('after', HELP)
    .action((options: ConfigOptions) => {
      if (options.schema === true) io.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
      else printConfig(options, io);
    });
}

function printConfig(options: ConfigOptions, io: CommandIo): void {
  const result = loadConfig({ configPath: options.config ?? null, env: io.env, readFile: readTextFile });
  printProblems('warning', result.warnings, io);
  if (!result.ok) {
    printProblems('error', result.problems, io);
    io.exitWith(exitCodeOf(result.problems));
    return;
  }
  const { config, origins } = result;
  if (options.json !== true) io.stdout.write(formatEffective(config, origins));
  else io.stdout.write(`${JSON.stringify({ config, origins: Object.fromEntries(origins) }, null, 2)}\n`);
}
