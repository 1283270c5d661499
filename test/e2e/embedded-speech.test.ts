import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Log, silentLog } from '../../src/base/log.js';
import { decodeAudio, encodeAudio } from '../../src/speech/embedded/audio.js';
import { type EmbeddedSpeech, startEmbeddedSpeech } from '../../src/speech/embedded/server.js';
import { ask, AUTHORIZATION, TestSocket, USER } from '../support/embedded-client.js';
import { FakeClock } from '../support/fake-clock.js';
import { joined, silence, voice } from '../unit/speech/embedded-signals.js';

const clock = new FakeClock();
const noProgram = (): null => null;
let service: EmbeddedSpeech;
let recognize: string;
let synthesize: string;

beforeAll(async () => {
  service = await startEmbeddedSpeech({ clock, log: silentLog, ...USER, find: noProgram });
  recognize = `${service.url}/v1/recognize`;
  synthesize = `${service.url}/v1/synthesize`;
});
afterAll(() => service.close());

const START = { action: 'start', 'content-type': 'audio/basic', interim_results: true, timestamps: true };
const LISTENING = { state: 'listening' };
const sentence = joined(silence(500), voice(1_000, 9_000), silence(800));

async function listening(start: object = START): Promise<TestSocket> {
  const client = await new TestSocket(recognize).opened();
  client.sendJson(start);
  expect(await client.next()).toEqual(LISTENING);
  return client;
}

