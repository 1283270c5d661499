import { CallLoad } from '../test/support/call-load.js';

/**
 * `npm run proof:calls`: 1,000 calls over TCP without authentication and 1,000 over bridged TLS with digest, at 20 calls
 * a second with RTP; then a minute of rest, and everything must be back where it was; then the same again, and nothing may
 * have grown.
 */
const CALLS = 1_000;
const PER_SECOND = 20;
const HOLD_MS = 2_000;
const WARM_UP_CALLS = 100;
const REST_MS = 60_000;
const RSS_SLACK_BYTES = 20 * 1024 * 1024;

/** What must come back. */
const METRICS = [
  'portcullis_calls',
  'portcullis_sip_dialogs',
  'portcullis_sip_transactions',
  'portcullis_sip_connections',
  'portcullis_rtp_ports_in_use',
  'portcullis_rtp_ports_resting',
  'portcullis_timers',
] as const;

interface State {
  readonly counts: readonly number[];
  readonly rss: number;
}

async function prove(kind: 'tcp' | 'tls'): Promise<string[]> {
  const faults: string[] = [];
  const load = await CallLoad.start({ kind });
  try {
    await load.run(WARM_UP_CALLS, PER_SECOND, HOLD_MS);
    await rest();
    const before = await stateOf(load);
    say(kind, 'before', before);
    const first = await round(load, kind, 'first', before, faults);
    const second = await round(load, kind, 'second', before, faults);
    if (second.rss > first.rss + RSS_SLACK_BYTES / 4)
      faults.push(`${kind}: RSS grew from ${megabytes(first.rss)} to ${megabytes(second.rss)}`);
    return faults;
  } finally {
    await load.close();
  }
}

async function round(load: CallLoad, kind: string, name: string, before: State, faults: string[]): Promise<State> {
  const result = await load.run(CALLS, PER_SECOND, HOLD_MS);
  process.stdout.write(`${kind} ${name}: ${result.successful} successful, ${result.failed} failed\n`);
  if (result.code !== 0 || result.failed !== 0 || result.successful !== CALLS) {
    faults.push(`${kind} ${name}: sipp counted ${result.failed} failed calls`);
    process.stderr.write(result.output.slice(-4_000));
  }
  await rest();
  const after = await stateOf(load);
  say(kind, `after the ${name} run`, after);
  METRICS.forEach((metric, index) => {
    if ((after.counts[index] ?? 0) > (before.counts[index] ?? 0)) {
      faults.push(`${kind} ${name}: ${metric} was ${before.counts[index] ?? 0} and is ${after.counts[index] ?? 0}`);
    }
  });
  if (after.rss > before.rss + RSS_SLACK_BYTES) {
    faults.push(`${kind} ${name}: RSS was ${megabytes(before.rss)} and is ${megabytes(after.rss)}`);
  }
  return after;
}

async function stateOf(load: CallLoad): Promise<State> {
  const counts: number[] = [];
  for (const metric of METRICS) counts.push(await load.gateway.metric(metric));
  return { counts, rss: await load.gateway.rss() };
}

function say(kind: string, when: string, state: State): void {
  const counts = METRICS.map(
    (metric, index) => `${metric.replace('portcullis_', '')} ${state.counts[index] ?? 0}`,
  ).join(', ');
  process.stdout.write(`${kind} ${when}: ${counts}, RSS ${megabytes(state.rss)}\n`);
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

const faults = [...(await prove('tcp')), ...(await prove('tls'))];
process.stdout.write(faults.length === 0 ? 'proved: everything came back\n' : `${faults.join('\n')}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
