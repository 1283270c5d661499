import { EventEmitter, once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { createDialer } from '../../../src/egress/dialer.js';
import { DEFAULT_WEBHOOK_LIMITS, parseWebhookUrl, WebhookQueue } from '../../../src/egress/webhook-queue.js';
import { egressOptions } from '../../support/egress-options.js';
import { FakeClock } from '../../support/fake-clock.js';
import { startOrigin } from '../../support/origin.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A receiver whose status can be changed; emits 'event' with each body. */
class Receiver extends EventEmitter {
  status = 200;
  /** Requests are not answered while true. */
  mute = false;
  readonly got: string[] = [];
  port = 0;

  async start(): Promise<this> {
    const origin = await startOrigin((request, response) => {
      void text(request).then((body) => {
        this.got.push(body);
        if (!this.mute) response.writeHead(this.status).end();
        this.emit('event', body);
      });
    });
    cleanups.push(() => origin.close());
    this.port = origin.port;
    return this;
  }
}

const dialer = createDialer(egressOptions(null), { log: silentLog });

/** A queue whose pauses are counted: it asks for a random number exactly when it begins one. */
class CountedQueue extends WebhookQueue {
  readonly counts: { pauses: number };

  constructor(url: URL, clock: FakeClock, limits = DEFAULT_WEBHOOK_LIMITS) {
    const counts = { pauses: 0 };
    const random = (): number => (counts.pauses++, 1);
    super(url, { dialer, clock, log: silentLog, random }, limits);
    this.counts = counts;
  }

  async paused(times: number): Promise<void> {
    await turnUntil(() => this.counts.pauses >= times);
  }
}

const queueTo = (port: number, clock: FakeClock, limits = DEFAULT_WEBHOOK_LIMITS): CountedQueue =>
  new CountedQueue(new URL(`http://127.0.0.1:${port}/hook`), clock, limits);

/** Lets the loop turn until `done`; every turn does real socket work. */
async function turnUntil(done: () => boolean): Promise<void> {
  while (!done()) await new Promise(setImmediate);
}

describe('parseWebhookUrl (interfaces §5)', () => {
  it.each([
    'https://hook.example/x',
    'http://127.0.0.1:8080/',
    'http://127.9.9.9/',
    'http://[::1]/x',
    'http://localhost:1/',
  ])('accepts %s', (url) => expect(parseWebhookUrl(url).href).toBe(new URL(url).href));

  it.each([
    'http://hook.example/',
    'http://169.254.169.254/',
    'http://0.0.0.0/',
    'http://[::ffff:10.0.0.1]/',
    'http://localhost.evil.example/',
    'http://127.0.0.1@evil.example/',
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    '/hook',
    '',
  ])('refuses %j (threat 121)', (url) => {
    expect(() => parseWebhookUrl(url)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('does not repeat the URL, which may hold credentials', () => {
    expect(() => parseWebhookUrl('http://user:canary@hook.example/')).toThrow(/^(?!.*canary)/);
  });
});

describe('WebhookQueue', () => {
  it('delivers in order, one at a time', async () => {
    const receiver = await new Receiver().start();
    const queue = queueTo(receiver.port, new FakeClock());
    for (let n = 0; n < 20; n++) expect(queue.push({ n })).toBe(true);
    await queue.close(1_000);
    expect(receiver.got).toEqual(Array.from({ length: 20 }, (_, n) => JSON.stringify({ n })));
    expect(queue).toMatchObject({ delivered: 20, dropped: 0, size: 0 });
  });

  it('tries again with growing pauses and keeps the order', async () => {
    const receiver = await new Receiver().start();
    receiver.status = 503;
    const clock = new FakeClock();
    const queue = queueTo(receiver.port, clock);
    queue.push({ n: 1 });
    queue.push({ n: 2 });
    let requests = 0;
    for (const pauseMs of [500, 1_000, 2_000]) {
      await queue.paused(++requests);
      clock.advance(pauseMs - 1);
      expect(receiver.got).toHaveLength(requests);
      clock.advance(1);
    }
    await queue.paused(++requests);
    receiver.status = 200;
    clock.advance(4_000);
    await queue.close(1_000);
    expect(receiver.got).toEqual([...Array.from({ length: 5 }, () => '{"n":1}'), '{"n":2}']);
    expect(queue).toMatchObject({ delivered: 2, dropped: 0 });
  });

  it('drops an event after 60 s and goes on with the next', async () => {
    const receiver = await new Receiver().start();
    receiver.status = 500;
    const clock = new FakeClock();
    const queue = queueTo(receiver.port, clock);
    queue.push({ n: 1 });
    queue.push({ n: 2 });
    const started = clock.monotonic();
    for (let pauses = 1; queue.dropped === 0; pauses++) {
      await turnUntil(() => queue.counts.pauses >= pauses);
      await new Promise(setImmediate);
      if (queue.dropped === 0) clock.advance(10_000);
    }
    expect(clock.monotonic() - started).toBeGreaterThan(45_000);
    expect(clock.monotonic() - started).toBeLessThanOrEqual(60_000);
    receiver.status = 200;
    const { pauses } = queue.counts;
    await turnUntil(() => queue.delivered === 1 || queue.counts.pauses > pauses);
    clock.advance(10_000);
    await queue.close(10_000);
    expect(receiver.got.at(-1)).toBe('{"n":2}');
    expect(queue).toMatchObject({ dropped: 1, delivered: 1, size: 0 });
  });

  it.each([
    ['events', { events: 2 }],
    ['bytes', { bytes: 20 }],
    ['bytes of one event', { eventBytes: 6 }],
  ])('holds no more than its limit of %s', async (_name, limits) => {
    const receiver = await new Receiver().start();
    receiver.mute = true;
    const clock = new FakeClock();
    const queue = queueTo(receiver.port, clock, { ...DEFAULT_WEBHOOK_LIMITS, ...limits });
    const taken = [1, 2, 3].map((n) => queue.push({ n: n * 1_111 }));
    expect(taken.at(-1)).toBe(false);
    expect(queue.dropped).toBe(taken.filter((one) => !one).length);
    const closed = queue.close(0);
    clock.advance(0);
    await closed;
  });

  it('gives up a receiver that does not answer an attempt in time', async () => {
    const receiver = await new Receiver().start();
    receiver.mute = true;
    const clock = new FakeClock();
    const queue = queueTo(receiver.port, clock);
    queue.push({ n: 1 });
    await once(receiver, 'event');
    receiver.mute = false;
    clock.advance(10_000);
    await queue.paused(1);
    clock.advance(500);
    await once(receiver, 'event');
    await queue.close(1_000);
    expect(queue).toMatchObject({ delivered: 1, dropped: 0 });
  });

  it('closes at its deadline, ends what is under way and counts what is left', async () => {
    const receiver = await new Receiver().start();
    receiver.mute = true;
    const clock = new FakeClock();
    const queue = queueTo(receiver.port, clock);
    for (let n = 0; n < 3; n++) queue.push({ n });
    await once(receiver, 'event');
    const closed = queue.close(2_000);
    expect(queue.close(9_000)).toBe(closed);
    expect(queue.push({ n: 9 })).toBe(false);
    clock.advance(2_000);
    await closed;
    expect(queue).toMatchObject({ delivered: 0, dropped: 4, size: 0 });
    expect(clock.pending).toBe(0);
  });

  it('closes at its deadline while it pauses', async () => {
    const receiver = await new Receiver().start();
    receiver.status = 500;
    const clock = new FakeClock();
    const queue = queueTo(receiver.port, clock);
    queue.push({ n: 0 });
    await queue.paused(1);
    const closed = queue.close(100);
    clock.advance(100);
    await closed;
    expect(queue.dropped).toBe(1);
  });

  it('logs neither the events nor the URL', async () => {
    const lines: string[] = [];
    const record = (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message);
    const log = { debug: record, info: record, warn: record, error: record, child: () => log };
    const clock = new FakeClock();
    const queue = new WebhookQueue(new URL('http://u:canary@127.0.0.1:1/canary'), { dialer, clock, log });
    queue.push({ text: 'canary' });
    await turnUntil(() => lines.length > 0);
    const closed = queue.close(0);
    clock.advance(0);
    await closed;
    expect(lines.join('\n')).toMatch(/webhook\.failing[^]*webhook\.dropped/);
    expect(lines.join('\n')).not.toContain('canary');
  });
});
