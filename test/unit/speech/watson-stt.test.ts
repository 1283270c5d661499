import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { EgressOptions } from '../../../src/egress/contract.js';
import { createDialer } from '../../../src/egress/dialer.js';
import type { RecognitionSession, RecognitionStream, SpeechOptions } from '../../../src/speech/adapter.js';
import { createSpeech } from '../../../src/speech/factory.js';
import { probeStt } from '../../../src/speech/probe.js';
import { egressOptions } from '../../support/egress-options.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeProxy } from '../../support/fake-proxy.js';
import { type FakeRecognition, FakeWatson, type FakeWatsonOptions } from '../../support/fake-watson.js';
import { TestCa } from '../../support/pki-egress.js';
import { RecordingListener } from '../../support/recording-listener.js';
import { sttOptions, ttsOptions } from '../../support/speech-options.js';

const MULAW = { encoding: 'mulaw', rate: 8_000 } as const;
const ca = new TestCa('speech ca');
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function fake(options: FakeWatsonOptions = {}): Promise<FakeWatson> {
  const service = await new FakeWatson(options).start();
  cleanups.push(() => service.close());
  return service;
}

interface Call {
  readonly clock: FakeClock;
  readonly listener: RecordingListener;
  readonly stream: RecognitionStream;
}

function call(
  url: string,
  more: { stt?: Partial<SpeechOptions['stt']>; session?: Partial<RecognitionSession>; egress?: EgressOptions } = {},
): Call {
  const clock = new FakeClock();
  const listener = new RecordingListener();
  const dialer = createDialer(more.egress ?? egressOptions(ca.cert), { log: silentLog });
  const options = { stt: sttOptions(url, more.stt), tts: ttsOptions('http://127.0.0.1:1') };
  const { stt } = createSpeech(options, { dialer, clock, log: silentLog, random: () => 1 });
  const stream = stt.open({ sessionId: 'call-1', format: MULAW, interim: false, ...more.session }, listener);
  cleanups.push(() => stream.close());
  return { clock, listener, stream };
}

const urlOf = (service: FakeWatson): string => `ws://127.0.0.1:${service.port}`;
const next = (emitter: FakeWatson, event: string): Promise<FakeRecognition> =>
  once(emitter, event).then(([one]) => one as FakeRecognition);

/** A live call with the service's side of it. */
async function live(
  service: FakeWatson,
  more: Parameters<typeof call>[1] = {},
): Promise<Call & { peer: FakeRecognition }> {
  const started = next(service, 'recognition');
  const made = call(urlOf(service), more);
  const peer = await started;
  if (made.listener.ready === 0) await once(made.listener, 'ready');
  return { ...made, peer };
}

async function received(service: FakeWatson, peer: FakeRecognition, bytes: number): Promise<Buffer> {
  while (peer.audio.length < bytes) await once(service, 'audio');
  return peer.audio;
}

/** Lets the loop do socket work. Only to show that nothing more happens. */
async function turns(count = 20): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise(setImmediate);
}