describe('what the service says it is', () => {
  it('listens on loopback only and promises no words without a recogniser', () => {
    expect(service.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(service.stt).toMatchObject({ name: 'utterances', recognises: false });
    expect(service.stt.describe).toContain('recognises no words');
    expect(service.tts.name).toBe('flite');
  });
});

describe('credentials (RFC 7617)', () => {
  const wrong = `Basic ${Buffer.from('gateway:wrong').toString('base64')}`;

  it.each([
    ['none', {}],
    ['wrong ones', { authorization: wrong }],
    ['another scheme', { authorization: AUTHORIZATION.replace('Basic', 'Bearer') }],
  ])('HTTP with %s is answered 401 and a challenge', async (_name, headers) => {
    const answer = await ask(synthesize, { body: '{"text":"hello"}', headers: { authorization: '', ...headers } });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="speech"');
  });

  it.each([null, wrong])('a WebSocket handshake with %s is answered 401', async (authorization) => {
    for (const url of [recognize, synthesize]) expect(await new TestSocket(url, authorization).refused()).toBe(401);
  });

  it('says 401 and not 404 to who is not known', async () => {
    expect((await ask(`${service.url}/`, { headers: { authorization: '' } })).status).toBe(401);
  });
});

describe('HTTP requests that are not served', () => {
  it.each([
    ['GET', '/v1/recognize', 426],
    ['GET', '/v1/synthesize', 405],
    ['POST', '/v1/voices', 404],
    ['POST', '/', 404],
  ])('%s %s is %i', async (method, path, status) => {
    expect((await ask(service.url + path, { method })).status).toBe(status);
  });

  it.each([
    ['/v1/recognize?model=en-US_Telephony', 404],
    ['/v2/recognize', 404],
  ])('a WebSocket to %s is %i', async (path, status) => {
    expect(await new TestSocket(service.url + path).refused()).toBe(status);
  });
});

describe('/v1/recognize', () => {
  it.each([
    ['audio/basic', 'mulaw', 8_000],
    ['audio/alaw;rate=8000', 'alaw', 8_000],
    ['audio/l16;rate=8000', 'l16', 8_000],
    ['audio/l16;rate=16000', 'l16', 16_000],
  ] as const)('hears an utterance in %s, reports its length and stops', async (type, encoding, rate) => {
    const client = await listening({ ...START, 'content-type': type });
    const samples = joined(silence(500, rate), voice(1_000, 9_000, rate), silence(800, rate));
    const audio = encodeAudio(samples, encoding);
    for (let at = 0; at < audio.length; at += 801) client.socket.send(audio.subarray(at, at + 801));
    const result = (await client.next()) as { result_index: number; results: Record<string, unknown>[] };
    expect(result.result_index).toBe(0);
    expect(result.results[0]).toMatchObject({ final: true });
    const [alternative] = result.results[0]?.['alternatives'] as {
      transcript: string;
      timestamps: [string, number, number][];
    }[];
    expect(alternative?.transcript).toMatch(/^\[speech (0\.9|1\.0) s\]$/);
    expect(alternative).not.toHaveProperty('confidence');
    expect(alternative?.timestamps[0]?.[1]).toBeCloseTo(0.5, 1);
    client.sendJson({ action: 'stop' });
    expect(await client.next()).toEqual(LISTENING);
    client.socket.close();
    expect(await client.code()).toBe(1005);
  });

  it.each([
    ['a stop message', (client: TestSocket) => client.sendJson({ action: 'stop' })],
    ['an empty binary frame', (client: TestSocket) => client.socket.send(Buffer.alloc(0))],
  ])('%s brings the last final before listening, and a new request counts from 0', async (_name, stop) => {
    const client = await listening();
    for (let turn = 0; turn < 2; turn += 1) {
      client.socket.send(encodeAudio(joined(silence(500), voice(1_000, 9_000)), 'mulaw'));
      stop(client);
      expect(await client.next()).toMatchObject({ result_index: 0 });
      expect(await client.next()).toEqual(LISTENING);
      client.sendJson(START);
      expect(await client.next()).toEqual(LISTENING);
    }
    client.socket.terminate();
  });

  it('says nothing about silence', async () => {
    const client = await listening();
    client.socket.send(encodeAudio(silence(5_000), 'mulaw'));
    client.sendJson({ action: 'stop' });
    expect(await client.next()).toEqual(LISTENING);
    client.sendJson({ action: 'stop' });
    expect(await client.next()).toEqual(LISTENING);
    client.socket.terminate();
  });

  it.each([
    ['no JSON', 'start'],
    ['no action', '{}'],
    ['no content type', '{"action":"start"}'],
    ['a content type that is not served', '{"action":"start","content-type":"audio/ogg;codecs=opus"}'],
  ])('a start message with %s is answered with an error and close 1000', async (_name, text) => {
    const client = await new TestSocket(recognize).opened();
    client.socket.send(text);
    expect(await client.next()).toEqual({ error: expect.any(String) as string });
    expect(await client.code()).toBe(1000);
  });

  it('audio before start is an error', async () => {
    const client = await new TestSocket(recognize).opened();
    client.socket.send(Buffer.alloc(160));
    expect(await client.next()).toHaveProperty('error');
    expect(await client.code()).toBe(1000);
  });

  it('a second start without a stop is an error', async () => {
    const client = await listening();
    client.sendJson(START);
    expect(await client.next()).toHaveProperty('error');
    expect(await client.code()).toBe(1000);
  });

  it('a frame over 4 MB ends the connection with 1009', async () => {
    const client = await listening();
    client.socket.send(Buffer.alloc(4_194_305));
    expect(await client.code()).toBe(1009);
  });

  it('audio without speech for the time of inactivity ends the session', async () => {
    const client = await listening({ ...START, inactivity_timeout: 5 });
    client.socket.send(encodeAudio(silence(4_900), 'mulaw'));
    client.socket.send(encodeAudio(voice(600, 9_000), 'mulaw'));
    client.socket.send(encodeAudio(silence(4_900), 'mulaw'));
    expect(await client.next()).toMatchObject({ result_index: 0 });
    client.socket.send(encodeAudio(silence(200), 'mulaw'));
    expect(await client.next()).toEqual({ error: 'No speech detected for 5s.' });
    expect(await client.code()).toBe(1011);
  });

  it('with inactivity_timeout -1 silence may last', async () => {
    const client = await listening({ ...START, inactivity_timeout: -1 });
    client.socket.send(encodeAudio(silence(120_000), 'mulaw'));
    client.sendJson({ action: 'stop' });
    expect(await client.next()).toEqual(LISTENING);
    client.socket.terminate();
  });

  it('a client that sends nothing for 30 s is ended, one that does is not', async () => {
    const idle = await listening();
    clock.advance(20_000);
    const busy = await listening();
    clock.advance(15_000);
    expect(await idle.next()).toEqual({ error: 'Session timed out.' });
    expect(await idle.code()).toBe(1011);
    busy.sendJson({ action: 'stop' });
    expect(await busy.next()).toEqual(LISTENING);
    busy.socket.terminate();
  });

  it('serves forty sessions at once without mixing them', async () => {
    const clients = await Promise.all(Array.from({ length: 40 }, () => listening()));
    clients.forEach((client, index) => {
      const spoken = index % 2 === 0 ? sentence : silence(2_300);
      client.socket.send(encodeAudio(spoken, 'mulaw'));
      client.sendJson({ action: 'stop' });
    });
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) expect(await client.next()).toMatchObject({ result_index: 0 });
      expect(await client.next()).toEqual(LISTENING);
      expect(client.unread).toBe(0);
      client.socket.terminate();
    }
  });
});

