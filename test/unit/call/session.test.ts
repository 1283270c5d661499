import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.js';
import { silentLog } from '../../../src/base/log.js';
import type {
  CallLeg,
  MediaEvent,
  MediaOpenOptions,
  MediaPlan,
  MediaPort,
  MediaSession,
} from '../../../src/call/ports.js';
import type { CallFacts, CallRecord } from '../../../src/call/record.js';
import type { CallOptions, TranscriptEvent } from '../../../src/call/contract.js';
import { CallSession } from '../../../src/call/session.js';
import { FakeClock } from '../../support/fake-clock.js';

const OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 0 101',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:101 telephone-event/8000',
  '',
].join('\r\n');

const FACTS: CallFacts = {
  callId: 'c1@example',
  sessionId: 's1',
  direction: 'inbound',
  from: '***6789',
  to: '***1111',
  tenant: null,
  trunk: null,
  signalingEncrypted: true,
  sipAuthenticated: true,
  decisions: ['d1'],
};

const STATS = { packetsReceived: 10, packetsSent: 20, jitterMs: 1.5, lossPercent: 0, dropped: { source: 3 } };

class FakeMedia implements MediaPort, MediaSession {
  readonly local = { address: '127.0.0.1', rtpPort: 16_384 };
  readonly calls: string[] = [];
  openWith: MediaOpenOptions | null = null;
  openError: Error | null = null;
  problem: Awaited<ReturnType<MediaPort['probeSpeech']>> = null;
  emit: (event: MediaEvent) => void = () => {};
  gate: Promise<void> = Promise.resolve();

  async open(options: MediaOpenOptions, listener: (event: MediaEvent) => void): Promise<MediaSession> {
    await this.gate;
    if (this.openError !== null) throw this.openError;
    this.openWith = options;
    this.emit = listener;
    return this;
  }
  probeSpeech(): ReturnType<MediaPort['probeSpeech']> {
    return Promise.resolve(this.problem);
  }
  update(plan: MediaPlan): void {
    this.calls.push(`update ${plan.direction}`);
  }
  start(): void {
    this.calls.push('start');
  }
  say(promptId: number, text: string): void {
    this.calls.push(`say ${promptId} ${text}`);
  }
  playBuiltIn(promptId: number, name: string): void {
    this.calls.push(`play ${promptId} ${name}`);
  }
  stopPlayback(): void {
    this.calls.push('stop-playback');
  }
  close(): Promise<typeof STATS> {
    this.calls.push('close');
    return Promise.resolve(STATS);
  }
}

class FakeLeg implements CallLeg {
  readonly callId = FACTS.callId;
  readonly calls: string[] = [];
  answerError: Error | null = null;
  answered = Promise.resolve();

  async answer(sdp: string): Promise<void> {
    this.calls.push(`answer ${/m=audio \d+/.exec(sdp)?.[0] ?? ''}`);
    await this.answered;
    if (this.answerError !== null) throw this.answerError;
  }
  reject(status: number, headers: readonly (readonly [string, string])[] = []): void {
    this.calls.push(['reject', status, ...headers.flat()].join(' '));
  }
  hangUp(reason: string | null): Promise<void> {
    this.calls.push(`bye ${reason ?? ''}`);
    return Promise.resolve();
  }
}

function setUp(options: Partial<CallOptions> = {}, offer = OFFER) {
  const clock = new FakeClock();
  const media = new FakeMedia();
  const leg = new FakeLeg();
  const transcripts: TranscriptEvent[] = [];
  let ended: (record: CallRecord) => void = () => {};
  const record = new Promise<CallRecord>((resolve) => {
    ended = resolve;
  });
  const call = new CallSession({ facts: FACTS, offer, signalingAddress: '127.0.0.1', localAddress: '127.0.0.1' }, leg, {
    clock,
    log: silentLog,
    media,
    options: {
      maxSeconds: 100,
      onSpeechFailure: 'apologise',
      greeting: 'Hello',
      codecs: ['PCMU', 'PCMA'],
      sdpAddress: null,
      ...options,
    },
    onTranscript: (event) => transcripts.push(event),
    onEnded: (_session, value) => ended(value),
  });
  return { clock, media, leg, call, transcripts, record };
}

