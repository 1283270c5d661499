import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeWatson, type FakeRecognition } from '../support/fake-watson.js';
import { ackText, exchange, offerText, sipText } from '../support/raw-sip.js';
import { RunningGateway } from '../support/running-gateway.js';
import { placeCall, statuses } from '../support/test-caller.js';

const CANARY = 'correct horse';
const TRANSCRIPT = 'my account number is four two';

const watson = new FakeWatson();
beforeAll(() => watson.start());
afterAll(() => watson.close());

const running: RunningGateway[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
});

async function start(env: Readonly<Record<string, string | undefined>> = {}): Promise<RunningGateway> {
  const url = `http://127.0.0.1:${watson.port}`;
  const gateway = await RunningGateway.start({ WATSON_STT_URL: url, WATSON_TTS_URL: url, ...env });
  running.push(gateway);
  return gateway;
}

describe('the four outcomes', () => {
  it('400 over TCP, 401 without and with wrong credentials, 403 for a stranger, 200 for the caller on the list', async () => {
    const gateway = await start({ SIP_PORT_TCP: '0', WHITELIST_FROM_URI: '2345550001', WHITELIST_TO_URI: '5556789' });
    const [tcp, tls] = [gateway.port('tcp'), gateway.port('tls')];
    expect(statuses(await placeCall({ transport: 'tcp', port: tcp }))).toEqual([400]);
    expect(statuses(await placeCall({ transport: 'tls', port: tls, password: null }))).toEqual([401]);
    expect(statuses(await placeCall({ transport: 'tls', port: tls, password: 'wrong' }))).toEqual([401, 401]);
    expect(statuses(await placeCall({ transport: 'tls', port: tls, from: '9995550000' }))).toEqual([401, 403]);
    expect(statuses(await placeCall({ transport: 'tls', port: tls, to: '999' }))).toEqual([401, 403]);
    expect(statuses(await placeCall({ transport: 'tls', port: tls }))).toEqual([401, 200]);
    const records = await gateway.decisions();
    expect(records.map(({ verdict, status, rule }) => `${verdict} ${status} ${rule}`)).toEqual([
      'deny 400 transport',
      'challenge 401 digest',
      'challenge 401 digest',
      'challenge 401 digest',
      'challenge 401 digest',
      'deny 403 from',
      'challenge 401 digest',
      'deny 403 to',
      'challenge 401 digest',
      'allow null all',
    ]);
    expect(Object.keys(records.at(-1) ?? {})).toEqual([
      'time',
      'id',
      'callId',
      'method',
      'peer',
      'transport',
      'listener',
      'verdict',
      'status',
      'rule',
      'reason',
      'entry',
      'tenant',
      'user',
      'micros',
    ]);
    expect(records.at(-1)).toMatchObject({
      method: 'INVITE',
      transport: 'tls',
      listener: 'sip-tls',
      user: 'portcullis',
      entry: { origin: 'WHITELIST_TO_URI[1]' },
    });
    expect(JSON.stringify(records)).not.toContain('2345550001');
  });

  it('OPTIONS and unknown methods are challenged like everything else (threat 60)', async () => {
    const gateway = await start();
    const target = { transport: 'tls', port: gateway.port('tls') } as const;
    for (const method of ['OPTIONS', 'INVITE']) {
      const { text } = await exchange(target, sipText({ method }));
      expect(text).toContain('SIP/2.0 401 ');
      expect(text.match(/^WWW-Authenticate: Digest .*algorithm=[^,\r]+/gim)).toHaveLength(2);
    }
    expect((await exchange(target, sipText({ method: 'REGISTER' }))).text).toContain('SIP/2.0 405 ');
    expect((await exchange(target, sipText({ method: 'FROBNICATE' }))).text).toContain('SIP/2.0 501 ');
    expect((await exchange(target, sipText({ method: 'BYE', to: '<sip:1@x.example>;tag=made-up' }))).text).toContain(
      'SIP/2.0 481 ',
    );
  });

  it('binds every address by default and names peers and media by their real one', async () => {
    const gateway = await start({ BIND_ADDRESS: undefined });
    const report = await placeCall({
      transport: 'tls',
      port: gateway.port('tls'),
      conduct: (line) => line.wait(300),
    });
    expect(statuses(report)).toEqual([401, 200]);
    expect(report.packetsReceived).toBeGreaterThan(3);
    for (const { peer } of await gateway.decisions()) expect(peer).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('listens on TLS only when nothing is configured (interfaces section 1)', async () => {
    const gateway = await start();
    expect(gateway.ready.listeners.map(({ transport }) => transport)).toEqual(['tls']);
    expect(Object.keys(gateway.ready)).toEqual(['pid', 'listeners', 'rest', 'metrics']);
    expect(Object.keys(gateway.ready.listeners[0] ?? {})).toEqual(['name', 'transport', 'address', 'port']);
  });
});

describe('a call', () => {
  const speak = async (gateway: RunningGateway, greetingOnly = false) => {
    const recognised = once(watson, 'recognition') as Promise<[FakeRecognition]>;
    const report = placeCall({
      transport: 'tls',
      port: gateway.port('tls'),
      conduct: async (line) => {
        const [recognition] = await recognised;
        if (!greetingOnly) {
          recognition.result(TRANSCRIPT, { confidence: 0.9 });
          await once(watson, 'synthesis');
        }
        await line.wait(300);
      },
    });
    return { report: await report, recognition: (await recognised)[0] };
  };

  it('is transcribed to the webhook and nowhere else, answered aloud, and recorded', async () => {
    const hook = await startHook();
    const gateway = await start({
      TRANSCRIPT_WEBHOOK: `${hook.url}/t`,
      CALL_RECORD_WEBHOOK: `${hook.url}/c`,
      LOG_LEVEL: 'debug',
    });
    const { report, recognition } = await speak(gateway);
    expect(statuses(report)).toEqual([401, 200]);
    expect(recognition.start).toMatchObject({ action: 'start', 'content-type': 'audio/basic' });
    expect(recognition.audio.length).toBeGreaterThan(0);
    expect(watson.syntheses.at(-1)?.text).toContain(TRANSCRIPT);
    await expect.poll(() => hook.events.length, { timeout: 10_000 }).toBe(2);
    expect(hook.events.find(({ path }) => path === '/t')?.body).toEqual({
      callId: report.callId,
      sessionId: expect.any(String) as string,
      participant: 'caller',
      text: TRANSCRIPT,
      final: true,
      startMs: expect.any(Number) as number,
      endMs: expect.any(Number) as number,
      confidence: 0.9,
    });
    expect(hook.events.find(({ path }) => path === '/c')?.body).toMatchObject({
      callId: report.callId,
      endReason: 'caller_hangup',
      codec: 'PCMU',
      failure: null,
      security: { media_encrypted: false, signaling_encrypted: true, sip_authenticated: true },
    });
    const output = gateway.program.output + JSON.stringify(await gateway.decisions());
    expect(output).not.toContain(TRANSCRIPT);
    expect(output).not.toContain(CANARY);
    await hook.close();
  });

  it('returns its ports, dialogs and transactions', async () => {
    const gateway = await start({ MAX_CALLS: '5' });
    await Promise.all(
      Array.from({ length: 5 }, () =>
        placeCall({ transport: 'tls', port: gateway.port('tls'), conduct: (line) => line.wait(200) }),
      ),
    );
    for (const name of [
      'portcullis_calls',
      'portcullis_sip_dialogs',
      'portcullis_rtp_ports_in_use',
      'portcullis_sip_connections',
    ]) {
      await expect.poll(() => gateway.metric(name), { timeout: 10_000 }).toBe(0);
    }
  });

  it('over the limit gets 503 with Retry-After', async () => {
    const gateway = await start({ MAX_CALLS: '1' });
    await placeCall({
      transport: 'tls',
      port: gateway.port('tls'),
      conduct: async () => {
        expect(statuses(await placeCall({ transport: 'tls', port: gateway.port('tls') }))).toEqual([401, 503]);
      },
    });
    expect((await gateway.decisions()).at(-1)).toMatchObject({ verdict: 'deny', status: 503, rule: 'capacity' });
  });

  it('without media is ended with BYE and a reason, and its ports come back', async () => {
    const config = join(tmpdir(), `portcullis-silence-${process.pid}.yaml`);
    await writeFile(config, 'media:\n  silenceSeconds: 1\nsip:\n  auth: { enabled: false }\n  tcp: { port: 0 }\n');
    const gateway = await start({ PORTCULLIS_CONFIG: config });
    const target = { transport: 'tcp', port: gateway.port('tcp') } as const;
    const invite = sipText({ method: 'INVITE', headers: ['Content-Type: application/sdp'], body: offerText(40_000) });
    const { text } = await exchange(
      target,
      invite,
      (seen) => seen.includes('BYE sip:'),
      15_000,
      (seen) => ackText(invite, seen),
    );
    expect(text).toContain('SIP/2.0 200 OK');
    expect(text).toMatch(/BYE sip:raw@127\.0\.0\.1:5099.*SIP\/2\.0\r\n/);
    expect(text).toContain('Reason: SIP;cause=408;text="No media"');
    await expect.poll(() => gateway.metric('portcullis_rtp_ports_in_use'), { timeout: 10_000 }).toBe(0);
  });
});

describe('speech that is down', () => {
  it('reject: 503 before the answer', async () => {
    const config = join(tmpdir(), `portcullis-reject-${process.pid}.yaml`);
    await writeFile(config, 'speech:\n  onFailure: reject\n');
    const gateway = await start({ PORTCULLIS_CONFIG: config, WATSON_STT_URL: 'http://127.0.0.1:9' });
    expect(statuses(await placeCall({ transport: 'tls', port: gateway.port('tls') }))).toEqual([401, 503]);
  });

  it('apologise: answered, apology heard, BYE from us, the record names the fault', async () => {
    const gateway = await start({ WATSON_STT_URL: 'http://127.0.0.1:9' });
    const report = await placeCall({
      transport: 'tls',
      port: gateway.port('tls'),
      conduct: (line) => line.wait(30_000),
    });
    expect(report.endedBy).toBe('server');
    expect(Math.max(...report.heard)).toBeGreaterThan(1_000);
    await expect.poll(() => gateway.program.output).toContain('"endReason":"failed","failure":"EGRESS_CONNECT"');
  }, 40_000);
});

describe('trusted addresses: silence for everybody else (threat 87)', () => {
  it.each(['udp', 'tcp', 'tls'] as const)('%s', async (transport) => {
    const gateway = await start({
      TRUSTED_IP_LIST: '127.0.0.2',
      SIP_AUTH_ENABLED: 'false',
      SIP_PORT: '0',
      SIP_PORT_TCP: '0',
    });
    const port = gateway.port(transport);
    for (const method of ['OPTIONS', 'INVITE']) {
      const stranger = await exchange(
        { transport, port, localAddress: '127.0.0.1' },
        sipText({ method }),
        undefined,
        500,
      );
      expect(stranger.text).toBe('');
      if (transport !== 'udp') expect(stranger.closed).toBe(true);
    }
    const friend = await exchange({ transport, port, localAddress: '127.0.0.2' }, sipText({ method: 'OPTIONS' }));
    expect(friend.text).toContain('SIP/2.0 200 OK');
    const records = await gateway.decisions();
    expect(
      records
        .filter(({ verdict }) => verdict === 'drop')
        .every(({ rule, method, status }) => rule === 'trusted-ip' && method === null && status === null),
    ).toBe(true);
    expect(records.filter(({ verdict }) => verdict === 'drop').length).toBeGreaterThanOrEqual(2);
  });
});

describe('start and stop', () => {
  it('drains: new calls get 503, the live one goes on, then the process ends with 0', async () => {
    const gateway = await start();
    running.splice(running.indexOf(gateway), 1);
    const port = gateway.port('tls');
    await placeCall({
      transport: 'tls',
      port,
      conduct: async (line) => {
        gateway.program.child.kill('SIGTERM');
        await gateway.program.waitFor(/draining/);
        expect(statuses(await placeCall({ transport: 'tls', port }))).toEqual([503]);
        const { rest } = gateway.ready;
        expect(rest).not.toBeNull();
        await line.wait(200);
      },
    });
    expect(await gateway.program.exited).toBe(0);
  });

  it.each([
    [
      'a configuration error: all at once',
      { WHITELIST_FORM_URI: '1', SIP_PORT_TLS: 'x' },
      2,
      /WHITELIST_FROM_URI[\s\S]*SIP_PORT_TLS|SIP_PORT_TLS[\s\S]*WHITELIST_FROM_URI/,
    ],
    ['a gate that would stand open', { SIP_AUTH_ENABLED: 'false', BIND_ADDRESS: '0.0.0.0' }, 2, /CONFIG_OPEN_GATE/],
    [
      'a rule that is not built yet',
      { WHITELIST_SIPREC_ATTR_NAME: 'aor', WHITELIST_SIPREC_ATTR_VALUE: '1' },
      2,
      /CONFIG_NOT_BUILT/,
    ],
    ['no password and nobody to tell', { SIP_AUTH_PASSWORD: undefined }, 4, /SECRET_UNRESOLVED/],
  ])('refuses to start with %s', async (_name, env, code, message) => {
    const failure = await start(env).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(failure).toContain(`program ended with ${code} `);
    expect(failure).toMatch(message);
  });

  it('refuses to start when a port is taken', async () => {
    const first = await start();
    const failure = await start({ SIP_PORT_TLS: String(first.port('tls')) }).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(failure).toContain('program ended with 3 ');
    expect(failure).toContain('PORT_UNAVAILABLE');
  });
});

interface Hook {
  readonly url: string;
  readonly events: { path: string; body: unknown }[];
  close(): Promise<void>;
}

async function startHook(): Promise<Hook> {
  const events: Hook['events'] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    events.push({ path: request.url ?? '', body: JSON.parse(await textOf(request)) as unknown });
    response.end();
  };
  const server: Server = createServer((request, response) => void take(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    events,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
