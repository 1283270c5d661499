import { readFile, writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { systemClock } from '../base/clock.js';
import { codeOf, GatewayError, messageOf } from '../base/errors.js';
import { createLog } from '../base/log.js';
import { Secret } from '../base/secret.js';
import type { CodecName } from '../call/ports.js';
import { Caller, type CallReport } from '../caller/caller.js';
import { resolveTarget } from '../caller/target.js';
import { readWav, toTelephone, writeWav } from '../audio/wav.js';
import { type CommandIo, processIo } from './command-io.js';

interface CallOptions {
  readonly user?: string;
  readonly passwordFile?: string;
  readonly from: string;
  readonly wav?: string;
  readonly codec: CodecName;
  readonly seconds: string;
  readonly record?: string;
  readonly cacert?: string;
  readonly insecure?: boolean;
  readonly localAddress: string;
}

const HELP = `
Plays the WAV (8 or 16 kHz, 16-bit or G.711) once the call is answered, then listens. The
password comes from --password-file or from the variable SIP_PASSWORD, never from the command
line, which others can read. Exit codes: 0 answered, 1 refused, 2 wrong arguments, 3 the
server or a file cannot be reached.

Examples:
  $ portcullis call 'sip:100@gate.example.com;transport=tls' --user bob --password-file pw --wav hello.wav
  $ SIP_PASSWORD=... portcullis call 'sip:100@127.0.0.1:5061;transport=tls' --user bob --insecure --record heard.wav
`;

/** `portcullis call`: a caller for any SIP server. */
export function callCommand(io: CommandIo = processIo()): Command {
  return new Command('call')
    .description('call a SIP server, play it a WAV, record what comes back')
    .argument('<uri>', 'whom to call, such as sip:100@host:5061;transport=tls')
    .option('--user <name>', 'user for digest authentication')
    .option('--password-file <path>', 'file with the password')
    .option('--from <uri>', 'From URI', 'sip:portcullis@localhost')
    .option('--wav <path>', 'what to say')
    .addOption(new Option('--codec <name>', 'codec to offer').choices(['PCMU', 'PCMA']).default('PCMU'))
    .option('--seconds <n>', 'how long to listen after the WAV', '10')
    .option('--record <path>', 'write what is heard to this WAV file')
    .option('--cacert <path>', "PEM file with the authority of the server's certificate")
    .option('--insecure', 'accept any certificate')
    .option('--local-address <ip>', 'address to call from over UDP', '0.0.0.0')
    .addHelpText('after', HELP)
    .action((uri: string, options: CallOptions) => runCall(uri, options, io));
}

async function runCall(uri: string, options: CallOptions, io: CommandIo): Promise<void> {
  const say = (text: string): void => void io.stderr.write(`${text}\n`);
  try {
    const caller = await makeCaller(uri, options, io);
    const audio = options.wav === undefined ? new Int16Array(0) : toTelephone(readWav(await readFile(options.wav)));
    const interrupted = new Promise((resolve) => process.once('SIGINT', resolve));
    const listenMs = secondsOf(options.seconds) * 1000;
    const report = await caller.call(
      async (line) => {
        const spoken = line.say(audio).then(() => line.wait(listenMs));
        await Promise.race([spoken, interrupted]);
      },
      {
        onRinging: (status) => say(`${status}`),
        onAttempt: ({ status, reason, milliseconds }) => say(`${status} ${reason} after ${milliseconds.toFixed(0)} ms`),
        onAnswered: () => say('answered; Ctrl-C ends'),
      },
    );
    if (options.record !== undefined) await writeFile(options.record, writeWav({ rate: 8000, samples: report.heard }));
    say(summary(report, options));
    io.exitWith(report.answered ? 0 : 1);
  } catch (error) {
    say(`portcullis call: ${error instanceof GatewayError ? `${codeOf(error)}: ` : ''}${messageOf(error)}`);
    io.exitWith(error instanceof GatewayError && error.code === 'CONFIG_INVALID' ? 2 : 3);
  }
}

async function makeCaller(uri: string, options: CallOptions, io: CommandIo): Promise<Caller> {
  const target = await resolveTarget(uri);
  const ca = options.cacert === undefined ? null : await readFile(options.cacert, 'utf8');
  return new Caller(
    {
      target,
      from: options.from,
      credentials: await credentialsOf(options, io),
      codec: options.codec,
      udpAddress: options.localAddress,
      tls: { ca, verify: options.insecure !== true },
    },
    { clock: systemClock, log: createLog({ level: 'error' }) },
  );
}

async function credentialsOf(
  options: CallOptions,
  io: CommandIo,
): Promise<{ username: string; password: Secret } | null> {
  if (options.user === undefined) return null;
  const text =
    options.passwordFile === undefined
      ? io.env['SIP_PASSWORD']
      : (await readFile(options.passwordFile, 'utf8')).replace(/\r?\n$/, '');
  if (text === undefined || text === '') {
    throw new GatewayError('CONFIG_INVALID', '--user needs --password-file or SIP_PASSWORD');
  }
  return { username: options.user, password: new Secret(text) };
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 86_400) {
    throw new GatewayError('CONFIG_INVALID', '--seconds must be a number from 0 to 86400');
  }
  return seconds;
}

function summary(report: CallReport, options: CallOptions): string {
  if (!report.answered) return 'refused';
  const heard = `${(report.heard.length / 8000).toFixed(1)} s heard in ${report.packetsReceived} packets`;
  const where = options.record === undefined ? '' : `, written to ${options.record}`;
  return `ended by the ${report.endedBy}; ${heard}${where}`;
}
