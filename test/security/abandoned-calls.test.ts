import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeWatson } from '../support/fake-watson.js';
import { complaints, stillHeld } from '../support/hostile-checks.js';
import { RawCall, RawPhone } from '../support/raw-phone.js';
import { offerText, type RawTarget } from '../support/raw-sip.js';
import { RunningGateway } from '../support/running-gateway.js';

/** Threats 59, 102, 103: whatever a caller does or leaves undone, its call ends and what it held comes back. */

const TRANSPORTS = ['udp', 'tcp', 'tls'] as const;
type Transport = RawTarget['transport'];

/** The quarantine of ports (5 s), Timer J or K of the last exchange over UDP (32 s), and a little. */
const SETTLE_MS = 45_000;
/** RFC 3261 §13.3.1.4: 64*T1 from the 200 to giving up, and a little. */
const ACK_TIMEOUT_MS = 36_000;

const watson = new FakeWatson();
let home = '';
let gateway: RunningGateway;

async function start(yaml: string, speech: FakeWatson = watson): Promise<RunningGateway> {
  const url = `http://127.0.0.1:${speech.port}`;
  const config = join(home, `${Buffer.from(yaml).toString('hex').slice(0, 40)}.yaml`);
  await writeFile(config, yaml);
  return RunningGateway.start({
    ...{
      SIP_PORT: '0',
      SIP_PORT_TCP: '0',
      SIP_AUTH_ENABLED: 'false',
      PORTCULLIS_CONFIG: config,
    },
    ...{ WATSON_STT_URL: url, WATSON_TTS_URL: url },
  });
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'portcullis-abandoned-'));
  await watson.start();
  gateway = await start('media: { quarantineSeconds: 1 }\n');
});
afterAll(async () => {
  await gateway.stop();
  await watson.close();
  await rm(home, { recursive: true, force: true });
});

const phones: RawPhone[] = [];
afterEach(async () => {
  const open = phones.splice(0);
  await Promise.all(open.map((phone) => phone.close()));
  expect(open.flatMap(({ faults }) => faults)).toEqual([]);
});

