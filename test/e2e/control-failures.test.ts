import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../support/fake-clock.js';
import {
  type App,
  type AppDialog,
  type AppRequest,
  type AppResponse,
  final,
  incoming,
  newApp,
  request,
  type RequestOptions,
  response,
  type Rig,
  SDP,
  startRig,
  stopApp,
  type Ua,
  until,
} from './control-support.js';

describe('calls that go wrong, seen by an unmodified drachtio-srf application', () => {
  const clock = new FakeClock();
  let rig: Rig;
  let app: App;
  let ua: Ua;

  beforeEach(async () => {
    rig = await startRig({ clock });
    app = await rig.app();
    ua = await rig.udp();
  });
  afterEach(() => rig.close());

  /** The application answers 200; the caller does not acknowledge yet. */
  async function answered(callId: string, from = ua, options: Partial<RequestOptions> = {}) {
    const dialogs: AppDialog[] = [];
    app.invite((req, res) => void app.createUAS(req, res, { localSdp: SDP }).then((dialog) => dialogs.push(dialog)));
    from.send(request(from, 'INVITE', { callId, body: SDP, ...options }));
    const ok = await from.next(final('INVITE'));
    await until(() => dialogs.length === 1);
    return { dialog: dialogs[0] as AppDialog, ok };
  }

  async function confirmed(callId: string, from = ua, options: Partial<RequestOptions> = {}) {
    const { dialog, ok } = await answered(callId, from, options);
    const acked = once(dialog, 'ack');
    from.send(request(from, 'ACK', { callId, toTag: ok.toTag }));
    await acked;
    return { dialog, toTag: ok.toTag };
  }

  it('RFC 3261 §13.3.1.4: the 200 is repeated from T1 doubling to T2, then BYE with Reason and destroy', async () => {
    const { dialog, ok } = await answered('f1');
    const destroyed = once(dialog, 'destroy') as Promise<[AppRequest, string]>;
    for (const wait of [500, 1_000, 2_000, 4_000, 4_000]) {
      clock.advance(wait - 1);
      expect(ua.inbox.filter(final('INVITE'))).toEqual([]);
      clock.advance(1);
      expect((await ua.next(final('INVITE'))).text).toBe(ok.text);
    }
    clock.advance(32_000 - 11_500);
    const bye = await ua.next(incoming('BYE'));
    expect(bye.header('Reason')).toBe('SIP ;cause=200 ;text="ACK timeout"');
    expect((await destroyed)[1]).toBe('ACK timeout');
    expect(rig.edge.counts().dialogs).toBe(0);
    ua.send(response(bye, 200, 'OK'));
  });

  it('RFC 3261 §13.3.1.4: over TCP the same limit holds', async () => {
    const tcp = await rig.tcp();
    const { dialog } = await answered('f2', tcp);
    const destroyed = once(dialog, 'destroy') as Promise<[AppRequest, string]>;
    clock.advance(32_000);
    expect((await tcp.next(incoming('BYE'))).header('Reason')).toContain('ACK timeout');
    expect((await destroyed)[1]).toBe('ACK timeout');
  });

  it('RFC 3261 §15: a BYE of the application waits for the ACK', async () => {
    const { dialog, ok } = await answered('f3');
    const ended = dialog.destroy();
    ua.send(request(ua, 'OPTIONS', { callId: 'f3-between' }));
    await ua.next(final('OPTIONS'));
    expect(ua.inbox.filter(incoming('BYE'))).toEqual([]);
    ua.send(request(ua, 'ACK', { callId: 'f3', toTag: ok.toTag }));
    ua.send(response(await ua.next(incoming('BYE')), 200, 'OK'));
    await ended;
    expect(rig.edge.counts().dialogs).toBe(0);
  });

  it('RFC 3261 §15: without an ACK the held BYE goes out after 64*T1', async () => {
    const { dialog } = await answered('f4');
    const ended = dialog.destroy({ headers: { 'X-Mine': 'yes' } });
    await until(() => rig.edge.counts().dialogs === 1);
    ua.send(request(ua, 'OPTIONS', { callId: 'f4-between' }));
    await ua.next(final('OPTIONS'));
    clock.advance(32_000);
    const bye = await ua.next(incoming('BYE'));
    expect([bye.header('X-Mine'), bye.header('Reason')]).toEqual(['yes', '']);
    ua.send(response(bye, 200, 'OK'));
    await ended;
  });

  it('RFC 3261 §15.1.2: a BYE of the caller before its ACK ends the call', async () => {
    const { dialog, ok } = await answered('f5');
    const destroyed = once(dialog, 'destroy');
    ua.send(request(ua, 'BYE', { callId: 'f5', cseq: 2, toTag: ok.toTag }));
    expect((await ua.next(final('BYE'))).status).toBe(200);
    await destroyed;
    clock.advance(40_000);
    expect(ua.inbox.filter(final('INVITE'))).toEqual([]);
  });

  it('RFC 3261 §15.1.2: a BYE in the early dialog: 200 for it, 487 for the INVITE, a cancel for the application', async () => {
    const invites: AppRequest[] = [];
    app.invite((req, res) => {
      invites.push(req);
      res.send(180);
    });
    ua.send(request(ua, 'INVITE', { callId: 'f6', body: SDP }));
    const { toTag } = await ua.next((message) => message.status === 180);
    const cancelled = once(invites[0] as AppRequest, 'cancel');
    ua.send(request(ua, 'BYE', { callId: 'f6', cseq: 2, toTag }));
    expect((await ua.next(final('BYE'))).status).toBe(200);
    expect((await ua.next(final('INVITE'))).status).toBe(487);
    await cancelled;
  });

  it('RFC 3261 §14.2: glare: 491 while our re-INVITE is out, 500 while theirs is with the application', async () => {
    const { dialog, toTag } = await confirmed('f7');
    const modified = dialog.modify(SDP);
    const ours = await ua.next(incoming('INVITE'));
    ua.send(request(ua, 'INVITE', { callId: 'f7', cseq: 2, toTag, body: SDP }));
    expect((await ua.next(final('INVITE'))).status).toBe(491);
    ua.send(response(ours, 488, 'Not Acceptable Here'));
    await expect(modified).rejects.toMatchObject({ status: 488 });
    await ua.next(incoming('ACK'));
    const held: AppResponse[] = [];
    dialog.on('modify', (_req: AppRequest, res: AppResponse) => held.push(res));
    ua.send(request(ua, 'INVITE', { callId: 'f7', cseq: 3, toTag, body: SDP.replace('4000', '4002') }));
    await until(() => held.length === 1);
    ua.send(request(ua, 'INVITE', { callId: 'f7', cseq: 4, toTag, body: SDP }));
    const second = await ua.next(final('INVITE'));
    expect([second.status, Number(second.header('Retry-After')) <= 10]).toEqual([500, true]);
    held[0]?.send(488);
    expect((await ua.next(final('INVITE'))).status).toBe(488);
    expect(rig.edge.counts().dialogs).toBe(1);
  });

  it('an INVITE that the application never answers gets 408 after 64 s and the application a cancel', async () => {
    const invites: [AppRequest, AppResponse][] = [];
    app.invite((req, res) => invites.push([req, res]));
    const tcp = await rig.tcp();
    tcp.send(request(tcp, 'INVITE', { callId: 'f8', body: SDP }));
    await until(() => invites.length === 1);
    const cancelled = once(invites[0]?.[0] as AppRequest, 'cancel');
    clock.advance(63_999);
    expect(rig.edge.counts().dialogs).toBe(1);
    clock.advance(1);
    expect((await tcp.next(final('INVITE'))).status).toBe(408);
    await cancelled;
    expect(rig.edge.counts().dialogs).toBe(0);
  });

  it('drachtio §15: when the application is cut off, its open INVITE gets 503 and its dialogs are strays', async () => {
    const { toTag } = await confirmed('f9');
    const invites: AppRequest[] = [];
    const other = await rig.app();
    other.invite((req) => invites.push(req));
    // Round robin: the second INVITE goes to the second application.
    ua.send(request(ua, 'INVITE', { callId: 'f9-open', body: SDP }));
    await until(() => invites.length === 1);
    stopApp(other);
    const unavailable = await ua.next(final('INVITE'));
    expect(unavailable.status).toBe(503);
    stopApp(app);
    await until(() => rig.edge.counts().dialogs === 0);
    ua.send(request(ua, 'BYE', { callId: 'f9', cseq: 2, toTag }));
    expect((await ua.next(final('BYE'))).status).toBe(481);
    ua.send(request(ua, 'INVITE', { callId: 'f9-after', body: SDP }));
    const refused = await ua.next((message) => final('INVITE')(message) && message.header('Call-ID') === 'f9-after');
    expect([refused.status, refused.header('Retry-After')]).toEqual([503, '5']);
  });

  it('threat 59: a request in the dialog from another address is a stray for the policy, and gets 481', async () => {
    const { dialog, toTag } = await confirmed('f10');
    const stranger = createSocket('udp4');
    await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.2', resolve));
    const forged = request(ua, 'BYE', { callId: 'f10', cseq: 2, toTag });
    const answer = once(stranger, 'message') as Promise<[Buffer]>;
    stranger.send(forged, rig.udpPort, '127.0.0.1');
    expect((await answer)[0].toString()).toMatch(/^SIP\/2\.0 481 /);
    stranger.close();
    expect(rig.judged).toEqual(['INVITE', 'BYE']);
    expect(dialog.connected).toBe(true);
    expect(rig.edge.counts().dialogs).toBe(1);
  });

  it('threat 59: a dialog over TCP is not served over UDP', async () => {
    const tcp = await rig.tcp();
    const { dialog, toTag } = await confirmed('f11', tcp);
    ua.send(request(ua, 'BYE', { callId: 'f11', cseq: 2, toTag }));
    expect((await ua.next(final('BYE'))).status).toBe(481);
    expect(dialog.connected).toBe(true);
  });

  it('threat 88: a hostile Contact, Record-Route or Via is never connected to; the BYE goes back over the flow', async () => {
    const reached: string[] = [];
    const trap = createServer(() => reached.push('tcp')).listen(0, '127.0.0.1');
    await once(trap, 'listening');
    const { port } = trap.address() as { port: number };
    const tcp = await rig.tcp();
    const { dialog } = await confirmed('f12', tcp, {
      contact: `<sip:x@127.0.0.1:${port};transport=tcp>`,
      headers: [`Record-Route: <sip:127.0.0.1:${port};transport=tcp;lr>`],
    });
    const ended = dialog.destroy();
    const bye = await tcp.next(incoming('BYE'));
    expect(bye.startLine).toBe(`BYE sip:x@127.0.0.1:${port};transport=tcp SIP/2.0`);
    expect(bye.header('Route')).toBe(`<sip:127.0.0.1:${port};transport=tcp;lr>`);
    tcp.send(response(bye, 200, 'OK'));
    await ended;
    expect(reached).toEqual([]);
    trap.close();
  });

  it('RFC 3261 §8.1.3.1: a BYE of the application after the connection closed gets 503 and ends the dialog', async () => {
    const tcp = await rig.tcp();
    const { dialog } = await confirmed('f13', tcp);
    tcp.close();
    await until(() => rig.edge.counts().connections === 0);
    const answer = await dialog.request({ method: 'INFO' });
    expect([answer.status, rig.edge.counts().dialogs]).toEqual([503, 1]);
    await dialog.destroy();
    expect(rig.edge.counts().dialogs).toBe(0);
  });

  it('RFC 3261 §8.1.3.1: a request that nobody answers gets 408', async () => {
    const { dialog } = await confirmed('f14');
    const answer = dialog.request({ method: 'INFO' });
    await ua.next(incoming('INFO'));
    clock.advance(32_000);
    expect((await answer).status).toBe(408);
    expect(rig.edge.counts().dialogs).toBe(1);
  });

  it('RFC 3261 §12: a caller that comes back over a new connection keeps its dialog', async () => {
    const first = await rig.tcp();
    const { dialog, toTag } = await confirmed('f15', first);
    first.close();
    await until(() => rig.edge.counts().connections === 0);
    const second = await rig.tcp();
    second.send(request(second, 'INFO', { callId: 'f15', cseq: 2, toTag }));
    expect((await second.next(final('INFO'))).status).toBe(200);
    const ended = dialog.destroy();
    second.send(response(await second.next(incoming('BYE')), 200, 'OK'));
    await ended;
  });

  it.each([
    ['a header name that drachtio-srf would unescape', { headers: ['%46rom: <sip:evil@example.com>;tag=e'] }],
    ['an INVITE without Contact', { contact: null }],
    ['an INVITE whose Contact is no SIP URI', { contact: '<tel:+123>' }],
    ['Record-Route that cannot be read', { headers: ['Record-Route: <sip:p.example'] }],
  ])('RFC 3261 §8.1.1: %s gets 400 and never reaches the application', async (_what, options) => {
    let seen = 0;
    app.invite(() => (seen += 1));
    ua.send(request(ua, 'INVITE', { callId: 'f16', body: SDP, ...options }));
    expect((await ua.next(final('INVITE'))).status).toBe(400);
    expect([seen, rig.judged, rig.refusals.map(({ rule, status }) => [rule, status])]).toEqual([
      0,
      [],
      [['sanity', 400]],
    ]);
  });

  it('drachtio §8: a second INVITE of a live Call-ID and From tag gets 491', async () => {
    await confirmed('f17');
    ua.send(request(ua, 'INVITE', { callId: 'f17', cseq: 2, body: SDP }));
    expect((await ua.next(final('INVITE'))).status).toBe(491);
    expect(rig.edge.counts().dialogs).toBe(1);
  });
});