describe('opening (behaviour §8)', () => {
  it('sends model, credentials, session id and start message, and says ready at listening', async () => {
    const service = await fake({ authorization: `Basic ${Buffer.from('user:p:ß').toString('base64')}` });
    const { peer, listener } = await live(service, {
      stt: { model: 'en-US_NarrowbandModel', username: 'user', password: 'p:ß' },
      session: { interim: true },
    });
    expect(peer.request.url).toBe('/v1/recognize?model=en-US_NarrowbandModel');
    expect(peer.request.headers).toMatchObject({ 'vgw-session-id': 'call-1', 'x-watson-learning-opt-out': 'true' });
    expect(peer.start).toMatchObject({ 'content-type': 'audio/basic', interim_results: true, inactivity_timeout: -1 });
    expect(listener).toMatchObject({ ready: 1, failures: [] });
  });

  it('makes a header of any session id', async () => {
    const { peer } = await live(await fake(), { session: { sessionId: 'a\r\nEvil: 1 ü@b' } });
    expect(peer.request.headers['vgw-session-id']).toBe('a..Evil:.1..@b');
  });

  it('goes over TLS through the proxy and nowhere else (peers 3.11, threat 122)', async () => {
    const proxy = await new FakeProxy().start();
    cleanups.push(() => proxy.close());
    const service = await fake({ tls: ca.issue(['localhost']), via: proxy.sourcePorts });
    const { listener } = call(`https://localhost:${service.port}`, {
      egress: egressOptions(ca.cert, { port: proxy.port }),
    });
    await once(listener, 'ready');
    expect(proxy.tunnels).toEqual([`localhost:${service.port}`]);
    expect(service.strangers).toBe(0);
  });

  it('wants μ-law as it came and everything else as linear PCM (interfaces §5)', () => {
    const dialer = createDialer(egressOptions(null), { log: silentLog });
    const options = { stt: sttOptions('ws://h', { recognises: false }), tts: ttsOptions('http://h') };
    const { stt } = createSpeech(options, { dialer, clock: new FakeClock(), log: silentLog });
    expect(stt).toMatchObject({ name: 'watson', recognises: false });
    expect(stt.formatFor(MULAW)).toEqual(MULAW);
    expect(stt.formatFor({ encoding: 'alaw', rate: 8_000 })).toEqual({ encoding: 'l16', rate: 8_000 });
    expect(stt.formatFor({ encoding: 'l16', rate: 16_000 })).toEqual({ encoding: 'l16', rate: 16_000 });
  });
});

describe('audio and results', () => {
  it('sends audio as binary frames, also what was written before the service was ready', async () => {
    const service = await fake();
    const started = next(service, 'recognition');
    const { stream, listener } = call(urlOf(service));
    stream.write(Buffer.from('aaaa'));
    const peer = await started;
    await once(listener, 'ready');
    stream.write(Buffer.from('bbbb'));
    expect((await received(service, peer, 8)).toString()).toBe('aaaabbbb');
    expect(stream.droppedBytes).toBe(0);
  });

  it('holds audio back until the service listens', async () => {
    const service = await fake();
    service.listening = false;
    const started = next(service, 'recognition');
    const { stream, listener } = call(urlOf(service));
    const peer = await started;
    stream.write(Buffer.from('aaaa'));
    await turns();
    expect(peer.audio).toHaveLength(0);
    peer.json({ state: 'listening' });
    expect((await received(service, peer, 4)).toString()).toBe('aaaa');
    expect(listener.ready).toBe(1);
  });

  it('gives finals with Watson’s word times', async () => {
    const service = await fake();
    const { peer, stream, listener } = await live(service);
    stream.write(Buffer.alloc(16_000));
    await received(service, peer, 16_000);
    peer.result('good morning ', {
      confidence: 0.9,
      words: [
        ['good', 0.25, 0.5],
        ['morning', 0.6, 1.125],
      ],
    });
    await once(listener, 'result');
    expect(listener.results).toEqual([
      { text: 'good morning', final: true, startMs: 250, endMs: 1_125, confidence: 0.9 },
    ]);
  });

  it('estimates times from the audio when there are none', async () => {
    const service = await fake();
    const { peer, stream, listener } = await live(service);
    stream.write(Buffer.alloc(8_000));
    await received(service, peer, 8_000);
    peer.result('one');
    await once(listener, 'result');
    stream.write(Buffer.alloc(4_000));
    await received(service, peer, 12_000);
    peer.result('two');
    await once(listener, 'result');
    expect(listener.results).toMatchObject([
      { startMs: 0, endMs: 1_000, confidence: null },
      { startMs: 1_000, endMs: 1_500 },
    ]);
  });

  it('gives interim results only to who asked, and never empty ones', async () => {
    for (const interim of [false, true]) {
      const service = await fake();
      const { peer, listener } = await live(service, { session: { interim } });
      peer.result('hel', { final: false });
      peer.result('  ');
      peer.result('hello');
      while (listener.results.at(-1)?.final !== true) await once(listener, 'result');
      expect(listener.results.map((result) => result.text)).toEqual(interim ? ['hel', 'hello'] : ['hello']);
    }
  });
});