async function phone(transport: Transport, to = gateway, localAddress?: string): Promise<RawPhone> {
  const opened = await RawPhone.open({
    ...{ transport, port: to.port(transport) },
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  phones.push(opened);
  return opened;
}

/** A call that is up over `transport`. */
async function upCall(transport: Transport = 'tcp'): Promise<RawCall> {
  const call = new RawCall(await phone(transport));
  await call.up();
  return call;
}

async function backAtZero(of: RunningGateway, ...names: readonly string[]): Promise<void> {
  for (const name of names) await expect.poll(() => of.metric(name), { timeout: 5_000, message: name }).toBe(0);
}

const SDP = ['Content-Type: application/sdp'];
const offer = (direction: string): string => `${offerText(40_000)}a=${direction}\r\n`;
const line = (text: string, start: string): string =>
  text.split('\r\n').find((candidate) => candidate.startsWith(start)) ?? '';

describe('in a dialog', () => {
  it('RFC 3264 §8.4: re-INVITE holds and resumes; the port stays and the version of the description rises', async () => {
    const call = new RawCall(await phone('tcp'));
    const first = (await call.up()).body.toString();
    const versions = [line(first, 'o=')];
    for (const [theirs, ours] of [
      ['sendonly', 'recvonly'],
      ['inactive', 'inactive'],
      ['sendrecv', 'sendrecv'],
    ] as const) {
      const answer = await call.ask('INVITE', {
        headers: SDP,
        body: offer(theirs),
      });
      expect(answer.status).toBe(200);
      call.ack();
      const body = answer.body.toString();
      expect(body).toContain(`a=${ours}\r\n`);
      expect(line(body, 'm=')).toBe(line(first, 'm='));
      versions.push(line(body, 'o='));
    }
    const numbers = versions.map((origin) => Number(origin.split(' ')[2]));
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
    expect((await call.ask('BYE')).status).toBe(200);
  });

  it('RFC 3261 §14.2: a re-INVITE without description is answered with ours', async () => {
    const call = new RawCall(await phone('tcp'));
    const first = (await call.up()).body.toString();
    const answer = await call.ask('INVITE');
    expect(answer.status).toBe(200);
    expect(line(answer.body.toString(), 'm=')).toBe(line(first, 'm='));
    call.ack();
    expect((await call.ask('BYE')).status).toBe(200);
  });

  it.each([
    ['rubbish', 'rubbish', 400],
    ['no codec of ours', offerText(40_000).replace('AVP 0', 'AVP 18').replace('0 PCMU', '18 G729'), 488],
    ['another family of addresses', offerText(40_000, '::1').replaceAll('IP4', 'IP6'), 488],
    ['encrypted media only', offerText(40_000).replace('RTP/AVP', 'RTP/SAVP'), 488],
  ])('RFC 3261 §14.1: a re-INVITE with %s is refused and the call stays', async (_name, body, status) => {
    const call = await upCall();
    const refusal = await call.ask('INVITE', { headers: SDP, body });
    expect(refusal.status).toBe(status);
    // Still there: a sound one is accepted after it.
    expect((await call.ask('INVITE', { headers: SDP, body: offer('sendrecv') })).status).toBe(200);
    call.ack();
    expect((await call.ask('BYE')).status).toBe(200);
  });

  it.each([
    ['UPDATE', {}, 200],
    ['UPDATE', { headers: SDP, body: offer('sendonly') }, 200],
    ['UPDATE', { headers: SDP, body: 'rubbish' }, 400],
    ['REFER', { headers: ['Refer-To: <sip:1@127.0.0.2>'] }, 405],
    ['MESSAGE', { headers: ['Content-Type: text/plain'], body: 'x' }, 405],
    ['NOTIFY', { headers: ['Event: x', 'Subscription-State: active'] }, 405],
    [
      'INFO',
      {
        headers: ['Content-Type: application/dtmf-relay'],
        body: 'Signal=1\r\n',
      },
      200,
    ],
    ['OPTIONS', {}, 200],
    ['PRACK', { headers: ['RAck: 1 1 INVITE'] }, 481],
    ['FROBNICATE', {}, 501],
    ['INFO', { cseq: 0 }, 500],
  ] as const)('threat 59: %s %j gets %i and the call stays', async (method, options, status) => {
    const call = await upCall();
    const answer = await call.ask(method, options);
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.header('allow')).toContain('BYE');
    expect((await call.ask('BYE', { cseq: 9 })).status).toBe(200);
  });

  it('RFC 3261 §14.2: a re-INVITE before the ACK of the first gets 491', async () => {
    const call = new RawCall(await phone('tcp'));
    await call.answered();
    expect((await call.ask('INVITE', { headers: SDP, body: offer('sendonly') })).status).toBe(491);
    call.ack(1);
    expect((await call.ask('BYE')).status).toBe(200);
  });
});

describe('BYE', () => {
  it.each(TRANSPORTS)('RFC 3261 §15.1.2: twice over %s: the call is gone after the first', async (transport) => {
    const call = await upCall(transport);
    expect((await call.ask('BYE')).status).toBe(200);
    expect((await call.ask('BYE')).status).toBe(481);
  });

  it('RFC 3261 §17.2.2: the same one again over UDP gets the same answer', async () => {
    const line = await phone('udp');
    const call = new RawCall(line);
    await call.up();
    const bye = { cseq: 2, branch: 'z9hG4bKtwice' } as const;
    expect((await call.ask('BYE', bye)).status).toBe(200);
    line.received.length = 0;
    expect((await call.ask('BYE', bye)).status).toBe(200);
  });

  it('threat 59: with a tag that is not ours gets 481 and the call stays', async () => {
    const call = await upCall();
    expect((await call.ask('BYE', { toTag: 'made-up' })).status).toBe(481);
    expect((await call.ask('BYE')).status).toBe(200);
  });

  it('threat 59: from another address, or over a channel less safe than that of the call, gets 481', async () => {
    const call = await upCall('tls');
    expect((await call.ask('BYE', {}, await phone('tls', gateway, '127.0.0.2'))).status).toBe(481);
    expect((await call.ask('BYE', {}, await phone('tcp'))).status).toBe(481);
    expect((await call.ask('BYE', {}, await phone('udp'))).status).toBe(481);
    expect((await call.ask('BYE')).status).toBe(200);
  });

  it('RFC 3261 §12.2: over a new connection of the same caller ends the call, for the old one may be lost', async () => {
    const call = await upCall('tls');
    expect((await call.ask('BYE', {}, await phone('tls'))).status).toBe(200);
  });

  it('RFC 3261 §15.1.2: before the ACK ends the call', async () => {
    const call = new RawCall(await phone('tcp'));
    await call.answered();
    expect((await call.ask('BYE')).status).toBe(200);
    expect((await call.ask('BYE')).status).toBe(481);
  });
});

describe('CANCEL', () => {
  it.each(TRANSPORTS)(
    'RFC 3261 §9.2: while the call is set up over %s: 200, and 487 to the INVITE',
    async (transport) => {
      const slow = new FakeWatson();
      slow.answering = false;
      await slow.start();
      const waiting = await start('speech: { onFailure: reject }\nmedia: { quarantineSeconds: 1 }\n', slow);
      try {
        const line = await phone(transport, waiting);
        const call = new RawCall(line);
        line.send(call.inviteText());
        await line.response((response) => response.status === 100);
        line.send(call.cancelText());
        expect((await call.final('CANCEL', 1)).status).toBe(200);
        const refusal = await call.final('INVITE', 1);
        expect(refusal.status).toBe(487);
        call.ackRefusal(refusal);
        await waiting.program.waitFor(/"endReason":"caller_hangup"/);
        await backAtZero(waiting, 'portcullis_calls', 'portcullis_sip_dialogs', 'portcullis_rtp_ports_in_use');
        expect(complaints(waiting)).toEqual([]);
      } finally {
        await waiting.stop();
        await slow.close();
      }
    },
  );

  it.each(TRANSPORTS)(
    'threat 103: in a race with the 200 over %s, one of the two wins and the call ends',
    async (transport) => {
      const outcomes = new Set<number>();
      const line = await phone(transport);
      for (let round = 0; round < 12; round++) {
        const call = new RawCall(line);
        line.send(call.inviteText());
        // At once, when it was let in, or when it was answered.
        if (round % 3 > 0) await line.response((response) => response.callId === call.callId);
        if (round % 3 > 1) await call.final('INVITE', 1);
        line.send(call.cancelText());
        expect((await call.final('CANCEL', 1)).status).toBe(200);
        const final = await call.final('INVITE', 1);
        outcomes.add(final.status);
        if (final.status === 487) call.ackRefusal(final);
        else {
          expect(final.status).toBe(200);
          const toTag = final.toTag ?? '';
          expect((await call.ask('BYE', { toTag })).status).toBe(200);
        }
      }
      expect([...outcomes].sort()).toEqual([200, 487]);
    },
  );

  it('threat 58: from another connection or of nothing gets 481, and the call stays', async () => {
    const call = new RawCall(await phone('tcp'));
    await call.up();
    const other = await phone('tcp');
    other.send(call.cancelText());
    expect((await other.response()).status).toBe(481);
    expect((await call.ask('BYE')).status).toBe(200);
  });
});

describe('a caller that leaves its call alone', () => {
  it('threat 103: never an ACK, or gone after INVITE or 200: over after 64*T1, the 200 repeated until then', async () => {
    const alone = TRANSPORTS.map(async (transport) => {
      const line = await phone(transport);
      const call = new RawCall(line);
      await call.answered();
      const bye = await call.bye(ACK_TIMEOUT_MS);
      expect(bye.header('reason')).toContain('text="ACK timeout"');
      const repeats = line.received.filter((message) => message.kind === 'response' && message.status === 200);
      // RFC 3261 §13.3.1.4: after 0.5, 1.5, 3.5, 7.5 s and then every 4 s.
      expect(repeats.length).toBeGreaterThanOrEqual(10);
      expect(repeats.length).toBeLessThanOrEqual(12);
    });
    for (const transport of ['tcp', 'tls'] as const) {
      for (let count = 0; count < 5; count++) {
        const afterInvite = await phone(transport);
        afterInvite.send(new RawCall(afterInvite).inviteText());
        afterInvite.vanish();
        const afterTrying = await phone(transport);
        afterTrying.send(new RawCall(afterTrying).inviteText());
        await afterTrying.response();
        afterTrying.vanish();
        const afterOk = await phone(transport);
        await new RawCall(afterOk).answered();
        afterOk.vanish();
      }
    }
    await Promise.all(alone);
    // Only transactions may be left: Timer L keeps an answered INVITE for 32 s, over UDP others stay as long.
    await backAtZero(gateway, 'portcullis_calls', 'portcullis_sip_dialogs', 'portcullis_rtp_ports_in_use');
  }, 60_000);

  it('threat 103: no media, or gone after the ACK: BYE with the reason after the silence, and the ports return', async () => {
    const strict = await start('media: { silenceSeconds: 1, quarantineSeconds: 2 }\n');
    try {
      const silent = TRANSPORTS.map(async (transport) => {
        const call = new RawCall(await phone(transport, strict));
        await call.up();
        expect((await call.bye()).header('reason')).toBe('SIP;cause=408;text="No media"');
      });
      for (const transport of ['tcp', 'tls'] as const) {
        const gone = await phone(transport, strict);
        await new RawCall(gone).up();
        gone.vanish();
      }
      await Promise.all(silent);
      await strict.program.waitFor(/("endReason":"failed","failure":"MEDIA_SILENT"[^]*){5}/);
      await backAtZero(strict, 'portcullis_calls', 'portcullis_sip_dialogs', 'portcullis_rtp_ports_in_use');
      expect(await strict.metric('portcullis_rtp_ports_resting')).toBeGreaterThan(0);
      await backAtZero(strict, 'portcullis_rtp_ports_resting');
      expect(complaints(strict)).toEqual([]);
    } finally {
      await strict.stop();
    }
  }, 40_000);

  it('threats 102, 103: after all of the above nothing is held and no fault was logged', async () => {
    expect(await stillHeld(gateway, SETTLE_MS)).toBe('');
    expect(complaints(gateway)).toEqual([]);
    expect(gateway.program.child.exitCode).toBeNull();
  }, 60_000);
});
