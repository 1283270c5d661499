import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { createDialer } from '../../../src/egress/dialer.js';
import type { AudioFormat, SpeechOptions } from '../../../src/speech/adapter.js';
import { createSpeech } from '../../../src/speech/factory.js';
import { egressOptions } from '../../support/egress-options.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeProxy } from '../../support/fake-proxy.js';
import { type FakeSynthesis, FakeWatson, type FakeWatsonOptions } from '../../support/fake-watson.js';
import { TestCa } from '../../support/pki-egress.js';
import { sttOptions, ttsOptions } from '../../support/speech-options.js';

const MULAW: AudioFormat = { encoding: 'mulaw', rate: 8_000 };
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

interface Prompt {
  readonly text?: string;
  readonly format?: AudioFormat;
  readonly signal?: AbortSignal;
  readonly clock?: FakeClock;
  readonly tts?: Partial<SpeechOptions['tts']>;
  readonly proxyPort?: number;
}

function speak(url: string, prompt: Prompt = {}): AsyncIterator<Uint8Array> {
  const proxy = prompt.proxyPort === undefined ? null : { port: prompt.proxyPort };
  const dialer = createDialer(egressOptions(ca.cert, proxy), { log: silentLog });
  const options = { stt: sttOptions('ws://127.0.0.1:1'), tts: ttsOptions(url, prompt.tts) };
  const { tts } = createSpeech(options, { dialer, clock: prompt.clock ?? new FakeClock(), log: silentLog });
  const signal = prompt.signal ?? new AbortController().signal;
  return tts.synthesize(prompt.text ?? 'hello', prompt.format ?? MULAW, signal)[Symbol.asyncIterator]();
}

async function collect(audio: AsyncIterator<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let step = await audio.next(); step.done !== true; step = await audio.next()) chunks.push(step.value);
  return Buffer.concat(chunks);
}

const failure = (promise: Promise<unknown>): Promise<Error & { code?: string }> =>
  promise.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error as Error,
  );

const spoken = (service: FakeWatson): Promise<FakeSynthesis> =>
  once(service, 'synthesis').then(([one]) => one as FakeSynthesis);

const AUDIO = Buffer.concat([Buffer.alloc(160, 0x11), Buffer.alloc(160, 0x22)]);

