import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type App,
  type AppDialog,
  type AppRequest,
  type AppResponse,
  final,
  incoming,
  request,
  response,
  type Rig,
  SDP,
  startRig,
  type Ua,
  until,
} from './control-support.js';

const NOTHING = { dialogs: 0, transactions: 0 };

describe.each(['udp', 'tcp'] as const)('an unmodified drachtio-srf application over %s', (transport) => {
  let rig: Rig;
  let app: App;
  let ua: Ua;

  beforeEach(async () => {
    rig = await startRig();
    app = await rig.app();
    ua = await rig[transport]();
  });
  afterEach(() => rig.close());

  /** Sets a call up; the application answers 200. */
  async function call(callId: string): Promise<{ dialog: AppDialog; toTag: string; target: string }> {
    const dialog = new Promise<AppDialog>((resolve, reject) => {
      app.invite((req, res) => void app.createUAS(req, res, { localSdp: SDP }).then(resolve, reject));
    });
    ua.send(request(ua, 'INVITE', { callId, body: SDP }));
    const ok = await ua.next(final('INVITE'));
    expect(ok.status).toBe(200);
    ua.send(request(ua, 'ACK', { callId, toTag: ok.toTag }));
    const answered = await dialog;
    await once(answered, 'ack');
    return { dialog: answered, toTag: ok.toTag, target: /<([^>]+)>/.exec(ok.header('Contact'))?.[1] ?? '' };
  }

  it('RFC 3261 §13.3.1, §15.1.2: INVITE, 200, ACK, BYE of the caller', async () => {
    const { dialog, toTag } = await call('c1');
    expect(dialog.remote.sdp).toBe(SDP);
    const destroyed = once(dialog, 'destroy') as Promise<[AppRequest, string]>;
    ua.send(request(ua, 'BYE', { callId: 'c1', cseq: 2, toTag }));
    expect((await ua.next(final('BYE'))).status).toBe(200);
    expect((await destroyed)[1]).toBe('normal release');
    expect(rig.edge.counts().dialogs).toBe(0);
    expect(rig.judged).toEqual(['INVITE']);
  });

  it('RFC 3261 §12.1.1: 100 without tag at once, then a 200 with tag, Contact, Record-Route, Allow and the body', async () => {
    app.invite((req, res) => void app.createUAS(req, res, { localSdp: SDP, headers: { 'X-Answer': '42' } }));
    const route = 'Record-Route: <sip:p1.example;lr>';
    ua.send(request(ua, 'INVITE', { callId: 'c2', body: SDP, headers: [route] }));
    const trying = await ua.next((message) => message.status === 100);
    expect(trying.toTag).toBe('');
    const ok = await ua.next(final('INVITE'));
    expect(ok.toTag).not.toBe('');
    expect(ok.header('Via')).toContain(`rport=${ua.port}`);
    expect(ok.header('Record-Route')).toBe('<sip:p1.example;lr>');
    expect(ok.header('Contact')).toBe(
      transport === 'udp' ? `<sip:127.0.0.1:${rig.udpPort}>` : `<sip:127.0.0.1:${rig.tcpPort};transport=tcp>`,
    );
    expect(ok.header('Content-Type')).toBe('application/sdp');
    expect(ok.header('Allow')).toContain('INVITE');
    expect(ok.header('Server')).toBe('test/1');
    expect(ok.header('X-Answer')).toBe('42');
    expect(ok.body).toBe(SDP);
  });

  it('RFC 3261 §15.1.1: BYE of the application over the dialog', async () => {
    const { dialog, toTag } = await call('c3');
    const done = dialog.destroy({ headers: { Reason: 'Q.850;cause=16' } });
    const bye = await ua.next(incoming('BYE'));
    expect(bye.startLine).toContain(`sip:alice@127.0.0.1:${ua.port}`);
    expect(bye.header('From')).toContain(`tag=${toTag}`);
    expect(bye.header('To')).toContain('tag=a1');
    expect(bye.header('Reason')).toBe('Q.850;cause=16');
    ua.send(response(bye, 200, 'OK'));
    await done;
    expect(rig.edge.counts().dialogs).toBe(0);
  });

  it('RFC 3261 §13.3.1.3: a call that the application rejects; its ACK is absorbed', async () => {
    const acks: AppRequest[] = [];
    app.invite((_req, res) => res.send(486, { headers: { 'X-Why': 'busy' } }));
    (app as unknown as { ack(handler: (req: AppRequest) => void): void }).ack((req) => acks.push(req));
    const branch = `z9hG4bKreject${transport}`;
    ua.send(request(ua, 'INVITE', { callId: 'c4', body: SDP, branch }));
    const busy = await ua.next(final('INVITE'));
    expect([busy.status, busy.header('X-Why')]).toEqual([486, 'busy']);
    ua.send(request(ua, 'ACK', { callId: 'c4', toTag: busy.toTag, branch }));
    ua.send(request(ua, 'OPTIONS', { callId: 'c4-after' }));
    await ua.next(final('OPTIONS'));
    expect(acks).toEqual([]);
    expect(rig.edge.counts().dialogs).toBe(0);
  });

  it('RFC 3261 §9.2: CANCEL: 200 for it, 487 for the INVITE, a cancel event for the application', async () => {
    const invites: [AppRequest, AppResponse][] = [];
    app.invite((req, res) => void invites.push([req, res]));
    const branch = `z9hG4bKcancel${transport}`;
    ua.send(request(ua, 'INVITE', { callId: 'c5', body: SDP, branch }));
    await until(() => invites.length === 1);
    const [req, res] = invites[0] as [AppRequest, AppResponse];
    const cancelled = once(req, 'cancel');
    ua.send(request(ua, 'CANCEL', { callId: 'c5', branch, contact: null }));
    expect((await ua.next(final('CANCEL'))).status).toBe(200);
    expect((await ua.next(final('INVITE'))).status).toBe(487);
    await cancelled;
    const late = await new Promise((resolve) => res.send(200, { body: SDP }, resolve));
    expect(late).toBe('Response not sent due to unknown transaction');
    expect(rig.edge.counts().dialogs).toBe(0);
  });

  it('RFC 3261 §9.2: CANCEL after a 180 of the application', async () => {
    const invites: AppRequest[] = [];
    app.invite((req, res) => {
      invites.push(req);
      res.send(180);
    });
    const branch = `z9hG4bKringing${transport}`;
    ua.send(request(ua, 'INVITE', { callId: 'c6', body: SDP, branch }));
    const ringing = await ua.next((message) => message.status === 180);
    expect(ringing.header('Contact')).not.toBe('');
    const cancelled = once(invites[0] as AppRequest, 'cancel');
    ua.send(request(ua, 'CANCEL', { callId: 'c6', branch, contact: null }));
    const terminated = await ua.next(final('INVITE'));
    expect([terminated.status, terminated.toTag]).toEqual([487, ringing.toTag]);
    await cancelled;
    expect(rig.edge.counts().dialogs).toBe(0);
  });

  it('RFC 3261 §11.2: OPTIONS answered by the application', async () => {
    app.options((req, res) => {
      expect(req.receivedOn).toBe(`127.0.0.1:${transport === 'udp' ? rig.udpPort : rig.tcpPort}`);
      res.send(200);
    });
    ua.send(request(ua, 'OPTIONS', { callId: 'c7' }));
    const ok = await ua.next(final('OPTIONS'));
    expect([ok.status, ok.header('Accept'), ok.header('Allow')]).toEqual([
      200,
      'application/sdp',
      expect.stringContaining('OPTIONS'),
    ]);
  });

  it('RFC 3261 §14.2: a re-INVITE reaches dlg.on(modify), its answer and ACK come back', async () => {
    const { dialog, toTag } = await call('c8');
    dialog.on('modify', (req: AppRequest, res: AppResponse) => {
      expect(req.body).toContain('m=audio 5000');
      res.send(200, { body: SDP, headers: { Contact: dialog.local.contact } });
    });
    const acked = once(dialog, 'ack');
    const contact = `<sip:moved@127.0.0.1:${ua.port}>`;
    ua.send(request(ua, 'INVITE', { callId: 'c8', cseq: 2, toTag, body: SDP.replace('4000', '5000'), contact }));
    const ok = await ua.next(final('INVITE'));
    expect([ok.status, ok.toTag]).toEqual([200, toTag]);
    ua.send(request(ua, 'ACK', { callId: 'c8', cseq: 2, toTag }));
    await acked;
    const done = dialog.destroy();
    const bye = await ua.next(incoming('BYE'));
    // RFC 3261 §12.2.2: the re-INVITE moved the remote target.
    expect(bye.startLine).toContain('sip:moved@');
    ua.send(response(bye, 200, 'OK'));
    await done;
  });

  it('RFC 3261 §14.1: a re-INVITE of the application, its ACK, and the ACK again for a repeated 200', async () => {
    const { dialog } = await call('c9');
    const modified = dialog.modify(SDP);
    const invite = await ua.next(incoming('INVITE'));
    expect(invite.header('Contact')).toContain('127.0.0.1');
    const ok = response(
      invite,
      200,
      'OK',
      [`Contact: <sip:alice@127.0.0.1:${ua.port}>`, 'Content-Type: application/sdp'],
      SDP,
    );
    ua.send(ok);
    expect(await modified).toBe(SDP);
    const ack = await ua.next(incoming('ACK'));
    expect(ack.header('CSeq')).toBe(`${invite.header('CSeq').split(' ')[0]} ACK`);
    ua.send(ok);
    expect((await ua.next(incoming('ACK'))).text).toBe(ack.text);
  });

  it.each(['INFO', 'UPDATE', 'MESSAGE'])('RFC 3261 §12.2.2: an in-dialog %s reaches the dialog', async (method) => {
    const { dialog, toTag } = await call('c10');
    dialog.on(method.toLowerCase(), (_req: AppRequest, res: AppResponse) =>
      res.send(200, { headers: { 'X-Saw': method } }),
    );
    ua.send(request(ua, method, { callId: 'c10', cseq: 2, toTag }));
    expect((await ua.next(final(method))).header('X-Saw')).toBe(method);
  });

  it.each(['INFO', 'NOTIFY'])('RFC 3261 §12.2.1: %s of the application, with an answer for it', async (method) => {
    const { dialog } = await call('c11');
    const answer = dialog.request({ method, headers: { 'Content-Type': 'text/plain' }, body: 'grüß' });
    const seen = await ua.next(incoming(method));
    expect([seen.header('Content-Length'), seen.body, seen.header('User-Agent')]).toEqual(['6', 'grüß', 'test/1']);
    ua.send(response(seen, 202, 'Accepted', ['X-Back: 1']));
    const got = await answer;
    expect([got.status, got.get('X-Back')]).toEqual([202, '1']);
  });

  it('RFC 3261 §12.2.2: a CSeq that goes back gets 500, a request of an unknown dialog 481', async () => {
    const { toTag } = await call('c12');
    ua.send(request(ua, 'INFO', { callId: 'c12', cseq: 0, toTag }));
    expect((await ua.next(final('INFO'))).status).toBe(500);
    ua.send(request(ua, 'INFO', { callId: 'c12', cseq: 2, toTag: 'other' }));
    expect((await ua.next(final('INFO'))).status).toBe(481);
    expect(rig.judged).toEqual(['INVITE', 'INFO']);
  });

  it('drachtio §11, §9: proxying and new requests are refused in words', async () => {
    const invites: AppRequest[] = [];
    app.invite((req, res) => {
      invites.push(req);
      app
        .proxyRequest(req, 'sip:next.example')
        .catch((error: unknown) => res.send(502, { headers: { 'X-Error': String(error) } }));
    });
    ua.send(request(ua, 'INVITE', { callId: 'c13', body: SDP }));
    expect((await ua.next(final('INVITE'))).header('X-Error')).toContain('not supported');
    await expect(app.request('sip:x@127.0.0.1', { method: 'OPTIONS' })).rejects.toThrow('not supported');
  });

  it('leaves nothing behind', async () => {
    const { dialog, toTag } = await call('c14');
    const destroyed = once(dialog, 'destroy');
    ua.send(request(ua, 'BYE', { callId: 'c14', cseq: 2, toTag }));
    await ua.next(final('BYE'));
    await destroyed;
    await until(() => app.idle);
    expect(app._dialogs.size).toBe(0);
    await rig.edge.close();
    expect(rig.edge.counts()).toMatchObject(NOTHING);
  });
});
