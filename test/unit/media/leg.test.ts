import { afterEach, describe, expect, it } from 'vitest';
import { LegSockets } from '../../../src/media/leg-sockets.js';
import { PortPool } from '../../../src/media/port-pool.js';
import { probeRecognition } from '../../../src/media/speech-probe.js';
import { UdpSocket } from '../../../src/media/udp-socket.js';
import { FakeClock } from '../../support/fake-clock.js';
import { localMedia, MediaEvents, openOptions, plan } from '../../support/rtp-media.js';
import { FakeStt } from '../../support/rtp-speech.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A leg whose time is turned by hand; no packet ever comes. */
async function leg(changes: Parameters<typeof plan>[1] = {}, options: Parameters<typeof localMedia>[0] = {}) {
  const clock = new FakeClock();
  const media = localMedia(options, clock);
  await media.port.start();
  cleanups.push(() => media.port.close());
  const events = new MediaEvents();
  const session = await media.port.open(openOptions(plan(9, changes)), events.listener);
  return { ...media, clock, events, session };
}

describe('a leg in time', () => {
  it('on hold the recogniser gets silence in real time: 30 s windows never run empty', async () => {
    const { session, clock, stt } = await leg();
    session.start();
    session.update(plan(9, { direction: 'inactive' }));
    clock.advance(60_000);
    expect(stt.last.audio.length / 8).toBeGreaterThan(59_400);
    expect(stt.last.audio.length / 8).toBeLessThanOrEqual(60_000);
    expect(stt.last.audio.every((byte) => byte === 0xff)).toBe(true);
  });

  it('before the answer nothing is made up and nothing is sent', async () => {
    const { session, clock, stt } = await leg();
    clock.advance(60_000);
    expect(stt.last.frames).toEqual([]);
    expect((await session.close()).packetsSent).toBe(0);
  });

  it('says `silent` when no packet ever came, and with the limit of hold while on hold (fault 17)', async () => {
    const { session, clock, events } = await leg({}, { silenceMs: 30_000, holdMs: 120_000 });
    session.start();
    clock.advance(29_980);
    expect(events.of('silent')).toEqual([]);
    clock.advance(40);
    expect(events.of('silent')).toEqual([{ type: 'silent', silentMs: 30_000, onHold: false }]);
    session.update(plan(9, { direction: 'recvonly' }));
    clock.advance(119_000);
    expect(events.of('silent').length).toBe(1);
    clock.advance(2_000);
    expect(events.of('silent')[1]).toEqual({ type: 'silent', silentMs: 120_000, onHold: true });
  });

  it('sends 50 packets a second, none while on hold', async () => {
    const { session, clock } = await leg();
    session.start();
    clock.advance(1_000);
    session.update(plan(9, { direction: 'inactive' }));
    clock.advance(5_000);
    session.update(plan(9));
    clock.advance(1_000);
    expect((await session.close()).packetsSent).toBe(100);
  });

  it('a prompt waits while on hold and ends when its last packet is out', async () => {
    const { session, clock, tts, events } = await leg();
    tts.voices.set('hi', new Uint8Array(160).fill(1));
    session.start();
    session.update(plan(9, { direction: 'inactive' }));
    session.say(1, 'hi');
    clock.advance(1_000);
    await new Promise(setImmediate);
    expect(events.of('prompt-ended')).toEqual([]);
    session.update(plan(9));
    clock.advance(40);
    expect(events.of('prompt-ended').map(({ outcome }) => outcome)).toEqual(['played']);
  });

  it('a change of codec ends prompts in the old one; the next speaks the new one', async () => {
    const { session, tts, events } = await leg();
    tts.voices.set('hi', new Uint8Array(16_000).fill(1));
    session.start();
    session.say(1, 'hi');
    session.update(plan(9, { codec: 'PCMA', payloadType: 8 }));
    session.say(2, 'hi');
    await new Promise(setImmediate);
    expect(events.of('prompt-ended')).toEqual([{ type: 'prompt-ended', promptId: 1, outcome: 'interrupted' }]);
    expect(tts.formats.map(({ encoding }) => encoding)).toEqual(['mulaw', 'alaw']);
  });

  it('transcripts count from the answer, not from the first audio', async () => {
    const { session, clock, stt, events } = await leg();
    clock.advance(5_000);
    session.start();
    clock.advance(2_000); // silence is fed from the answer on
    stt.last.listener.onReady();
    stt.last.listener.onResult({ text: 'yes', final: true, startMs: 1_000, endMs: 1_400, confidence: 0.9 });
    stt.last.listener.onFailure({ code: 'SPEECH_UNAVAILABLE', message: 'gone', retrying: true });
    expect(events.all).toEqual([
      { type: 'speech-ready' },
      {
        type: 'transcript',
        participant: 'caller',
        text: 'yes',
        final: true,
        startMs: 1_000,
        endMs: 1_400,
        confidence: 0.9,
      },
      { type: 'speech-failed', service: 'stt', code: 'SPEECH_UNAVAILABLE', message: 'gone', retrying: true },
    ]);
  });

  it('waits for the last words of a call that ended', async () => {
    const { session, stt, events } = await leg();
    stt.last.finish = () => {
      stt.last.listener.onResult({ text: 'bye', final: true, startMs: 0, endMs: 10, confidence: null });
      return Promise.resolve();
    };
    await session.close();
    expect(events.of('transcript').map(({ text }) => text)).toEqual(['bye']);
    expect(stt.last.closed).toBe(true);
  });

  it('counts what the recogniser dropped, and closes though it fails to finish', async () => {
    const { session, stt } = await leg();
    stt.last.droppedBytes = 800;
    stt.last.finish = () => Promise.reject(new Error('broken'));
    expect((await session.close()).dropped).toEqual({ stt_bytes: 800 });
    expect(stt.last.closed).toBe(true);
  });

  it('a fault of ours ends the leg once, not the engine', async () => {
    const { session, clock, stt, events, port } = await leg();
    session.start();
    stt.last.write = () => {
      throw new Error('fault');
    };
    clock.advance(2_000);
    expect(events.of('lost')).toEqual([{ type: 'lost', code: 'INTERNAL', message: 'The media leg failed.' }]);
    await session.close();
    expect((await port.counts()).legs).toBe(0);
  });

  it('leaves no timer behind', async () => {
    const { session, clock, port } = await leg();
    session.start();
    clock.advance(100);
    await session.close();
    await port.close();
    expect(clock.pending).toBe(0);
  });
});

