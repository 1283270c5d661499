import { Command } from 'commander';
import { systemClock } from '../base/clock.js';
import { codeOf, GatewayError, messageOf, type ErrorCode } from '../base/errors.js';
import { createLog, type Log } from '../base/log.js';
import { readTextFile } from '../config/files.js';
import { loadConfig } from '../config/load.js';
import { exitCodeOf } from '../config/problem.js';
import type { Config } from '../config/schema.js';
import { Gateway, type GatewayInfo } from '../gateway/gateway.js';
import { notifySystemd, removeReadyFile, writeReadyFile } from '../gateway/ready-file.js';
import { resolveSipPassword, type SipPassword } from '../gateway/sip-password.js';
import { printProblems } from './check.js';
import { type CommandIo, processIo, wantsColor } from './command-io.js';
import { prettyLine } from './pretty-log.js';
import { guardProcess } from './process-guard.js';
import { welcome } from './welcome.js';

interface StartOptions {
  readonly config?: string;
  readonly readyFile?: string;
}

const HELP = `
With nothing configured: TLS only, digest authentication with a generated password, a
self-signed certificate. The first SIGTERM or Ctrl-C takes no new calls and waits for live
ones; a second ends at once. Exit codes: 0 clean end, 2 configuration, 3 a port or file
cannot be had, 4 a secret cannot be resolved, 70 a fault of the gateway.

Examples:
  $ portcullis start
  $ SIP_AUTH_PASSWORD=... WHITELIST_FROM_URI=+4930 portcullis start
  $ portcullis start --config portcullis.yaml --ready-file /run/portcullis/ready.json
`;

const FAULT = 70;
const EXIT_CODES: Partial<Record<ErrorCode, number>> = {
  PORT_UNAVAILABLE: 3,
  FILE_UNAVAILABLE: 3,
  SECRET_UNRESOLVED: 4,
  CONFIG_INVALID: 2,
  CONFIG_NOT_BUILT: 2,
  CONFIG_OPEN_GATE: 2,
  CONFIG_UNREADABLE: 2,
  TLS_MATERIAL: 2,
  TLS_PASSPHRASE: 2,
  TLS_FORMAT: 2,
};

/** `portcullis start`: serves until told to stop. */
export function startCommand(io: CommandIo = processIo()): Command {
  return new Command('start')
    .description('serve calls')
    .option('--config <path>', 'configuration file (default: PORTCULLIS_CONFIG)')
    .option('--ready-file <path>', 'write where the gateway listens to this file once it does')
    .addHelpText('after', HELP)
    .action((options: StartOptions) => serve(options, io));
}

async function serve(options: StartOptions, io: CommandIo): Promise<void> {
  const loaded = loadConfig({ configPath: options.config ?? null, env: io.env, readFile: readTextFile });
  printProblems('warning', loaded.warnings, io);
  if (!loaded.ok) {
    printProblems('error', loaded.problems, io);
    io.exitWith(exitCodeOf(loaded.problems));
    return;
  }
  const log = logOf(loaded.config, io);
  guardProcess(log);
  try {
    await run(loaded.config, options, io, log);
  } catch (error) {
    const code = error instanceof GatewayError ? (EXIT_CODES[error.code] ?? FAULT) : FAULT;
    log.error({ err: error }, 'cannot start');
    if (io.isTTY) io.stderr.write(`portcullis: ${codeOf(error)}: ${messageOf(error)}\n`);
    io.exitWith(code);
  }
}

async function run(config: Config, options: StartOptions, io: CommandIo, log: Log): Promise<void> {
  const password = config.sip.auth.enabled
    ? await resolveSipPassword(config.sip.auth.password, config.stateDir, io.isTTY)
    : null;
  const gateway = new Gateway(config, { clock: systemClock, log, sipPassword: password?.password ?? null });
  const info = await gateway.start();
  const socket = io.env['NOTIFY_SOCKET'];
  if (options.readyFile !== undefined) await writeReadyFile(options.readyFile, info);
  announce(config, info, password, io, log);
  notifySystemd(socket, '--ready', log);
  await stopSignal(log);
  notifySystemd(socket, '--stopping', log);
  await gateway.drain();
  await gateway.close();
  if (options.readyFile !== undefined) await removeReadyFile(options.readyFile);
  log.info({}, 'stopped');
}

function announce(config: Config, info: GatewayInfo, password: SipPassword | null, io: CommandIo, log: Log): void {
  const { listeners, rest, metrics, rules, speech } = info;
  if (io.isTTY) {
    io.stdout.write(welcome(config, info, password));
    return;
  }
  for (const { rule, text } of rules) log.info({ rule, does: text }, 'rule is on');
  for (const text of speech) log.info({ service: text }, 'speech service');
  log.info({ listeners, rest, metrics, fingerprint256: info.certificate.fingerprint256 }, 'ready');
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(0);
      asked = true;
      log.info({ signal }, 'draining: no new calls, live ones may end; once more ends at once');
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // Without a listener the system would end the process; reloading comes with hot policy changes.
    process.on('SIGHUP', () => log.warn({}, 'reload is not served by this version: nothing was changed'));
  });
}

function logOf(config: Config, io: CommandIo): Log {
  if (!io.isTTY) return createLog({ level: config.logLevel });
  const color = wantsColor(io);
  return createLog({ level: config.logLevel, write: (line) => io.stderr.write(prettyLine(line, color)) });
}
