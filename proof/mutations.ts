import { parseArgs } from 'node:util';
import { FakeWatson } from '../test/support/fake-watson.js';
import { complaints, countDecisions, stillHeld } from '../test/support/hostile-checks.js';
import { HostileRun } from '../test/support/hostile-run.js';
import type { RawTarget } from '../test/support/raw-sip.js';
import { RunningGateway } from '../test/support/running-gateway.js';

/**
 * 100,000 random mutations of a valid INVITE on each transport, half of them to a gateway without authentication, where
 * they get as deep as a call, and half to one with it. The process must survive, answer a sound request after every
 * batch, write one line for each malformed message, log no fault, keep its memory and hold nothing in the end.
 *
 * `node build/proof/proof/mutations.js [--messages 100000] [--seed 1]`; exit code 0 when all of that is so.
 */

const TRANSPORTS: readonly RawTarget['transport'][] = ['udp', 'tcp', 'tls'];
const MAX_CALLS = 200;
/** Silence of 60 s for calls that were acknowledged and left alone, 32 s if their BYE finds nobody, and a little. */
const SETTLE_MS = 110_000;
/** What a long-running process may gain: its compiled code, the nonces in use, and room for the collector. */
const RSS_GAIN_BYTES = 160 * 1_024 * 1_024;
const REPORT_EVERY = 10_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;

async function assault(secured: boolean, messages: number, seed: number, watson: FakeWatson): Promise<string[]> {
  const url = `http://127.0.0.1:${watson.port}`;
  const gateway = await RunningGateway.start({
    SIP_PORT: '0',
    SIP_PORT_TCP: '0',
    SIP_AUTH_ENABLED: String(secured),
    MAX_CALLS: String(MAX_CALLS),
    WATSON_STT_URL: url,
    WATSON_TTS_URL: url,
  });
  try {
    const rssBefore = await gateway.rss();
    const assaults = TRANSPORTS.map((transport) => new Assault(gateway, transport, secured, messages, seed));
    await Promise.all(assaults.map((each) => each.send()));
    const held = await stillHeld(gateway, SETTLE_MS);
    await Promise.all(assaults.map((each) => each.run.close()));
    return [...(held === '' ? [] : [`still held: ${held}`]), ...(await judge(gateway, assaults, rssBefore))];
  } finally {
    await gateway.stop();
  }
}

/** All mutations over one transport. */
class Assault {
  readonly run: HostileRun;
  readonly transport: RawTarget['transport'];
  seconds = 0;
  #told = 0;

  constructor(
    gateway: RunningGateway,
    transport: RawTarget['transport'],
    secured: boolean,
    messages: number,
    seed: number,
  ) {
    this.transport = transport;
    this.run = new HostileRun({
      ...{ gateway, transport, messages, secured },
      seed: seed * 10 + TRANSPORTS.indexOf(transport) + (secured ? 5 : 0),
      onBatch: async ({ sent }) => {
        if (gateway.program.child.exitCode !== null) throw new Error(`the gateway ended: ${gateway.program.output}`);
        if (sent < this.#told + REPORT_EVERY) return;
        this.#told = sent;
        say(`  ${transport}: ${sent} sent, RSS ${megabytes(await gateway.rss())}`);
      },
    });
  }

  async send(): Promise<void> {
    const started = performance.now();
    await this.run.send();
    this.seconds = (performance.now() - started) / 1_000;
  }
}

/** Prints what happened and returns what should not have. */
async function judge(gateway: RunningGateway, assaults: readonly Assault[], rssBefore: number): Promise<string[]> {
  const decisions = await countDecisions(gateway);
  const rssAfter = await gateway.rss();
  const malformed = assaults.reduce((sum, { run }) => sum + run.tally.malformed, 0);
  for (const each of assaults) print(each);
  say(
    `  malformed: ${malformed}, decision lines for them: ${decisions.malformed}, decision lines in all: ${decisions.lines}`,
  );
  say(`  resident memory: ${megabytes(rssBefore)} before, ${megabytes(rssAfter)} after`);
  return [
    ...assaults.flatMap(({ transport, run }) => run.tally.problems.map((problem) => `${transport}: ${problem}`)),
    ...complaints(gateway).map((line) => `log: ${line}`),
    ...(decisions.malformed === malformed ? [] : ['malformed messages and their decision lines differ in number']),
    ...(rssAfter - rssBefore < RSS_GAIN_BYTES ? [] : ['too much memory is kept']),
    ...(gateway.program.child.exitCode === null ? [] : ['the process ended']),
  ];
}

function print({ transport, run: { tally }, seconds }: Assault): void {
  const answers = [...tally.answers].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  say(`  ${transport}: ${tally.sent} messages in ${seconds.toFixed(0)} s`);
  say(`    answers ${answers.join(', ')}`);
  say(`    calls answered ${tally.accepted}, BYEs of the gateway ${tally.byes}`);
  say(`    connections ${tally.connections}, closed for lost framing ${tally.closed}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
    },
  });
  const perGateway = Math.ceil(Number(values.messages) / 2);
  const watson = await new FakeWatson().start();
  const problems: string[] = [];
  for (const secured of [false, true]) {
    say(`authentication ${secured ? 'on' : 'off'}: ${perGateway} mutations on each of ${TRANSPORTS.join(', ')}`);
    problems.push(...(await assault(secured, perGateway, Number(values.seed), watson)));
  }
  await watson.close();
  for (const problem of problems) say(`PROBLEM ${problem}`);
  say(problems.length === 0 ? 'proved' : 'not proved');
  process.exitCode = problems.length === 0 ? 0 : 1;
}

await main();