describe.each(['http', 'ws'] as const)('over %s (behaviour §8)', (scheme) => {
  const urlOf = (service: FakeWatson): string => `${scheme}://127.0.0.1:${service.port}`;

  /** Begins an answer that the test goes on with. */
  function begin({ response, socket, accept }: FakeSynthesis): {
    audio(bytes: Buffer): void;
    end(): void;
    kill(): void;
  } {
    response?.writeHead(200, { 'content-type': accept });
    socket?.send(JSON.stringify({ binary_streams: [{ content_type: accept }] }));
    return {
      audio: (bytes) => void (response?.write(bytes) ?? socket?.send(bytes)),
      end: () => void (response?.end() ?? socket?.close(1000)),
      kill: () => void (response?.destroy() ?? socket?.terminate()),
    };
  }

  it('sends text, voice, format and credentials, and gives the audio', async () => {
    const service = await fake({ authorization: `Basic ${Buffer.from('u:p').toString('base64')}` });
    const tts = { voice: 'en-US_AllisonVoice', username: 'u', password: 'p' };
    const audio = await collect(speak(urlOf(service), { text: 'Grüß "Gott"', tts }));
    expect(audio.equals(AUDIO)).toBe(true);
    expect(service.syntheses[0]).toMatchObject({ text: 'Grüß "Gott"', accept: 'audio/basic' });
    expect(service.syntheses[0]?.request.url).toBe('/v1/synthesize?voice=en-US_AllisonVoice');
    expect(service.syntheses[0]?.request.headers['x-watson-learning-opt-out']).toBe('true');
  });

  it.each([
    [{ encoding: 'alaw', rate: 8_000 }, 'audio/alaw;rate=8000'],
    [{ encoding: 'l16', rate: 8_000 }, 'audio/l16;rate=8000'],
  ] as const)('asks for %o as %s', async (format, accept) => {
    const service = await fake();
    await collect(speak(urlOf(service), { format }));
    expect(service.syntheses[0]?.accept).toBe(accept);
  });

  it('streams: the first chunk is there before the last is made', async () => {
    const service = await fake();
    service.speech = null;
    const asked = spoken(service);
    const audio = speak(urlOf(service));
    const first = audio.next();
    const answer = begin(await asked);
    answer.audio(Buffer.from('one'));
    expect(String((await first).value)).toBe('one');
    answer.audio(Buffer.from('two'));
    expect(String((await audio.next()).value)).toBe('two');
    answer.end();
    expect((await audio.next()).done).toBe(true);
  });

  it('fails when the audio stalls, but not while the reader takes its time (D 6)', async () => {
    const service = await fake();
    service.speech = null;
    const clock = new FakeClock();
    const asked = spoken(service);
    const audio = speak(urlOf(service), { clock });
    const first = audio.next();
    const answer = begin(await asked);
    answer.audio(Buffer.from('one'));
    await first;
    clock.advance(60_000);
    const second = audio.next();
    clock.advance(2_999);
    answer.audio(Buffer.from('two'));
    expect(String((await second).value)).toBe('two');
    const third = failure(audio.next());
    clock.advance(3_000);
    expect((await third).code).toBe('EGRESS_TIMEOUT');
    expect(clock.pending).toBe(0);
  });

  it('ends without an error when the signal is aborted, and lets the connection go', async () => {
    const service = await fake();
    service.speech = null;
    const abort = new AbortController();
    const asked = spoken(service);
    const audio = speak(urlOf(service), { signal: abort.signal });
    const first = audio.next();
    const synthesis = await asked;
    const gone = new Promise((resolve) => synthesis.request.socket.once('close', resolve));
    begin(synthesis).audio(Buffer.from('one'));
    await first;
    const next = audio.next();
    abort.abort();
    expect((await next).done).toBe(true);
    await gone;
  });

  it('opens nothing for a signal that is aborted already', async () => {
    const service = await fake();
    expect((await collect(speak(urlOf(service), { signal: AbortSignal.abort() }))).length).toBe(0);
    expect(service.syntheses).toHaveLength(0);
  });

  it('lets the connection go when the reader stops reading', async () => {
    const service = await fake();
    service.speech = null;
    const asked = spoken(service);
    const audio = speak(urlOf(service));
    const first = audio.next();
    const synthesis = await asked;
    const gone = new Promise((resolve) => synthesis.request.socket.once('close', resolve));
    begin(synthesis).audio(Buffer.from('one'));
    await first;
    await audio.return?.();
    await gone;
  });

  it('gives what came and then fails when the connection breaks', async () => {
    const service = await fake();
    service.speech = null;
    const asked = spoken(service);
    const audio = speak(urlOf(service));
    const first = audio.next();
    const answer = begin(await asked);
    answer.audio(Buffer.from('one'));
    await first;
    answer.kill();
    expect((await failure(audio.next())).code).toBe(scheme === 'ws' ? 'SPEECH_UNAVAILABLE' : 'EGRESS_CONNECT');
  });

  it.each([
    [401, 'SPEECH_REFUSED'],
    [403, 'SPEECH_REFUSED'],
    [404, 'EGRESS_HTTP'],
    [429, 'SPEECH_UNAVAILABLE'],
    [500, 'SPEECH_UNAVAILABLE'],
  ])('maps status %i to %s', async (status, code) => {
    const service = await fake();
    service.refuse = status;
    expect((await failure(collect(speak(urlOf(service))))).code).toBe(code);
  });

  it('goes through the proxy for this scheme as well (peers 3.11)', async () => {
    const proxy = await new FakeProxy().start();
    cleanups.push(() => proxy.close());
    const service = await fake({ tls: ca.issue(['localhost']), via: proxy.sourcePorts });
    const audio = await collect(speak(`${scheme}s://localhost:${service.port}`, { proxyPort: proxy.port }));
    expect(audio.equals(AUDIO)).toBe(true);
    expect([proxy.tunnels.length, service.strangers]).toEqual([1, 0]);
  });

  it('refuses a text over 5 KB before anything is sent (behaviour §8)', async () => {
    const service = await fake();
    const error = await failure(collect(speak(urlOf(service), { text: 'ä'.repeat(2_561) })));
    expect(error.code).toBe('SPEECH_REFUSED');
    expect(service.syntheses).toHaveLength(0);
    await collect(speak(urlOf(service), { text: 'ä'.repeat(2_560) }));
  });

  it('stops a prompt that never ends (threat 125)', async () => {
    const service = await fake();
    service.speech = Array.from({ length: 17 }, () => Buffer.alloc(1_048_576));
    const error = await failure(collect(speak(urlOf(service))));
    expect(['SPEECH_PROTOCOL', 'EGRESS_HTTP']).toContain(error.code);
  });
});