describe('the policy in front of the application', () => {
  let rig: Rig;
  afterEach(() => rig.close());

  it('answers with status and headers, drops, and denies when it fails', async () => {
    rig = await startRig({
      judge: ({ method }) => {
        if (method === 'OPTIONS')
          return { kind: 'answer', status: 401, headers: [['WWW-Authenticate', 'Digest realm="x"']] };
        if (method === 'MESSAGE') return { kind: 'drop' };
        throw new Error('broken rule');
      },
    });
    const ua = await rig.udp();
    ua.send(request(ua, 'MESSAGE', { callId: 'p1' }));
    ua.send(request(ua, 'OPTIONS', { callId: 'p2' }));
    const challenged = await ua.next(() => true);
    expect([challenged.status, challenged.header('WWW-Authenticate')]).toEqual([401, 'Digest realm="x"']);
    ua.send(request(ua, 'INVITE', { callId: 'p3', body: SDP }));
    expect((await ua.next(final('INVITE'))).status).toBe(500);
    expect(rig.edge.counts()).toMatchObject({ dialogs: 0, transactions: 0 });
  });

  it('threat 59: is asked about strays, whose answer is 481 even when it accepts', async () => {
    rig = await startRig();
    const ua = await rig.udp();
    for (const method of ['INVITE', 'BYE', 'INFO', 'MESSAGE', 'REFER', 'UPDATE']) {
      ua.send(request(ua, method, { callId: `p4-${method}`, toTag: 'invented' }));
      expect((await ua.next(final(method))).status).toBe(481);
    }
    ua.send(request(ua, 'BYE', { callId: 'p4' }));
    expect((await ua.next(final('BYE'))).status).toBe(481);
    expect(rig.judged).toHaveLength(7);
    expect(rig.edge.counts()).toMatchObject({ dialogs: 0, transactions: 0 });
  });

  it('drachtio §5: an application with the wrong secret is told and gets no calls', async () => {
    rig = await startRig();
    const intruder = newApp();
    intruder.invite((_req, res) => res.send(200));
    intruder.connect({ host: '127.0.0.1', port: rig.controlPort, secret: 'guess', reconnect: { maxAttempts: 1 } });
    const [error] = (await once(intruder, 'connect')) as [Error];
    expect(error.message).toBe('failed to authenticate to server');
    const ua = await rig.udp();
    ua.send(request(ua, 'INVITE', { callId: 'p6', body: SDP }));
    expect((await ua.next(final('INVITE'))).status).toBe(503);
    stopApp(intruder);
  });

  it('without an application the edge answers 503', async () => {
    rig = await startRig();
    const ua = await rig.udp();
    ua.send(request(ua, 'INVITE', { callId: 'p5', body: SDP }));
    expect((await ua.next(final('INVITE'))).status).toBe(503);
  });
});