async function talking(options: Partial<CallOptions> = {}) {
  const fixture = setUp(options);
  fixture.call.start();
  await expect.poll(() => fixture.call.state).toBe('talking');
  return fixture;
}

const speechFailed = (service: 'stt' | 'tts', retrying: boolean): MediaEvent => ({
  type: 'speech-failed',
  service,
  code: 'PROXY_AUTH',
  message: 'm',
  retrying,
});

describe('a call that goes well', () => {
  it('answers, greets, says back, and leaves a record', async () => {
    const { clock, media, leg, call, transcripts, record } = await talking();
    media.emit({ type: 'speech-ready' });
    clock.advance(3_000);
    media.emit({ type: 'prompt-ended', promptId: 1, outcome: 'played' });
    media.emit({
      type: 'transcript',
      participant: 'caller',
      text: 'yes',
      final: true,
      startMs: 100,
      endMs: 900,
      confidence: 0.9,
    });
    media.emit({ type: 'dtmf' });
    call.callerGone();
    call.callerGone();
    expect(await record).toEqual({
      ...{
        callId: 'c1@example',
        sessionId: 's1',
        direction: 'inbound',
        from: '***6789',
        to: '***1111',
        tenant: null,
        trunk: null,
      },
      start: '2026-01-01T00:00:00.000Z',
      answered: '2026-01-01T00:00:00.000Z',
      end: '2026-01-01T00:00:03.000Z',
      milliseconds: 3_000,
      endReason: 'caller_hangup',
      failure: null,
      codec: 'PCMU',
      security: { media_encrypted: false, signaling_encrypted: true, sip_authenticated: true },
      network: { jitterMs: 1.5, lossPercent: 0, dropped: { source: 3 } },
      decisions: ['d1'],
    });
    expect(leg.calls).toEqual(['answer m=audio 16384']);
    expect(media.calls).toEqual(['start', 'say 1 Hello', 'say 2 You said: yes.', 'close']);
    expect(transcripts).toEqual([
      {
        callId: 'c1@example',
        sessionId: 's1',
        participant: 'caller',
        text: 'yes',
        final: true,
        startMs: 100,
        endMs: 900,
        confidence: 0.9,
      },
    ]);
    expect(media.openWith?.plan).toMatchObject({ codec: 'PCMU', dtmfPayloadType: 101, remotePort: 40_000 });
    expect(clock.pending).toBe(0);
  });

  it('re-negotiates in the dialog (RFC 3261 §14)', async () => {
    const { media, call, record } = await talking();
    expect(call.renegotiate(`${OFFER}a=sendonly\r\n`)).toContain('a=recvonly');
    expect(media.calls).toContain('update recvonly');
    expect(() => call.renegotiate('v=0\r\nrubbish')).toThrow(GatewayError);
    expect(call.currentDescription()).toContain('a=recvonly');
    call.callerGone();
    await record;
    expect(() => call.renegotiate(OFFER)).toThrow(GatewayError);
  });

  it('plays the packaged greeting when none is configured', async () => {
    const { media } = await talking({ greeting: null });
    expect(media.calls).toEqual(['start', 'play 1 greeting']);
  });
});

describe('a call that cannot be served', () => {
  it('is refused with the status of its fault, and 503 says when to come again', async () => {
    const { media, leg, call, record } = setUp();
    media.openError = new GatewayError('MEDIA_NO_PORT');
    call.start();
    expect(await record).toMatchObject({
      endReason: 'failed',
      failure: 'MEDIA_NO_PORT',
      answered: null,
      milliseconds: 0,
    });
    expect(leg.calls).toEqual(['reject 503 Retry-After 30']);
  });

  it('is refused with 488 when no codec fits', async () => {
    const { leg, call, record } = setUp(
      {},
      OFFER.replace('AVP 0', 'AVP 18').replace('rtpmap:0 PCMU', 'rtpmap:18 G729'),
    );
    call.start();
    expect((await record).failure).toBe('MEDIA_NO_CODEC');
    expect(leg.calls).toEqual(['reject 488']);
  });

  it('is refused before the answer when speech is down and the policy says reject', async () => {
    const { media, leg, call, record } = setUp({ onSpeechFailure: 'reject' });
    media.problem = { code: 'SPEECH_UNAVAILABLE', message: 'down' };
    call.start();
    expect((await record).failure).toBe('SPEECH_UNAVAILABLE');
    expect(leg.calls).toEqual(['reject 503 Retry-After 30']);
    expect(media.calls).toEqual([]);
  });
});