describe('/v1/synthesize over HTTP', () => {
  const body = JSON.stringify({ text: 'Good morning. How are you?' });

  it.each([
    ['audio/basic', 'mulaw', 8_000],
    ['audio/alaw;rate=8000', 'alaw', 8_000],
    ['audio/l16;rate=8000', 'l16', 8_000],
    ['audio/l16;rate=16000', 'l16', 16_000],
  ] as const)('speaks %s', async (accept, encoding, rate) => {
    const answer = await ask(synthesize, { body, headers: { accept } });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(accept);
    const samples = decodeAudio(answer.body, encoding);
    expect(samples.length / rate).toBeGreaterThan(1);
    expect(samples.length / rate).toBeLessThan(4);
    expect(samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)).toBeGreaterThan(5_000);
  });

  it('makes a WAV file of known length, also by query', async () => {
    const answer = await ask(`${synthesize}?accept=audio/wav;rate=8000&voice=rms`, { body });
    expect(answer.body.toString('latin1', 0, 4)).toBe('RIFF');
    expect(answer.body.readUInt32LE(40)).toBe(answer.body.length - 44);
    expect(answer.headers['content-type']).toBe('audio/wav;rate=8000');
  });

  it.each([
    [400, 'not JSON', 'audio/basic', ''],
    [400, '{"text":""}', 'audio/basic', ''],
    [404, body, 'audio/basic', '?voice=en-US_AllisonVoice'],
    [406, body, 'audio/ogg;codecs=opus', ''],
    [413, JSON.stringify({ text: 'a'.repeat(5_121) }), 'audio/basic', ''],
    [413, JSON.stringify({ text: 'a'.repeat(60_000) }), 'audio/basic', ''],
  ])('refuses with %i', async (status, text, accept, query) => {
    const answer = await ask(synthesize + query, { body: text, headers: { accept } });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString('utf8'))).toHaveProperty('error');
  });

  it('says nothing, with 200, for a text without a word', async () => {
    const answer = await ask(synthesize, { body: '{"text":"日本"}', headers: { accept: 'audio/basic' } });
    expect([answer.status, answer.body.length]).toEqual([200, 0]);
  });

  it('refuses what it cannot speak soon with 503, and speaks what it took', async () => {
    const texts = Array.from({ length: 130 }, (_, index) => JSON.stringify({ text: `Number ${index}` }));
    const answers = await Promise.all(
      texts.map((text) => ask(synthesize, { body: text, headers: { accept: 'audio/basic' } })),
    );
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ headers }) => headers['retry-after'] === '1')).toBe(true);
    const spoken = answers.filter(({ status }) => status === 200);
    expect(spoken.length).toBeGreaterThanOrEqual(65);
    expect(spoken.every(({ body: audio }) => audio.length > 1_000)).toBe(true);
  });
});