describe('finish and close', () => {
  it('sends stop after the last audio, delivers the last finals and closes', async () => {
    const service = await fake();
    const { peer, stream, listener, clock } = await live(service);
    stream.write(Buffer.from('aaaa'));
    const stopped = next(service, 'stop');
    const finished = stream.finish(5_000);
    stream.write(Buffer.from('late'));
    await stopped;
    expect(peer.audio.toString()).toBe('aaaa');
    peer.result('last words');
    peer.json({ state: 'listening' });
    const gone = next(service, 'gone');
    await finished;
    expect(listener.results.map((result) => result.text)).toEqual(['last words']);
    await gone;
    expect(clock.pending).toBe(0);
  });

  it('waits for the last finals at most for the deadline (D 2)', async () => {
    const service = await fake();
    const { stream, clock, listener } = await live(service);
    const stopped = next(service, 'stop');
    const finished = stream.finish(1_000);
    await stopped;
    clock.advance(1_000);
    await finished;
    expect(listener.failures).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('still delivers a short call whose audio came before the service was ready', async () => {
    const service = await fake();
    const stopped = next(service, 'stop');
    const { stream } = call(urlOf(service));
    stream.write(Buffer.from('aaaa'));
    const finished = stream.finish(5_000);
    const peer = await stopped;
    expect(peer.audio.toString()).toBe('aaaa');
    peer.json({ state: 'listening' });
    await finished;
  });

  it('ends at once when nothing was said, and when there is no service', async () => {
    const nothing = call('ws://127.0.0.1:1');
    await nothing.stream.finish(5_000);
    const away = call('ws://127.0.0.1:1');
    away.stream.write(Buffer.from('aaaa'));
    await once(away.listener, 'failure');
    await away.stream.finish(5_000);
    expect(away.clock.pending + nothing.clock.pending).toBe(0);
  });

  it('never resurrects a finished or closed stream (asterisk-audiofork 14)', async () => {
    const service = await fake();
    const finishing = await live(service);
    const closing = await live(service);
    const stopped = next(service, 'stop');
    const finished = finishing.stream.finish(60_000);
    await stopped;
    finishing.peer.kill();
    await finished;
    closing.peer.kill();
    await once(closing.listener, 'failure');
    closing.stream.close();
    closing.stream.close();
    for (const { clock, stream } of [finishing, closing]) {
      stream.write(Buffer.from('aaaa'));
      clock.advance(600_000);
      expect(clock.pending).toBe(0);
    }
    await turns();
    expect(service.recognitions).toHaveLength(2);
  });

  it('calls no listener after close, not even for what is on its way', async () => {
    const service = await fake();
    const { peer, stream, listener } = await live(service);
    listener.on('result', () => stream.close());
    const gone = next(service, 'gone');
    peer.result('one');
    peer.result('two');
    peer.json({ error: 'x' });
    await gone;
    await turns();
    expect([listener.results.length, listener.failures.length]).toEqual([1, 0]);
  });

  it('closes while it is still connecting', async () => {
    const service = await fake();
    service.answering = false;
    const upgrade = once(service, 'upgrade');
    const { stream, listener, clock } = call(urlOf(service));
    await upgrade;
    stream.close();
    await turns();
    expect(listener.failures).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe('failures and reconnecting', () => {
  it('reconnects after a break, resumes the audio and keeps the session’s time (D 4, D 7)', async () => {
    const service = await fake();
    const { peer, stream, listener, clock } = await live(service);
    stream.write(Buffer.alloc(8_000, 0x61));
    await received(service, peer, 8_000);
    peer.kill();
    await once(listener, 'failure');
    expect(listener.failures).toEqual([
      { code: 'SPEECH_UNAVAILABLE', message: expect.stringContaining('1006') as string, retrying: true },
    ]);
    stream.write(Buffer.alloc(4_000, 0x62));
    const again = next(service, 'recognition');
    clock.advance(250);
    const second = await again;
    expect((await received(service, second, 4_000)).toString()).toBe('b'.repeat(4_000));
    second.result('after', { words: [['after', 0.1, 0.4]] });
    await once(listener, 'result');
    expect(listener.results).toMatchObject([{ startMs: 1_100, endMs: 1_400 }]);
    expect([listener.ready, stream.droppedBytes]).toEqual([2, 0]);
  });

  it('keeps at most its buffer while the service is away, drops the oldest and keeps the time right (D 1)', async () => {
    const service = await fake();
    const { peer, stream, listener, clock } = await live(service, { stt: { bufferMs: 100 } });
    stream.write(Buffer.alloc(800, 0x61));
    await received(service, peer, 800);
    peer.kill();
    await once(listener, 'failure');
    for (const fill of [1, 2, 3, 4, 5]) stream.write(Buffer.alloc(400, fill));
    expect(stream.droppedBytes).toBe(1_200);
    const again = next(service, 'recognition');
    clock.advance(250);
    const second = await again;
    const audio = await received(service, second, 800);
    expect([audio.length, audio[0], audio[799]]).toEqual([800, 4, 5]);
    second.result('late', { words: [['late', 0, 0.1]] });
    await once(listener, 'result');
    expect(listener.results).toMatchObject([{ startMs: 250, endMs: 350 }]);
  });

  it('tries quickly four times and then slowly, and reports each (D 1)', async () => {
    const port = await unusedPort();
    const { listener, clock } = call(`ws://127.0.0.1:${port}`);
    await once(listener, 'failure');
    for (const delayMs of [250, 500, 1_000, 2_000, 5_000, 5_000]) {
      const failures = listener.failures.length;
      clock.advance(delayMs - 1);
      await turns();
      expect(listener.failures).toHaveLength(failures);
      const failure = once(listener, 'failure');
      clock.advance(1);
      await failure;
    }
    expect(new Set(listener.failures.map(({ code, retrying }) => `${code} ${retrying}`))).toEqual(
      new Set(['EGRESS_CONNECT true']),
    );
  });

  it.each([
    [401, 'SPEECH_REFUSED', 30_000],
    [403, 'SPEECH_REFUSED', 30_000],
    [404, 'EGRESS_HTTP', 30_000],
    [503, 'SPEECH_UNAVAILABLE', 250],
  ])('waits after %i: %s, next try after %i ms (D 5)', async (status, code, delayMs) => {
    const service = await fake();
    service.refuse = status;
    const { listener, clock } = call(urlOf(service));
    await once(listener, 'failure');
    expect(listener.failures[0]).toMatchObject({ code, retrying: true });
    service.refuse = null;
    clock.advance(delayMs - 1);
    await turns();
    expect(listener.failures).toHaveLength(1);
    expect(service.recognitions).toHaveLength(0);
    clock.advance(1);
    await once(listener, 'ready');
  });

  it.each([
    ['407', 'HTTP/1.1 407 No\r\n\r\n', 'PROXY_AUTH'],
    ['403', 'HTTP/1.1 403 No\r\n\r\n', 'PROXY_REFUSED'],
  ])('reports a proxy’s %s as it is and does not go direct (D 8)', async (_name, answer, code) => {
    const proxy = await new FakeProxy({ answer }).start();
    cleanups.push(() => proxy.close());
    const service = await fake();
    const { listener } = call(urlOf(service), { egress: egressOptions(null, { port: proxy.port }) });
    await once(listener, 'failure');
    expect(listener.failures[0]?.code).toBe(code);
    expect(service.recognitions).toHaveLength(0);
  });

  it('reconnects through the proxy when the proxy dies mid-call (D 7)', async () => {
    const proxy = await new FakeProxy().start();
    cleanups.push(() => proxy.close());
    const service = await fake({ via: proxy.sourcePorts });
    const { listener, clock } = call(urlOf(service), { egress: egressOptions(null, { port: proxy.port }) });
    await once(listener, 'ready');
    proxy.breakAll();
    await once(listener, 'failure');
    clock.advance(250);
    await once(listener, 'ready');
    expect(proxy.tunnels).toHaveLength(2);
    expect(service.strangers).toBe(0);
  });

  it.each(['upgrade', 'recognition'])('gives up on a service that is mute after the %s (D 2)', async (event) => {
    const service = await fake();
    service.answering = event !== 'upgrade';
    service.listening = false;
    const reached = once(service, event);
    const { listener, clock } = call(urlOf(service));
    await reached;
    const failure = once(listener, 'failure');
    clock.advance(3_000);
    await failure;
    expect(listener.failures[0]).toMatchObject({ code: 'EGRESS_TIMEOUT', retrying: true });
  });

  it('notices a half-open connection within 10 s, and leaves one that pongs alone (D 2)', async () => {
    const dead = await live(await fake({ autoPong: false }));
    const well = await live(await fake());
    for (let n = 0; n < 3; n++) {
      const pinged = once(well.peer.socket, 'ping');
      well.clock.advance(5_000);
      await pinged;
      await turns();
    }
    expect(well.listener.failures).toEqual([]);
    dead.clock.advance(5_000);
    await turns();
    expect(dead.listener.failures).toEqual([]);
    dead.clock.advance(5_000);
    expect(dead.listener.failures).toMatchObject([{ code: 'SPEECH_UNAVAILABLE', retrying: true }]);
  });

  it('holds back audio from a service that does not read, drops the oldest and catches up (D 3)', async () => {
    const service = await fake();
    const { peer, stream, listener } = await live(service, { stt: { bufferMs: 1_000 } });
    peer.freeze();
    const chunk = 65_536;
    let written = 0;
    while (stream.droppedBytes === 0 && written < 64 * 1_048_576) {
      stream.write(Buffer.alloc(chunk, written / chunk));
      written += chunk;
      await new Promise(setImmediate);
    }
    expect(stream.droppedBytes).toBeGreaterThan(0);
    peer.thaw();
    await received(service, peer, written - stream.droppedBytes);
    stream.write(Buffer.from('again'));
    const audio = await received(service, peer, written - stream.droppedBytes + 5);
    expect(audio.subarray(-5).toString()).toBe('again');
    expect(listener.failures).toEqual([]);
  });

  it.each([
    [
      'an error message',
      (peer: FakeRecognition) => peer.json({ error: 'canary: you said 1234' }),
      'SPEECH_UNAVAILABLE',
    ],
    ['no JSON', (peer: FakeRecognition) => peer.socket.send('canary'), 'SPEECH_PROTOCOL'],
    ['a binary message', (peer: FakeRecognition) => peer.socket.send(Buffer.from('canary')), 'SPEECH_PROTOCOL'],
    ['a message over 1 MiB', (peer: FakeRecognition) => peer.socket.send('x'.repeat(1_048_577)), 'SPEECH_PROTOCOL'],
    ['a close', (peer: FakeRecognition) => peer.socket.close(1011, 'canary'), 'SPEECH_UNAVAILABLE'],
    ['a protocol close', (peer: FakeRecognition) => peer.socket.close(1002, 'canary'), 'SPEECH_PROTOCOL'],
    [
      'a flood',
      (peer: FakeRecognition) => {
        for (let n = 0; n <= 500; n++) peer.json({ warnings: [] });
      },
      'SPEECH_PROTOCOL',
    ],
  ])('fails on %s without repeating the service’s words (threat 125)', async (_name, act, code) => {
    const { peer, listener } = await live(await fake());
    const failure = once(listener, 'failure');
    act(peer);
    await failure;
    expect(listener.failures[0]).toMatchObject({ code, retrying: true });
    expect(listener.failures[0]?.message).not.toContain('canary');
  });

  it('does not hammer a service that listens and then errs every time', async () => {
    const service = await fake();
    const { peer, listener, clock } = await live(service);
    let current = peer;
    for (const delayMs of [250, 500, 1_000, 2_000, 5_000]) {
      const failure = once(listener, 'failure');
      current.json({ error: 'unsupported' });
      await failure;
      clock.advance(delayMs - 1);
      await turns();
      const again = next(service, 'recognition');
      clock.advance(1);
      current = await again;
      await once(listener, 'ready');
    }
  });

  it('begins quickly again after a connection that worked', async () => {
    const service = await fake();
    const { peer, listener, clock } = await live(service);
    let current = peer;
    for (let n = 0; n < 6; n++) {
      current.result('works');
      await once(listener, 'result');
      const failure = once(listener, 'failure');
      current.kill();
      await failure;
      const again = next(service, 'recognition');
      clock.advance(250);
      current = await again;
      await once(listener, 'ready');
    }
  });

  it('puts no credential, audio or text into logs and failures', async () => {
    const lines: string[] = [];
    const record = (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message);
    const log = { debug: record, info: record, warn: record, error: record, child: () => log };
    const service = await fake({ authorization: 'Basic other' });
    const dialer = createDialer(egressOptions(null), { log });
    const options = {
      stt: sttOptions(urlOf(service), { username: 'canary', password: 'canary' }),
      tts: ttsOptions('http://h'),
    };
    const listener = new RecordingListener();
    const { stt } = createSpeech(options, { dialer, clock: new FakeClock(), log });
    const stream = stt.open({ sessionId: 's', format: MULAW, interim: false }, listener);
    await once(listener, 'failure');
    stream.close();
    expect(lines.join()).toContain('stt.lost');
    expect(`${lines.join()} ${JSON.stringify(listener.failures)}`).not.toMatch(/canary|Y2FuYXJ5/);
  });
});

describe('createSpeech', () => {
  it.each(['stt', 'tts'] as const)('refuses a %s URL that is none', (which) => {
    const options = { stt: sttOptions('ws://h'), tts: ttsOptions('http://h') };
    const bad = { ...options, [which]: { ...options[which], url: 'speech' } };
    const dialer = createDialer(egressOptions(null), { log: silentLog });
    expect(() => createSpeech(bad, { dialer, clock: new FakeClock(), log: silentLog })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('probeStt', () => {
  const probe = (url: string, clock = new FakeClock(), more: Partial<SpeechOptions['stt']> = {}) =>
    probeStt(sttOptions(url, more), {
      dialer: createDialer(egressOptions(null), { log: silentLog }),
      clock,
      log: silentLog,
    });

  it('is content when the service listens, and closes', async () => {
    const service = await fake();
    const gone = next(service, 'gone');
    const clock = new FakeClock();
    expect(await probe(urlOf(service), clock)).toBeNull();
    await gone;
    expect(clock.pending).toBe(0);
  });

  it('tells what stands in the way', async () => {
    const service = await fake({ authorization: 'Basic x' });
    expect(await probe(urlOf(service), undefined, { username: 'u', password: 'p' })).toMatchObject({
      code: 'SPEECH_REFUSED',
    });
    expect(await probe(`ws://127.0.0.1:${await unusedPort()}`)).toMatchObject({ code: 'EGRESS_CONNECT' });
  });

  it('ends at its deadline', async () => {
    const service = await fake();
    service.listening = false;
    const started = next(service, 'recognition');
    const clock = new FakeClock();
    const probed = probe(urlOf(service), clock);
    await started;
    clock.advance(3_000);
    expect(await probed).toMatchObject({ code: 'EGRESS_TIMEOUT' });
  });
});

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
