import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { systemClock } from '../base/clock.js';
import { createLog } from '../base/log.js';
import { readTextFile } from '../config/files.js';
import { loadConfig } from '../config/load.js';
import { Demo, type DemoOutcome } from '../demo/demo.js';
import { DEMO_CALLS, DEMO_ENVIRONMENT } from '../demo/demo-calls.js';
import type { GatewayInfo } from '../gateway/gateway.js';
import { writeWav } from '../audio/wav.js';
import { type CommandIo, processIo, wantsColor } from './command-io.js';
import { decisionTable } from './decision-table.js';

const HELP = `
Starts a gateway on free ports of this machine with a generated password, a certificate made
for the occasion and the embedded speech service, and calls it four times over real TLS and
real RTP. Exits 0 only when all four calls ended as they should.

Example:
  $ portcullis demo --output answer.wav
`;

/** `portcullis demo`: four calls through a gateway of its own. */
export function demoCommand(io: CommandIo = processIo()): Command {
  return new Command('demo')
    .description('call a gateway of its own four times, and show what it decides')
    .option('--output <path>', 'where to write what the caller heard', 'demo-answer.wav')
    .option('--verbose', "show the gateway's log")
    .addHelpText('after', HELP)
    .action((options: { output: string; verbose?: boolean }) => runDemo(options, io));
}

async function runDemo(options: { output: string; verbose?: boolean }, io: CommandIo): Promise<void> {
  const started = systemClock.monotonic();
  const loaded = loadConfig({ configPath: null, env: DEMO_ENVIRONMENT, readFile: readTextFile });
  if (!loaded.ok) throw new Error('the demo has a configuration of its own, and it is wrong');
  const show = (text: string): void => void io.stdout.write(`${text}\n`);
  const mark = (good: boolean): string => {
    const sign = good ? 'ok' : 'FAILED';
    return wantsColor(io) ? `\u001b[${good ? 32 : 31}m${sign}\u001b[0m` : sign;
  };
  const demo = new Demo(loaded.config, {
    clock: systemClock,
    log: createLog({ level: options.verbose === true ? 'debug' : 'error' }),
    onStarted: (info) => show(introduction(info)),
    onCall: (call) => show(`\n${DEMO_CALLS.indexOf(call) + 1}. ${call.title}`),
    onTranscript: ({ text, final }) => show(`   ${final ? 'understood' : 'hearing'}: ${text}`),
    onOutcome: (outcome) => show(`${outcomeText(outcome)}\n   ${mark(outcome.faults.length === 0)}${reasons(outcome)}`),
  });
  const outcomes = await demo.run();
  const answered = outcomes.find(({ call }) => call.answered);
  if (answered !== undefined && answered.report.heard.length > 0) {
    await writeFile(options.output, writeWav({ rate: 8000, samples: answered.report.heard }));
    show(`\nWhat the caller heard: ${options.output} (${(answered.report.heard.length / 8000).toFixed(1)} s)`);
  }
  const good = outcomes.filter(({ faults }) => faults.length === 0).length;
  const seconds = ((systemClock.monotonic() - started) / 1000).toFixed(1);
  show(`${good} of ${DEMO_CALLS.length} calls ended as they should, in ${seconds} s.`);
  io.exitWith(good === DEMO_CALLS.length ? 0 : 1);
}

function introduction(info: GatewayInfo): string {
  return [
    'A gateway is up on this machine:',
    ...info.listeners.map(({ name, address, port }) => `  ${name} ${address}:${port}`),
    ...info.speech.map((text) => `  ${text}`),
    'Its rules, in order:',
    ...info.rules.map(({ rule, text }) => `  ${rule.padEnd(10)} ${text}`),
  ].join('\n');
}

function outcomeText({ decisions, report, record }: DemoOutcome): string {
  const lines = [...decisionTable(decisions, report.attempts)];
  if (record !== null) {
    const { codec, milliseconds, endReason, network } = record;
    lines.push(
      `call record: ${codec ?? 'no codec'}, ${(milliseconds / 1000).toFixed(1)} s, ${endReason}, ` +
        `jitter ${network.jitterMs.toFixed(1)} ms, loss ${network.lossPercent.toFixed(1)} %`,
    );
  }
  return lines.map((line) => `   ${line}`).join('\n');
}

function reasons({ faults }: DemoOutcome): string {
  return faults.length === 0 ? '' : `: ${faults.join('; ')}`;
}