describe('opening a leg', () => {
  it.each([
    ['an address of another family', { localAddress: '::1' }, 'MEDIA_ADDRESS'],
    ['a host name', { localAddress: 'localhost' }, 'MEDIA_ADDRESS'],
    ['an address that is not ours', { localAddress: '192.0.2.1' }, 'MEDIA_NO_PORT'],
  ])('refuses %s', async (_name, changes, code) => {
    const { port } = localMedia();
    await expect(port.open(openOptions(plan(9), changes), () => {})).rejects.toMatchObject({ code });
    expect(await port.counts()).toMatchObject({ legs: 0, portsInUse: 0 });
  });

  it('gives ports back when the recogniser cannot be opened', async () => {
    const { port, stt } = localMedia();
    stt.onOpen = () => {
      throw new Error('no');
    };
    await expect(port.open(openOptions(plan(9)), () => {})).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await port.counts()).toMatchObject({ legs: 0, portsInUse: 0, portsResting: 1 });
  });

  it('binds all addresses in the family of the peer', async () => {
    const { port } = localMedia();
    const session = await port.open(openOptions(plan(9), { localAddress: '::' }), () => {});
    expect(session.local.address).toBe('0.0.0.0');
    await port.close();
  });

  it('passes over ports that other programs hold', async () => {
    const foreign = await UdpSocket.bind('127.0.0.1', 0);
    const even = foreign.port - (foreign.port % 2);
    const pool = new PortPool({ min: even, max: even + 3 }, 1_000, new FakeClock());
    const sockets = await LegSockets.open('127.0.0.1', pool, new FakeClock());
    expect(sockets.rtpPort).toBe(even + 2);
    await sockets.close();
    await foreign.close();
  });

  it('an engine that is closed opens nothing', async () => {
    const { port } = localMedia();
    await port.close();
    await expect(port.open(openOptions(plan(9)), () => {})).rejects.toMatchObject({ code: 'MEDIA_WORKER' });
  });
});

describe('probeRecognition', () => {
  it.each<[string, (stt: FakeStt) => void, unknown]>([
    ['is null when the service gets ready', (stt) => (stt.onOpen = (stream) => stream.listener.onReady()), null],
    [
      'says why it failed',
      (stt) =>
        (stt.onOpen = (stream) => stream.listener.onFailure({ code: 'SPEECH_REFUSED', message: 'no', retrying: true })),
      { code: 'SPEECH_REFUSED', message: 'no' },
    ],
    [
      'survives an adapter that throws',
      (stt) =>
        (stt.onOpen = () => {
          throw new Error('secret words');
        }),
      { code: 'INTERNAL', message: 'The speech probe failed.' },
    ],
    [
      'gives up in time (fault 2: accepts, never replies)',
      () => {},
      { code: 'SPEECH_UNAVAILABLE', message: 'The speech service did not get ready in time.' },
    ],
  ])('%s', async (_name, prepare, expected) => {
    const clock = new FakeClock();
    const stt = new FakeStt();
    prepare(stt);
    const result = probeRecognition(stt, clock, 2_000);
    clock.advance(2_000);
    expect(await result).toEqual(expected);
    expect(clock.pending).toBe(0);
    expect(stt.streams.every((stream) => stream.closed || expected !== null)).toBe(true);
  });
});
