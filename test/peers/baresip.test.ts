import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../../src/call/record.js';
import { writeWav } from '../../src/audio/wav.js';
import { Baresip, BARESIP_FILES, type BaresipEvent, type BaresipOptions } from '../support/baresip.js';
import { FakeWatson, type FakeRecognition } from '../support/fake-watson.js';
import { type NetworkNamespace, requireNetns, withNetns } from '../support/netns.js';
import { requirePeer } from '../support/peer.js';
import { RunningGateway } from '../support/running-gateway.js';
import { fromMulaw, pseudoSpeech, RATE, silence, toMulaw, tone } from '../support/telephone-audio.js';

/** What the caller says from the first moment of the call, and what the caller is greeted with; both in μ-law. */
const SPEECH = pseudoSpeech(3 * RATE, 0x5eed);
const GREETING = tone(RATE);
const MICROPHONE = writeWav({ rate: RATE, samples: fromMulaw(Buffer.concat([SPEECH, silence(30 * RATE)])) });

/** Every wait ends, so that what was started is always cleaned up. */
const PATIENCE_MS = 15_000;
/** Samples that may be on their way when a call ends: three packets. */
const IN_FLIGHT = 480;

const met = requirePeer('baresip', ...BARESIP_FILES) && requireNetns();

describe.runIf(met)('baresip over TLS', { timeout: 60_000 }, () => {
  it('401, 200, greeting heard, every sample recognised bit-exact (G.711), BYE, record, nothing left behind', () =>
    meet({}, { WHITELIST_FROM_URI: '2345550001' }, async (meeting) => {
      const { netns, gateway, watson, baresip } = meeting;
      const recognition = await connect(meeting);
      await recognised(meeting, recognition, ({ length }) => length >= SPEECH.length + RATE / 2);
      const callId = await hangUp(baresip);
      expect(baresip.program.output).toMatch(/^BYE sip:/m);
      expect(baresip.statuses).toEqual([401, 100, 200, 200]);
      await baresip.stop();
      expectEverySample(recognition, baresip);
      expect(watson.syntheses.map(({ accept }) => accept)).toEqual(['audio/basic']);
      expect(bytes(baresip.recordings.heard).includes(bytes(fromMulaw(GREETING)))).toBe(true);

      const { network, ...record } = await callRecord(gateway);
      expect(record).toMatchObject({ callId, endReason: 'caller_hangup', failure: null, codec: 'PCMU' });
      expect(record.security).toEqual({ media_encrypted: false, signaling_encrypted: true, sip_authenticated: true });
      // RFC 3550 §6.1: a report comes first. baresip opens the path with an APP alone, without RFC 5506 being agreed on.
      const { rtcp_malformed: opening = 0, ...dropped } = network.dropped;
      expect({ lossPercent: network.lossPercent, dropped }).toEqual({ lossPercent: 0, dropped: {} });
      expect(opening).toBeLessThanOrEqual(2);

      const decisions = await gateway.decisions();
      expect(decisions).toMatchObject([
        { callId, verdict: 'challenge', status: 401, rule: 'digest', user: null },
        { callId, verdict: 'allow', status: null, rule: 'all', user: 'portcullis', transport: 'tls' },
      ]);
      for (const { peer } of decisions) expect(peer.startsWith(`${netns.address}:`)).toBe(true);
      await nothingLeft(gateway);
    }));

  it('hold and resume by re-INVITE (RFC 3264 §8.4): silence is recognised meanwhile, then every sample again', () =>
    meet({}, {}, async (meeting) => {
      const { gateway, baresip } = meeting;
      const end = SPEECH.subarray(-RATE / 2);
      const recognition = await connect(meeting);
      await recognised(meeting, recognition, ({ length }) => length >= RATE);
      baresip.command('hold');
      await baresip.program.waitFor(/^a=recvonly/m);
      await recognised(meeting, recognition, (audio) => audio.includes(silence(RATE / 10)));
      baresip.command('resume');
      await recognised(meeting, recognition, (audio) => audio.includes(end));
      await hangUp(baresip);
      expect(baresip.statuses).toEqual([401, 100, 200, 100, 200, 100, 200, 200]);

      const spoken = recognition.audio.subarray(0, recognition.audio.indexOf(end) + end.length);
      const before = commonPrefix(spoken, SPEECH);
      const after = commonPrefix(reversed(spoken), reversed(SPEECH));
      expect(before).toBeGreaterThanOrEqual(RATE);
      const between = spoken.subarray(before, spoken.length - after);
      expect(between.length).toBeGreaterThanOrEqual(RATE / 10);
      expect(between.equals(silence(between.length))).toBe(true);
      expect((await callRecord(gateway)).endReason).toBe('caller_hangup');
      await nothingLeft(gateway);
    }));

  it.each([
    ['a wrong password', { password: 'wrong' }, [401, 401], 'digest', '401 Unauthorized'],
    ['a From that is not on the list', { from: '9995550000@example.com' }, [401, 403], 'from', '403 Forbidden'],
    ['encrypted audio only', { mediaEncryption: 'srtp-mand' }, [401, 488], 'media', '488 Not Acceptable Here'],
  ] as const)('%s: refused, and it gives up', (_case, caller, statuses, rule, reason) =>
    meet(caller, { WHITELIST_FROM_URI: '2345550001' }, async (meeting) => {
      const { gateway, watson, baresip } = meeting;
      const closed = next(baresip, 'CALL_CLOSED');
      dial(meeting);
      expect(await closed).toMatchObject({ param: reason });
      await expect.poll(() => baresip.statuses).toEqual(statuses);
      const decisions = await gateway.decisions();
      expect(decisions.map(({ status }) => status)).toEqual(statuses);
      expect(decisions.at(-1)?.rule).toBe(rule);
      expect(watson.recognitions).toEqual([]);
      await nothingLeft(gateway);
    }),
  );

  it('stops at a first challenge by SHA-256 (RFC 8760 §2.4), which is what SIP_AUTH_ALGORITHMS=MD5 is for', () =>
    meet({}, { SIP_AUTH_ALGORITHMS: undefined }, async (meeting) => {
      const { gateway, baresip } = meeting;
      const closed = next(baresip, 'CALL_CLOSED');
      dial(meeting);
      await closed;
      await expect.poll(() => baresip.statuses).toEqual([401]);
      expect(baresip.program.output).toMatch(/algorithm=SHA-256[\s\S]*algorithm=MD5/);
      expect(await gateway.decisions()).toMatchObject([{ status: 401, reason: 'no credentials' }]);
    }));
});

