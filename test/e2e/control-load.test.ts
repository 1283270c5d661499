import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../support/fake-clock.js';
import { type App, final, request, type Rig, SDP, startRig, type Ua, until } from './control-support.js';

const CALLS = 200;

/** Answers every INVITE and, like any application, attaches its handlers when `createUAS` has resolved. */
function answering(app: App) {
  const seen = { acks: 0, byes: 0, answers: 0 };
  app.invite((req, res) => {
    void app.createUAS(req, res, { localSdp: SDP }).then((dialog) => {
      seen.answers += 1;
      dialog.on('ack', () => (seen.acks += 1));
      dialog.on('destroy', () => (seen.byes += 1));
    });
  });
  return seen;
}

/** Sends INVITE, and on the 200 ACK and BYE back to back (over TCP in one segment). */
async function call(ua: Ua, callId: string): Promise<void> {
  ua.send(request(ua, 'INVITE', { callId, body: SDP }));
  const ok = await ua.next((message) => final('INVITE')(message) && message.header('Call-ID') === callId);
  const ack = request(ua, 'ACK', { callId, toTag: ok.toTag });
  const bye = request(ua, 'BYE', { callId, cseq: 2, toTag: ok.toTag });
  if (ua.transport === 'TCP') ua.send(ack + bye);
  else for (const text of [ack, bye]) ua.send(text);
  await ua.next((message) => final('BYE')(message) && message.header('Call-ID') === callId);
}

describe('rapid calls', () => {
  let rig: Rig;
  afterEach(() => rig.close());

  it.each(['tcp', 'udp'] as const)(
    `threat 103: ${CALLS} calls with ACK and BYE back to back over %s lose no ACK and no BYE and leave nothing`,
    async (transport) => {
      const clock = new FakeClock();
      rig = await startRig({ clock });
      const app = await rig.app();
      const seen = answering(app);
      const ua = await rig[transport]();
      // Datagrams beyond the socket buffer are lost, and the clock that would repeat them stands still.
      const atOnce = transport === 'tcp' ? CALLS : 20;
      for (let first = 0; first < CALLS; first += atOnce) {
        await Promise.all(Array.from({ length: atOnce }, (_, index) => call(ua, `${transport}-${first + index}`)));
      }
      await until(() => app.idle && seen.answers === CALLS);
      await until(() => seen.byes === CALLS);
      expect(seen).toEqual({ acks: CALLS, byes: CALLS, answers: CALLS });
      expect(app._dialogs.size).toBe(0);
      expect(rig.edge.counts().dialogs).toBe(0);
      ua.close();
      await until(() => rig.edge.counts().connections === 0);
      // RFC 6026: timer L keeps the INVITE transactions for 64*T1, nothing else waits longer.
      clock.advance(32_000);
      expect(rig.edge.counts()).toEqual({ dialogs: 0, transactions: 0, connections: 0 });
    },
  );

  it('threat 103: INVITEs whose caller vanishes at once end at the application too', async () => {
    const clock = new FakeClock();
    rig = await startRig({ clock });
    const app = await rig.app();
    let cancels = 0;
    let invites = 0;
    app.invite((req) => {
      invites += 1;
      req.on('cancel', () => (cancels += 1));
    });
    const ua = await rig.tcp();
    for (let index = 0; index < 10; index++) ua.send(request(ua, 'INVITE', { callId: `rst-${index}`, body: SDP }));
    await until(() => invites === 10);
    ua.close();
    await until(() => cancels === 10);
    expect(rig.edge.counts()).toEqual({ dialogs: 0, transactions: 0, connections: 0 });
    expect(app.idle).toBe(true);
  });
});
