import { cpus } from 'node:os';
import { CallLoad } from '../test/support/call-load.js';

/**
 * `npm run bench:call`: what a call costs the gateway in CPU time (user and system, all threads, from /proc). sipp calls
 * it with real RTP; a speech double takes every frame over WebSocket and speaks one answer per call. Calls without a pause
 * give the cost of set-up and tear-down; what calls with a pause cost beyond that is media.
 */
const ROUNDS = 5;
const WARM_UP_CALLS = 200;
const SETUP_CALLS = 200;
const SETUP_RATE = 20;
const MEDIA_CALLS = 60;
const MEDIA_RATE = 10;
const MEDIA_HOLD_MS = 5_000;

interface Figures {
  readonly kind: string;
  readonly setupMs: number;
  readonly mediaMsPerSecond: number;
}

async function measure(kind: 'tcp' | 'tls'): Promise<Figures> {
  const load = await CallLoad.start({ kind });
  try {
    await cpuOf(load, WARM_UP_CALLS, SETUP_RATE, 500);
    const setups: number[] = [];
    const medias: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const idle = await idleCost(load);
      const setup = ((await cpuOf(load, SETUP_CALLS, SETUP_RATE, 0)) - idle * (SETUP_CALLS / SETUP_RATE)) / SETUP_CALLS;
      const seconds = MEDIA_CALLS / MEDIA_RATE + MEDIA_HOLD_MS / 1000;
      const total = ((await cpuOf(load, MEDIA_CALLS, MEDIA_RATE, MEDIA_HOLD_MS)) - idle * seconds) / MEDIA_CALLS;
      setups.push(setup * 1000);
      medias.push(((total - setup) * 1000) / (MEDIA_HOLD_MS / 1000));
      process.stderr.write(
        `${kind} round ${round}/${ROUNDS}: set-up ${last(setups)} ms, media ${last(medias)} ms per call-second\n`,
      );
    }
    return { kind, setupMs: median(setups), mediaMsPerSecond: median(medias) };
  } finally {
    await load.close();
  }
}

/** CPU seconds that a run takes, sipp's failures being errors. */
async function cpuOf(load: CallLoad, calls: number, perSecond: number, holdMs: number): Promise<number> {
  const before = await load.gateway.cpuSeconds();
  const result = await load.run(calls, perSecond, holdMs);
  if (result.code !== 0 || result.failed !== 0) throw new Error(`sipp failed:\n${result.output}`);
  await quiet(load);
  return (await load.gateway.cpuSeconds()) - before;
}

/** CPU seconds per second of a gateway without calls. */
async function idleCost(load: CallLoad): Promise<number> {
  const before = await load.gateway.cpuSeconds();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  return ((await load.gateway.cpuSeconds()) - before) / 2;
}

/** Waits until the last call has left. */
async function quiet(load: CallLoad): Promise<void> {
  while ((await load.gateway.metric('portcullis_calls')) > 0) await new Promise((resolve) => setTimeout(resolve, 100));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function last(values: readonly number[]): string {
  return (values.at(-1) ?? Number.NaN).toFixed(2);
}

const rows = [await measure('tcp'), await measure('tls')];
process.stdout.write(
  [
    `node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'} × ${cpus().length}, median of ${ROUNDS} rounds`,
    '',
    '| signalling | CPU ms per call set-up and tear-down | CPU ms per call-second of media | calls per core (media alone) |',
    '|---|---|---|---|',
    ...rows.map(
      ({ kind, setupMs, mediaMsPerSecond }) =>
        `| ${kind === 'tls' ? 'TLS, MD5 digest (one handshake per call)' : 'TCP, no authentication'} | ${setupMs.toFixed(2)} | ${mediaMsPerSecond.toFixed(2)} | ${Math.floor(1000 / mediaMsPerSecond)} |`,
    ),
    '',
  ].join('\n'),
);
