import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { GatewayError } from '../../src/base/errors.js';
import { LegSockets } from '../../src/media/leg-sockets.js';
import { PortPool } from '../../src/media/port-pool.js';
import { parseRtcp } from '../../src/media/rtcp.js';
import { RtpEndpoint } from '../../src/media/rtp-endpoint.js';
import { writeWav } from '../../src/audio/wav.js';
import { localMedia, MediaEvents, noise, openOptions, plan, rtpBytes } from '../support/rtp-media.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function call(changes: Parameters<typeof localMedia>[0] = {}, assets?: URL) {
  const media = localMedia(changes, undefined, assets);
  await media.port.start();
  cleanups.push(() => media.port.close());
  const peer = new RtpEndpoint();
  cleanups.push(() => peer.close());
  const { port } = await peer.open('127.0.0.1');
  const events = new MediaEvents();
  const session = await media.port.open(openOptions(plan(port)), events.listener);
  return {
    ...media,
    peer,
    peerPort: port,
    events,
    session,
    remote: { address: '127.0.0.1', port: session.local.rtpPort },
  };
}

describe('a leg over real UDP', () => {
  it('hands 3 s of received μ-law to the recogniser bit for bit', async () => {
    const { session, peer, remote, stt, events } = await call();
    expect(session.local.rtpPort % 2).toBe(0); // RFC 3550 §11
    session.start();
    const speech = noise(24_000);
    await peer.sendG711([speech], 0, remote);
    const heard = await stt.last.audioAtLeast(speech.length);
    expect(heard.subarray(0, speech.length).equals(speech)).toBe(true);
    expect(stt.last.frames.every((frame) => frame.length === 800)).toBe(true);
    expect(stt.last.session).toEqual({
      sessionId: 'session-1',
      format: { encoding: 'mulaw', rate: 8000 },
      interim: false,
    });
    expect((await events.next('media-started')).afterMs).toBeLessThan(1_000);
    const stats = await session.close();
    expect(stats).toMatchObject({ packetsReceived: 150, lossPercent: 0, dropped: {} });
    expect(stats.packetsSent).toBeGreaterThan(140);
    expect(stt.last).toMatchObject({ finished: true, closed: true });
  });

  it('plays a prompt 20 ms paced, bit for bit, with one marker at its begin (RFC 3551 §4.1)', async () => {
    const { session, peer, tts, events } = await call();
    const voice = noise(8_000, 7);
    tts.voices.set('hello', voice);
    session.say(1, 'hello');
    session.start();
    expect(await events.next('prompt-ended')).toEqual({ type: 'prompt-ended', promptId: 1, outcome: 'played' });
    await peer.receivedAtLeast(peer.received.length + 1);
    await session.close();
    const first = peer.received.findIndex(({ payload }) => payload[0] === voice[0]);
    const spoken = peer.received.slice(first, first + 50);
    expect(Buffer.concat(spoken.map(({ payload }) => payload)).equals(voice)).toBe(true);
    expect(spoken.map(({ marker }) => marker)).toEqual([true, ...Array<boolean>(49).fill(false)]);
    spoken.forEach(({ timestamp, sequence }, index) => {
      expect((timestamp - (spoken[0]?.timestamp ?? 0)) >>> 0).toBe(index * 160);
      expect((sequence - (spoken[0]?.sequence ?? 0)) & 0xffff).toBe(index);
    });
    const lastMs = (spoken.at(-1)?.receivedMs ?? 0) - (spoken[0]?.receivedMs ?? 0);
    expect(lastMs).toBeGreaterThan(49 * 20 - 30);
    expect(lastMs).toBeLessThan(49 * 20 + 100);
    expect(tts.formats).toEqual([{ encoding: 'mulaw', rate: 8000 }]);
  });

  it('gives ports back after close and lets them rest (threat 115)', async () => {
    const { session, port } = await call({ portRange: { min: 21_000, max: 21_001 }, quarantineMs: 60 });
    await expect(port.open(openOptions(plan(9_000)), () => {})).rejects.toMatchObject({ code: 'MEDIA_NO_PORT' });
    expect(await port.counts()).toMatchObject({ legs: 1, portsInUse: 1, portsResting: 0 });
    await session.close();
    expect(await port.counts()).toMatchObject({ legs: 0, portsInUse: 0, portsResting: 1 });
    await expect(port.open(openOptions(plan(9_000)), () => {})).rejects.toMatchObject({ code: 'MEDIA_NO_PORT' });
    await expect.poll(async () => (await port.counts()).portsResting).toBe(0);
    const again = await port.open(openOptions(plan(9_000)), () => {});
    expect(again.local.rtpPort).toBe(21_000);
  });

  it('threat 110/111: a second party at the port is not heard, and nothing is sent to it', async () => {
    const { session, peer, remote, stt } = await call();
    session.start();
    const attacker = createSocket('udp4');
    const stolen: Buffer[] = [];
    attacker.on('message', (data) => stolen.push(data));
    attacker.bind(0, '127.0.0.2');
    await once(attacker, 'listening');
    const bad = rtpBytes({ ssrc: 66 }, new Uint8Array(160).fill(0xee));
    const spray = (): void => attacker.send(bad, remote.port, remote.address);
    for (let count = 0; count < 20; count += 1) spray(); // during set-up: not the SDP address
    const speech = noise(8_000);
    const sending = peer.sendG711([speech], 0, remote);
    const mid = setInterval(spray, 5);
    await sending;
    clearInterval(mid);
    const heard = await stt.last.audioAtLeast(speech.length);
    await session.close();
    attacker.close();
    expect(heard.subarray(0, speech.length).equals(speech)).toBe(true);
    expect(heard.includes(0xee)).toBe(false);
    expect(stolen.filter((data) => data.length > 100)).toEqual([]);
  });

  it('a NATed peer is learnt from its signalling address, once', async () => {
    const { port, stt } = await call();
    const peer = new RtpEndpoint();
    const late = new RtpEndpoint();
    await peer.open('127.0.0.1');
    await late.open('127.0.0.1');
    const natted = plan(40_000, { remoteAddress: '10.99.99.99' });
    const session = await port.open(openOptions(natted), () => {});
    session.start();
    const remote = { address: '127.0.0.1', port: session.local.rtpPort };
    const speech = noise(3_200);
    await peer.sendG711([speech], 0, remote);
    await late.sendG711([new Uint8Array(1_600).fill(0xee)], 0, remote);
    const heard = await stt.last.audioAtLeast(speech.length);
    await peer.receivedAtLeast(1); // our stream follows the learnt source
    await session.close();
    await Promise.all([peer.close(), late.close()]);
    expect(heard.subarray(0, speech.length).equals(speech)).toBe(true);
    expect(heard.includes(0xee)).toBe(false);
    expect(late.received).toEqual([]);
  });

  it('a re-INVITE with another address moves the stream there and the lock with it', async () => {
    const { session, peer, remote, stt } = await call();
    session.start();
    await peer.sendG711([noise(800)], 0, remote);
    const moved = new RtpEndpoint();
    const { port } = await moved.open('127.0.0.1');
    session.update(plan(port));
    const before = peer.received.length;
    const speech = noise(8_000, 3);
    await moved.sendG711([speech], 0, remote);
    await moved.receivedAtLeast(20);
    await session.close();
    await moved.close();
    expect(peer.received.length - before).toBeLessThan(3);
    expect(stt.last.audio.includes(speech.subarray(4_000, 4_160))).toBe(true);
  });

  it('says that a key was pressed, once, and never which (RFC 4733)', async () => {
    const { session, peerPort, peer, events, remote, stt } = await call();
    await peer.close();
    session.start();
    const phone = createSocket('udp4');
    phone.bind(peerPort, '127.0.0.1');
    await once(phone, 'listening');
    const event = (sequence: number, end: boolean): Buffer =>
      rtpBytes({ payloadType: 101, sequence, timestamp: 160 }, Uint8Array.of(7, end ? 0x8a : 0x0a, 0, 160));
    phone.send(rtpBytes({ sequence: 1, timestamp: 0 }), remote.port, remote.address);
    [2, 3, 4, 5].forEach((sequence) => phone.send(event(sequence, sequence > 3), remote.port, remote.address));
    await events.next('dtmf');
    phone.send(rtpBytes({ sequence: 6, timestamp: 1_600 }), remote.port, remote.address);
    await stt.last.audioAtLeast(800);
    await session.close();
    phone.close();
    expect(events.of('dtmf')).toEqual([{ type: 'dtmf' }]);
  });

  it('a failing voice ends its prompt and the next one plays', async () => {
    const { session, tts, events } = await call();
    tts.voices.set('bad', new GatewayError('SPEECH_UNAVAILABLE', 'no voice'));
    tts.voices.set('good', noise(800));
    session.start();
    session.say(1, 'bad');
    session.say(2, 'good');
    expect((await events.next('prompt-ended', 2)).outcome).toBe('played');
    expect(events.of('prompt-ended')[0]).toMatchObject({ promptId: 1, outcome: 'failed' });
    expect(events.of('speech-failed')).toEqual([
      { type: 'speech-failed', service: 'tts', code: 'SPEECH_UNAVAILABLE', message: 'no voice', retrying: false },
    ]);
  });

  it('plays the packaged prompt without any speech service, and fails it when the file is not there', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'prompts-'));
    const tone = Int16Array.from({ length: 4_000 }, (_, index) => Math.round(9_000 * Math.sin(index / 3)));
    await writeFile(join(directory, 'apology.wav'), writeWav({ rate: 8000, samples: tone }));
    const { session, events, peer } = await call({}, pathToFileURL(`${directory}/`));
    session.start();
    session.playBuiltIn(1, 'apology');
    session.playBuiltIn(2, 'greeting');
    await events.next('prompt-ended', 2);
    expect(events.of('prompt-ended')).toEqual([
      { type: 'prompt-ended', promptId: 2, outcome: 'failed' },
      { type: 'prompt-ended', promptId: 1, outcome: 'played' },
    ]);
    await session.close();
    const loud = peer.received.filter(({ payload }) => payload.some((byte) => byte !== 0xff));
    expect(loud.length).toBe(25);
  });

  it('stops playback at once; what waits is interrupted too', async () => {
    const { session, tts, events } = await call();
    tts.voices.set('long', noise(80_000));
    session.start();
    session.say(1, 'long');
    session.say(2, 'long');
    session.stopPlayback();
    expect(events.of('prompt-ended').map(({ promptId, outcome }) => [promptId, outcome])).toEqual([
      [1, 'interrupted'],
      [2, 'interrupted'],
    ]);
  });

  it('after close every method does nothing and close gives the same counters', async () => {
    const { session, events } = await call();
    const stats = await session.close();
    session.start();
    session.say(1, 'x');
    session.playBuiltIn(2, 'apology');
    session.stopPlayback();
    session.update(plan(9_000));
    expect(await session.close()).toEqual(stats);
    expect(events.of('prompt-ended')).toEqual([]);
  });

  it('RTCP: says good-bye one port above RTP, takes reports from the peer only, and counts garbage (threat 113)', async () => {
    const { port } = await call();
    const clock = systemClock;
    const peer = await LegSockets.open('127.0.0.1', new PortPool({ min: 23_000, max: 23_099 }, 0, clock), clock);
    cleanups.push(() => peer.close());
    const reports: Buffer[] = [];
    const session = await port.open(openOptions(plan(peer.rtpPort)), () => {});
    peer.aim('127.0.0.1', session.local.rtpPort);
    const bye = new Promise<void>((resolve) => {
      peer.receive({ push: () => {} }, { push: ({ data }) => (reports.push(Buffer.from(data)), resolve()) });
    });
    session.start();
    const stranger = createSocket('udp4');
    stranger.bind(0, '127.0.0.2');
    await once(stranger, 'listening');
    await new Promise<void>((resolve) =>
      stranger.send(Buffer.alloc(8), session.local.rtpPort + 1, '127.0.0.1', () => resolve()),
    );
    peer.sendRtcp(Buffer.from([0x80, 201, 0, 0])); // AST-2017-008
    for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate); // what loopback holds is read
    const stats = await session.close();
    await bye;
    stranger.close();
    expect(stats.dropped).toEqual({ rtcp_malformed: 1, rtcp_source: 1 });
    expect(typeof parseRtcp(reports[0] ?? Buffer.alloc(0))).toBe('object');
    expect(reports[0]?.subarray(-8).readUInt8(1)).toBe(203);
  });

  it('threat 114: a flood at one call costs the other call nothing', async () => {
    const { port, peer, session, remote, stt } = await call();
    const victim = await port.open(openOptions(plan(9)), () => {});
    victim.start();
    session.start();
    const flooder = createSocket('udp4');
    flooder.bind(0, '127.0.0.2');
    await once(flooder, 'listening');
    const junk = rtpBytes({}, new Uint8Array(1_488));
    const flood = setInterval(() => {
      for (let count = 0; count < 100; count += 1) flooder.send(junk, victim.local.rtpPort, '127.0.0.1');
    }, 10);
    const speech = noise(8_000);
    await peer.sendG711([speech], 0, remote);
    clearInterval(flood);
    expect((await stt.streams[0]?.audioAtLeast(8_000))?.subarray(0, 8_000).equals(speech)).toBe(true);
    expect((await session.close()).lossPercent).toBe(0);
    const flooded = await victim.close();
    flooder.close();
    expect(flooded.packetsReceived).toBe(0);
    expect(flooded.dropped['source']).toBeGreaterThan(1_000);
  });
});
