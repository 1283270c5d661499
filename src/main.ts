import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { callCommand } from './cli/call.js';
import { checkCommand } from './cli/check.js';
import { configCommand } from './cli/config.js';
import { demoCommand } from './cli/demo.js';
import { startCommand } from './cli/start.js';

const { version, description } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
  readonly description: string;
};

const program = new Command('portcullis')
  .description(description)
  .version(version)
  .addCommand(startCommand(), { isDefault: true })
  .addCommand(checkCommand())
  .addCommand(configCommand())
  .addCommand(callCommand())
  .addCommand(demoCommand())
  .showHelpAfterError('(portcullis --help shows what there is)');

await program.parseAsync();