interface Meeting {
  readonly netns: NetworkNamespace;
  readonly gateway: RunningGateway;
  readonly watson: FakeWatson;
  readonly baresip: Baresip;
}

/** A gateway here, a baresip in a namespace beside it, and a speech service that answers everything with GREETING. */
function meet(
  caller: Partial<BaresipOptions>,
  env: Readonly<Record<string, string | undefined>>,
  conduct: (meeting: Meeting) => Promise<void>,
): Promise<void> {
  return withNetns(async (netns) => {
    const watson = await new FakeWatson().start();
    watson.speech = [GREETING];
    const url = `http://127.0.0.1:${watson.port}`;
    const services = { WATSON_STT_URL: url, WATSON_TTS_URL: url };
    const listen = { BIND_ADDRESS: netns.hostAddress, SIP_AUTH_ALGORITHMS: 'MD5' };
    const cleanups: (() => unknown)[] = [() => watson.close()];
    try {
      const gateway = await RunningGateway.start({ ...services, ...listen, ...env });
      cleanups.push(() => gateway.stop());
      const identity = { from: '2345550001@example.com', username: 'portcullis', password: 'correct horse' };
      const baresip = await Baresip.start({ netns, microphone: MICROPHONE, ...identity, ...caller });
      cleanups.push(() => baresip.stop());
      await conduct({ netns, gateway, watson, baresip });
    } finally {
      for (const cleanup of cleanups.reverse()) await cleanup();
    }
  });
}

function dial({ netns, gateway, baresip }: Meeting): void {
  baresip.command('dial', `sip:12345556789@${netns.hostAddress}:${gateway.port('tls')}`);
}

/** Dials; resolves with the recognition of the call when both ends are there. */
async function connect(meeting: Meeting): Promise<FakeRecognition> {
  const { watson, baresip } = meeting;
  const recognition = once(watson, 'recognition') as Promise<[FakeRecognition]>;
  const refused = next(baresip, 'CALL_CLOSED').then(({ param }) => {
    throw new Error(`no call: ${param}`);
  });
  const both = Promise.all([recognition, next(baresip, 'CALL_ESTABLISHED')]);
  dial(meeting);
  const [[recogniser]] = await Promise.race([both, refused]);
  return recogniser;
}

/** Hangs up; resolves with the call id when baresip has said BYE and been answered. */
async function hangUp(baresip: Baresip): Promise<string> {
  const closed = next(baresip, 'CALL_CLOSED');
  baresip.command('hangup');
  const { id } = await closed;
  await baresip.program.waitFor(/^BYE sip:[^]*^SIP\/2\.0 200 OK/m);
  return id;
}

async function next(baresip: Baresip, type: string): Promise<BaresipEvent> {
  const [event] = (await once(baresip, type, { signal: AbortSignal.timeout(PATIENCE_MS) })) as [BaresipEvent];
  return event;
}

/** Resolves when what the recogniser has been given is enough. */
async function recognised(
  { watson }: Meeting,
  recognition: FakeRecognition,
  enough: (audio: Buffer) => boolean,
): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  while (!enough(recognition.audio)) await once(watson, 'audio', { signal });
}

/**
 * The recogniser was given all that baresip sent, after silence at most. baresip's own recording of what it sent tells
 * whose fault a difference is.
 */
function expectEverySample({ start, audio }: FakeRecognition, baresip: Baresip): void {
  const sent = toMulaw(baresip.recordings.sent);
  expect(sent.indexOf(SPEECH), 'baresip sent its file from the start, whole').toBe(0);
  expect(start).toMatchObject({ 'content-type': 'audio/basic' });
  const begin = audio.indexOf(SPEECH);
  expect(begin, 'the recogniser was given it whole').toBeGreaterThanOrEqual(0);
  expect(audio.subarray(0, begin).equals(silence(begin))).toBe(true);
  const given = audio.subarray(begin);
  expect(given.equals(sent.subarray(0, given.length)), 'not a sample was lost, added or moved').toBe(true);
  expect(sent.length - given.length).toBeLessThanOrEqual(IN_FLIGHT);
}

/** The record of the one call, when it has left: the recogniser may say its last words first. */
async function callRecord(gateway: RunningGateway): Promise<CallRecord> {
  const [, json = ''] = await gateway.program.waitFor(/"record":(\{.*\}),"msg"/);
  return JSON.parse(json) as CallRecord;
}

async function nothingLeft(gateway: RunningGateway): Promise<void> {
  for (const name of ['portcullis_calls', 'portcullis_sip_dialogs', 'portcullis_rtp_ports_in_use']) {
    await expect.poll(() => gateway.metric(name), { timeout: PATIENCE_MS }).toBe(0);
  }
}

function commonPrefix(one: Buffer, other: Buffer): number {
  const end = one.findIndex((byte, index) => byte !== other[index]);
  return end < 0 ? one.length : end;
}

function reversed(buffer: Buffer): Buffer {
  return Buffer.from(buffer).reverse();
}

function bytes(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}