describe('speech that fails in the call (fault 1, 8)', () => {
  it('never worked: apologises, hangs up, and the record names the fault', async () => {
    const { media, leg, record } = await talking();
    media.emit(speechFailed('stt', true));
    media.emit(speechFailed('stt', true));
    media.emit({ type: 'prompt-ended', promptId: 2, outcome: 'played' });
    expect(await record).toMatchObject({ endReason: 'failed', failure: 'PROXY_AUTH' });
    expect(media.calls).toEqual(['start', 'say 1 Hello', 'stop-playback', 'play 2 apology', 'close']);
    expect(leg.calls.at(-1)).toBe('bye SIP;cause=503;text="Speech service"');
  });

  it('failed while the call was set up: apologises instead of greeting', async () => {
    const fixture = setUp();
    let answer: () => void = () => {};
    fixture.leg.answered = new Promise((resolve) => {
      answer = resolve;
    });
    fixture.call.start();
    await expect.poll(() => fixture.call.state).toBe('answering');
    fixture.media.emit(speechFailed('stt', false));
    answer();
    await expect.poll(() => fixture.media.calls).toContain('play 1 apology');
  });

  it('worked before: the call stays up while it reconnects, and a prompt may fail', async () => {
    const { media, call } = await talking();
    media.emit({ type: 'speech-ready' });
    media.emit({ type: 'prompt-ended', promptId: 1, outcome: 'played' });
    media.emit(speechFailed('stt', true));
    media.emit(speechFailed('tts', false));
    expect(call.state).toBe('talking');
    media.emit(speechFailed('stt', false));
    expect(media.calls.at(-1)).toBe('play 2 apology');
  });
});

describe('a call that is ended', () => {
  it.each([
    [
      'silence',
      { type: 'silent', silentMs: 60_000, onHold: false },
      'MEDIA_SILENT',
      'bye SIP;cause=408;text="No media"',
    ],
    [
      'lost media',
      { type: 'lost', code: 'MEDIA_WORKER', message: 'm' },
      'MEDIA_WORKER',
      'bye SIP;cause=500;text="Media failure"',
    ],
  ] as const)('by %s', async (_name, event, failure, bye) => {
    const { media, leg, record } = await talking();
    media.emit(event);
    expect(await record).toMatchObject({ endReason: 'failed', failure });
    expect(leg.calls.at(-1)).toBe(bye);
  });

  it('by the length limit', async () => {
    const { clock, leg, record } = await talking();
    clock.advance(100_000);
    expect(await record).toMatchObject({ endReason: 'limit', milliseconds: 100_000 });
    expect(leg.calls.at(-1)).toContain('bye SIP;cause=200');
  });

  it('by the caller while media is being opened: what opens late is closed again', async () => {
    const fixture = setUp();
    let open: () => void = () => {};
    fixture.media.gate = new Promise((resolve) => {
      open = resolve;
    });
    fixture.call.start();
    fixture.call.callerGone();
    await fixture.record;
    open();
    await expect.poll(() => fixture.media.calls).toEqual(['close']);
    expect(fixture.leg.calls).toEqual([]);
  });

  it('by us while the 200 is on its way: BYE follows the answer', async () => {
    const fixture = setUp();
    let answer: () => void = () => {};
    fixture.leg.answered = new Promise((resolve) => {
      answer = resolve;
    });
    fixture.call.start();
    await expect.poll(() => fixture.call.state).toBe('answering');
    fixture.call.stop({ endReason: 'drained', failure: null, reason: 'SIP;cause=503' });
    fixture.call.stop({ endReason: 'failed', failure: 'INTERNAL', reason: null });
    answer();
    expect((await fixture.record).endReason).toBe('drained');
    expect(fixture.leg.calls.at(-1)).toBe('bye SIP;cause=503');
  });

  it('by a caller that vanishes while it is answered', async () => {
    const fixture = setUp();
    fixture.leg.answerError = new Error('cancelled');
    fixture.call.start();
    expect(await fixture.record).toMatchObject({ endReason: 'failed', answered: null });
    expect(fixture.media.calls).toEqual(['close']);
  });
});
