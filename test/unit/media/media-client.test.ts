import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.js';
import type { LogFields } from '../../../src/base/log.js';
import { MediaClient } from '../../../src/media/media-client.js';
import { NO_STATS } from '../../../src/media/media-stats.js';
import { replyLog } from '../../../src/media/worker-log.js';
import type { MediaCommand, MediaReply } from '../../../src/media/worker-protocol.js';
import { FakeClock } from '../../support/fake-clock.js';
import { MediaEvents, openOptions, plan } from '../../support/rtp-media.js';

const STATS = { ...NO_STATS, packetsSent: 5 };
const LOCAL = { address: '127.0.0.1', rtpPort: 20_000 };

function client() {
  const posted: MediaCommand[] = [];
  const clock = new FakeClock();
  const media = new MediaClient((command) => posted.push(command), clock);
  const open = async () => {
    const events = new MediaEvents();
    const opening = media.open(openOptions(plan(9)), events.listener);
    const last = posted.at(-1);
    const leg = last?.type === 'open' ? last.leg : -1;
    media.receive({ type: 'opened', leg, local: LOCAL });
    return { events, leg, session: await opening };
  };
  const types = () => posted.map(({ type }) => type);
  return { media, posted, clock, open, types };
}

describe('MediaClient', () => {
  it('makes a session of a leg and speaks for it', async () => {
    const { posted, open, media } = client();
    const { session, leg, events } = await open();
    expect(session.local).toEqual(LOCAL);
    session.start();
    session.say(1, 'hello');
    session.playBuiltIn(2, 'apology');
    session.stopPlayback();
    session.update(plan(10));
    expect(posted.slice(1)).toEqual([
      { type: 'start', leg },
      { type: 'say', leg, promptId: 1, text: 'hello' },
      { type: 'play', leg, promptId: 2, name: 'apology' },
      { type: 'stop-playback', leg },
      { type: 'update', leg, plan: plan(10) },
    ]);
    media.receive({ type: 'event', leg, event: { type: 'dtmf' } });
    media.receive({ type: 'event', leg: leg + 1, event: { type: 'dtmf' } });
    expect(events.all).toEqual([{ type: 'dtmf' }]);
  });

  it('closes once; events still come until the counters do', async () => {
    const { open, media, types } = client();
    const { session, leg, events } = await open();
    const closing = session.close();
    session.say(1, 'too late');
    media.receive({ type: 'event', leg, event: { type: 'speech-ready' } });
    media.receive({ type: 'closed', leg, stats: STATS });
    expect(await closing).toEqual(STATS);
    expect(await session.close()).toEqual(STATS);
    expect(types()).toEqual(['open', 'close']);
    expect(events.all.length).toBe(1);
  });

  it('passes on why a leg could not be opened', async () => {
    const { media } = client();
    const opening = media.open(openOptions(plan(9)), () => {});
    media.receive({ type: 'open-failed', leg: 1, failure: { code: 'MEDIA_NO_PORT', message: 'none' } });
    await expect(opening).rejects.toMatchObject({ code: 'MEDIA_NO_PORT', message: 'none' });
  });

  it('an engine that does not answer is MEDIA_WORKER; a leg that opens too late is closed', async () => {
    const { media, clock, types } = client();
    const opening = media.open(openOptions(plan(9)), () => {});
    clock.advance(5_000);
    await expect(opening).rejects.toMatchObject({ code: 'MEDIA_WORKER' });
    media.receive({ type: 'opened', leg: 1, local: LOCAL });
    expect(types()).toEqual(['open', 'close']);
  });

  it('a close that is not answered ends without counters', async () => {
    const { open, clock } = client();
    const { session } = await open();
    const closing = session.close();
    clock.advance(5_000);
    expect(await closing).toEqual(NO_STATS);
  });

  it('fault 15: when the engine is gone every session is lost once, and whoever waits is told', async () => {
    const { media, open, types } = client();
    const up = await open();
    const ending = await open();
    const closing = ending.session.close();
    const opening = media.open(openOptions(plan(9)), () => {});
    const counting = media.counts();
    media.fail('gone');
    media.fail('gone');
    expect(up.events.all).toEqual([{ type: 'lost', code: 'MEDIA_WORKER', message: 'gone' }]);
    expect(ending.events.all).toEqual([]);
    expect(await closing).toEqual(NO_STATS);
    await expect(opening).rejects.toMatchObject({ code: 'MEDIA_WORKER' });
    await expect(counting).rejects.toMatchObject({ code: 'MEDIA_WORKER' });
    const before = types().length;
    up.session.say(1, 'to nobody');
    expect(await up.session.close()).toEqual(NO_STATS);
    expect(types().length).toBe(before);
  });

  it('asks the speech service once for a burst of probes, and again after two seconds', async () => {
    const { media, clock, types } = client();
    const first = media.probeSpeech();
    const second = media.probeSpeech();
    media.receive({ type: 'probed', request: 1, failure: null });
    expect([await first, await second]).toEqual([null, null]);
    clock.advance(1_999);
    expect(await media.probeSpeech()).toBeNull();
    clock.advance(1);
    const third = media.probeSpeech();
    media.receive({ type: 'probed', request: 2, failure: { code: 'SPEECH_UNAVAILABLE', message: 'down' } });
    expect(await third).toEqual({ code: 'SPEECH_UNAVAILABLE', message: 'down' });
    expect(types()).toEqual(['probe', 'probe']);
  });

  it('a probe that is not answered is a failure, not an exception', async () => {
    const { media, clock } = client();
    const probe = media.probeSpeech();
    clock.advance(5_000);
    expect(await probe).toMatchObject({ code: 'MEDIA_WORKER' });
  });

  it('gives the counts of the engine', async () => {
    const { media, clock } = client();
    const counting = media.counts();
    media.receive({ type: 'counted', request: 1, counts: { legs: 1, portsInUse: 2, portsResting: 3, timers: 4 } });
    expect(await counting).toEqual({ legs: 1, portsInUse: 2, portsResting: 3, timers: 4 });
    expect(clock.pending).toBe(0);
  });
});

describe('replyLog', () => {
  function lines(fields: LogFields) {
    const replies: MediaReply[] = [];
    const log = replyLog((reply) => replies.push(structuredClone(reply))).child({ callId: 'c' });
    log.warn(fields, 'constant');
    return replies;
  }

  it('sends lines as plain replies with the bound fields', () => {
    expect(lines({ count: 3 })).toEqual([
      { type: 'log', level: 'warn', fields: { callId: 'c', count: 3 }, message: 'constant' },
    ]);
  });

  it('keeps the code of an error and turns what cannot cross threads into text', () => {
    const [line] = lines({
      err: new GatewayError('MEDIA_NO_PORT', 'none'),
      call: () => 1,
      deep: { nothing: undefined },
    });
    expect(line).toMatchObject({
      fields: { err: { code: 'MEDIA_NO_PORT', name: 'GatewayError', message: 'none' }, deep: {} },
    });
  });

  it('has every level', () => {
    const levels: string[] = [];
    const log = replyLog((reply) => levels.push(reply.type === 'log' ? reply.level : ''));
    log.debug({}, 'x');
    log.info({}, 'x');
    log.warn({}, 'x');
    log.error({}, 'x');
    expect(levels).toEqual(['debug', 'info', 'warn', 'error']);
  });
});
