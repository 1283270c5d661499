import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.js';
import { type Log, type LogFields, silentLog } from '../../src/base/log.js';
import { RtpEndpoint } from '../../src/media/rtp-endpoint.js';
import type { MediaWorkerOptions } from '../../src/media/worker-options.js';
import { WorkerMediaPort } from '../../src/media/worker-port.js';
import { FakeClock } from '../support/fake-clock.js';
import { MediaEvents, noise, openOptions, plan, WORKER_OPTIONS } from '../support/rtp-media.js';

const ROOT = new URL('../../', import.meta.url);
const ENTRY = new URL('dist/media-worker.js', ROOT);
const DOUBLE = new URL('test/support/rtp-worker.mjs', ROOT);

beforeAll(async () => {
  if (existsSync(ENTRY)) return;
  const built = new Promise<void>((resolve) => {
    const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', ROOT));
    execFile(process.execPath, [tsc, '-p', fileURLToPath(new URL('tsconfig.build.json', ROOT))], () => resolve());
  });
  await built; // what did not compile shows in the tests
}, 120_000);

const ports: WorkerMediaPort[] = [];
afterEach(async () => {
  await Promise.all(ports.splice(0).map((port) => port.close()));
});

/** A log that keeps its lines. */
function keepingLog() {
  const lines: [string, LogFields][] = [];
  const keep = (fields: LogFields, message: string): void => void lines.push([message, fields]);
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log };
  return { lines, log };
}

function worker(
  workerUrl: URL,
  log: Log = silentLog,
  changes: Partial<MediaWorkerOptions> = {},
  clock: Clock = systemClock,
): WorkerMediaPort {
  const options = { ...WORKER_OPTIONS, portRange: { min: 22_000, max: 22_099 }, ...changes };
  const port = new WorkerMediaPort(options, { clock, log, workerUrl });
  ports.push(port);
  return port;
}

describe('the media worker thread', () => {
  it('the real entry starts, opens a leg, says that speech is away, and ends', async () => {
    const port = worker(ENTRY);
    await port.start();
    const events = new MediaEvents();
    const session = await port.open(openOptions(plan(9)), events.listener);
    expect(await port.counts()).toMatchObject({ legs: 1, portsInUse: 1, portsResting: 0 });
    expect((await events.next('speech-failed')).service).toBe('stt'); // nothing listens on port 9
    expect((await port.probeSpeech())?.code).toMatch(/^(SPEECH|EGRESS)_/);
    expect((await session.close()).packetsReceived).toBe(0);
    await port.close();
    await expect(port.open(openOptions(plan(9)), () => {})).rejects.toMatchObject({ code: 'MEDIA_WORKER' });
  });

  it('carries a call: audio stays in the thread, only events come out', async () => {
    const port = worker(DOUBLE);
    await port.start();
    expect(await port.probeSpeech()).toBeNull();
    const peer = new RtpEndpoint();
    const { port: rtpPort } = await peer.open('127.0.0.1');
    const events = new MediaEvents();
    const session = await port.open(openOptions(plan(rtpPort)), events.listener);
    session.start();
    await peer.sendG711([noise(8_000)], 0, { address: '127.0.0.1', port: session.local.rtpPort });
    expect((await events.next('transcript', 10)).text).toBe('800');
    session.say(1, 'hello');
    expect((await events.next('prompt-ended')).outcome).toBe('played');
    const stats = await session.close();
    await peer.close();
    expect(stats).toMatchObject({ packetsReceived: 50, dropped: {} });
  });

  it('fault 15: a crash loses every session, refuses new ones, and the thread is back within two seconds', async () => {
    const port = worker(DOUBLE);
    await port.start();
    const [first, second] = [new MediaEvents(), new MediaEvents()];
    const session = await port.open(openOptions(plan(9)), first.listener);
    await port.open(openOptions(plan(9)), second.listener);
    session.say(1, 'crash');
    expect(await first.next('lost')).toEqual({
      type: 'lost',
      code: 'MEDIA_WORKER',
      message: 'The media worker ended.',
    });
    await second.next('lost');
    const crashedMs = systemClock.monotonic();
    await expect(port.open(openOptions(plan(9)), () => {})).rejects.toMatchObject({ code: 'MEDIA_WORKER' });
    expect(await port.probeSpeech()).toMatchObject({ code: 'MEDIA_WORKER' });
    expect((await session.close()).packetsSent).toBe(0);
    await expect.poll(() => port.probeSpeech(), { timeout: 5_000 }).toBeNull();
    expect(systemClock.monotonic() - crashedMs).toBeLessThan(2_000);
    const again = await port.open(openOptions(plan(9)), () => {});
    expect(again.local.rtpPort % 2).toBe(0);
  });

  it('fault 26: a thread that is stuck is ended, its sessions are lost, and another takes over', async () => {
    const clock = new FakeClock();
    const port = worker(DOUBLE, silentLog, {}, clock);
    await port.start();
    const events = new MediaEvents();
    const session = await port.open(openOptions(plan(9)), events.listener);
    session.say(1, 'hang');
    clock.advance(5_000); // asked whether it answers
    clock.advance(5_000); // it did not
    await events.next('lost');
    clock.advance(100);
    await expect.poll(() => port.probeSpeech(), { timeout: 5_000 }).toBeNull();
  });

  it('lines of the thread come to the log of the main thread; it has no environment, where secrets may stand', async () => {
    const { lines, log } = keepingLog();
    const port = worker(DOUBLE, log);
    await port.start();
    const events = new MediaEvents();
    const session = await port.open(openOptions(plan(9)), events.listener);
    session.start();
    session.say(1, 'log');
    await events.next('prompt-ended');
    const line = lines.find(([message]) => message === 'a line');
    expect(line?.[1]).toMatchObject({ err: { code: 'INTERNAL', message: 'inside' }, env: 0 });
  });

  it('a thread that cannot start is MEDIA_WORKER, and stays down', async () => {
    const { lines, log } = keepingLog();
    const port = worker(ENTRY, log, {
      egress: { ...WORKER_OPTIONS.egress, tls: { ca: 'not a certificate', cert: null, key: null } },
    });
    await expect(port.start()).rejects.toMatchObject({ code: 'MEDIA_WORKER' });
    expect(lines.map(([message]) => message)).toEqual(['the media worker cannot start']);
    expect(lines[0]?.[1]).toMatchObject({ err: { code: 'TLS_MATERIAL' } });
    await expect(port.open(openOptions(plan(9)), () => {})).rejects.toMatchObject({ code: 'MEDIA_WORKER' });
  });

  it('close ends open legs, is idempotent, and may come before start', async () => {
    const port = worker(DOUBLE);
    await port.close();
    await port.start();
    await expect(port.open(openOptions(plan(9)), () => {})).rejects.toMatchObject({ code: 'MEDIA_WORKER' });
    const open = worker(DOUBLE);
    await open.start();
    const events = new MediaEvents();
    const session = await open.open(openOptions(plan(9)), events.listener);
    await Promise.all([open.close(), open.close()]);
    expect(events.of('lost')).toEqual([]); // who closes is not told that it is lost
    expect((await session.close()).packetsSent).toBe(0);
  });
});