describe('/v1/synthesize over WebSocket', () => {
  it('names the stream, sends audio in pieces and closes at its end', async () => {
    const client = await new TestSocket(`${synthesize}?voice=slt`).opened();
    client.sendJson({ text: 'Good morning. How are you?', accept: 'audio/basic' });
    expect(await client.next()).toEqual({ binary_streams: [{ content_type: 'audio/basic' }] });
    expect(await client.code()).toBe(1000);
    const pieces: Buffer[] = [];
    while (client.unread > 0) pieces.push((await client.next()) as Buffer);
    expect(pieces.every((piece) => Buffer.isBuffer(piece) && piece.length <= 8_192)).toBe(true);
    const twin = await ask(synthesize, {
      body: '{"text":"Good morning. How are you?"}',
      headers: { accept: 'audio/basic' },
    });
    expect(Buffer.concat(pieces).equals(twin.body)).toBe(true);
  });

  it.each([
    ['no JSON', 'hello'],
    ['no text', '{"accept":"audio/basic"}'],
    ['no type', '{"text":"hello"}'],
    ['another voice', '{"text":"hello","accept":"audio/basic","voice":"x"}'],
    ['too much text', JSON.stringify({ text: 'a'.repeat(5_121), accept: 'audio/basic' })],
  ])('%s is answered with an error and close 1011', async (_name, text) => {
    const client = await new TestSocket(synthesize).opened();
    client.socket.send(text);
    expect(await client.next()).toHaveProperty('error');
    expect(await client.code()).toBe(1011);
  });

  it('a client that asks for nothing is ended', async () => {
    const client = await new TestSocket(synthesize).opened();
    const answered = client.next();
    await ask(`${service.url}/`); // a round trip: the server has seen the connection
    clock.advance(10_000);
    expect(await answered).toEqual({ error: 'Session timed out.' });
    expect(await client.code()).toBe(1011);
  });
});

describe('the end of the service', () => {
  it('ends connections, frees the port and leaves no timer; closing again does nothing', async () => {
    const own = new FakeClock();
    const short = await startEmbeddedSpeech({ clock: own, log: silentLog, ...USER, find: noProgram });
    const client = await new TestSocket(`${short.url}/v1/recognize`).opened();
    client.sendJson(START);
    await client.next();
    await ask(`${short.url}/v1/synthesize`, { body: '{"text":"hello"}', headers: { accept: 'audio/basic' } });
    await Promise.all([short.close(), short.close()]);
    expect(await client.code()).toBe(1006);
    expect(own.pending).toBe(0);
    const refused = await new Promise<string>((resolve) => {
      connect(Number(new URL(short.url).port), '127.0.0.1').once('error', ({ message }) => resolve(message));
    });
    expect(refused).toContain('ECONNREFUSED');
  });

  it('breaks a prompt that is being spoken off instead of ending it as if it were whole', async () => {
    const short = await startEmbeddedSpeech({ clock: new FakeClock(), log: silentLog, ...USER, find: noProgram });
    const text = Array.from({ length: 60 }, (_, index) => `This is sentence number ${index}.`).join(' ');
    const spoken = ask(`${short.url}/v1/synthesize`, {
      body: JSON.stringify({ text }),
      headers: { accept: 'audio/basic' },
    });
    const broken = expect(spoken).rejects.toThrow();
    await short.close();
    await broken;
  });
});

describe('a pocketsphinx that does not run', () => {
  it('is told to the operator, and the service detects utterances only', async () => {
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (_fields, message) => warnings.push(message), child: () => log };
    const find = (): string => '/bin/false';
    const short = await startEmbeddedSpeech({ clock: new FakeClock(), log, ...USER, find });
    expect(short.stt.recognises).toBe(false);
    await short.close();
    // Without the model's files the program is not even tried.
    expect(warnings.every((message) => message.startsWith('pocketsphinx is installed'))).toBe(true);
  });
});