describe('over http only', () => {
  it.each(['application/json', 'text/html; charset=utf-8'])(
    'does not play an answer of %s to the caller',
    async (type) => {
      const service = await fake();
      service.speech = null;
      service.on('synthesis', ({ response }: FakeSynthesis) =>
        response?.writeHead(200, { 'content-type': type }).end('{}'),
      );
      const error = await failure(collect(speak(`http://127.0.0.1:${service.port}`)));
      expect(error.code).toBe('SPEECH_PROTOCOL');
    },
  );
});

describe('over ws only', () => {
  it.each([
    ['an error message', 'SPEECH_REFUSED', ({ socket }: FakeSynthesis) => socket?.send('{"error":"canary"}')],
    ['no JSON', 'SPEECH_PROTOCOL', ({ socket }: FakeSynthesis) => socket?.send('canary')],
    ['a message over 1 MiB', 'SPEECH_PROTOCOL', ({ socket }: FakeSynthesis) => socket?.send(Buffer.alloc(1_048_577))],
    ['a protocol close', 'SPEECH_PROTOCOL', ({ socket }: FakeSynthesis) => socket?.close(1002, 'canary')],
    ['going away', 'SPEECH_UNAVAILABLE', ({ socket }: FakeSynthesis) => socket?.close(1001)],
  ])('fails on %s with %s (threat 125)', async (_name, code, act) => {
    const service = await fake();
    service.speech = null;
    service.on('synthesis', act);
    const error = await failure(collect(speak(`ws://127.0.0.1:${service.port}`)));
    expect(error.code).toBe(code);
    expect(error.message).not.toContain('canary');
  });

  it('plays what came before an error, then fails', async () => {
    const service = await fake();
    service.speech = null;
    service.on('synthesis', ({ socket }: FakeSynthesis) => {
      socket?.send(Buffer.from('one'));
      socket?.send('{"error":"x"}');
    });
    const audio = speak(`ws://127.0.0.1:${service.port}`);
    expect(String((await audio.next()).value)).toBe('one');
    expect((await failure(audio.next())).code).toBe('SPEECH_REFUSED');
  });

  it('holds a service back that sends faster than the reader reads', async () => {
    const service = await fake();
    service.speech = null;
    const asked = spoken(service);
    const audio = speak(`ws://127.0.0.1:${service.port}`);
    const first = audio.next();
    const { socket } = await asked;
    const chunk = Buffer.alloc(65_536);
    const total = 200;
    for (let n = 0; n < total; n++) socket?.send(chunk);
    socket?.close(1000);
    await first;
    for (let n = 0; n < 50; n++) await new Promise(setImmediate);
    expect(socket?.bufferedAmount).toBeGreaterThan(0);
    expect((await collect(audio)).length).toBe((total - 1) * chunk.length);
  });
});
