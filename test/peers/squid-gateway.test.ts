import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeWatson, type FakeRecognition } from '../support/fake-watson.js';
import { requirePeer } from '../support/peer.js';
import { TestCa } from '../support/pki-egress.js';
import { RunningGateway } from '../support/running-gateway.js';
import { SQUID_ADDRESS, SQUID_AUTH_HELPER, type Squid, startSquid } from '../support/squid.js';
import { placeCall, statuses } from '../support/test-caller.js';

const USER = 'johndoe';
const PASSWORD = 'pa:ss@w0rd-canary';

describe.runIf(requirePeer('squid', SQUID_AUTH_HELPER))('a gateway behind squid', () => {
  const serviceCa = new TestCa('service ca');
  const proxyCa = new TestCa('proxy ca');
  let squid: Squid;
  let service: FakeWatson;
  let home: string;
  const gateways: RunningGateway[] = [];

  beforeAll(async () => {
    squid = await startSquid(USER, PASSWORD, proxyCa.issue(['127.0.0.1']));
    // The service lets in nobody who does not come from squid's address, and counts who tries.
    service = await new FakeWatson({ viaAddress: SQUID_ADDRESS, tls: serviceCa.issue(['localhost']) }).start();
    service.on('stop', (recognition: FakeRecognition) => recognition.json({ state: 'listening' }));
    home = await mkdtemp(join(tmpdir(), 'portcullis-squid-'));
    await writeFile(join(home, 'service-ca.pem'), serviceCa.cert);
    await writeFile(join(home, 'proxy-ca.pem'), proxyCa.cert);
    await writeFile(join(home, 'portcullis.yaml'), `proxy:\n  caFile: ${join(home, 'proxy-ca.pem')}\n`);
  });
  afterEach(async () => {
    await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  });
  afterAll(async () => {
    await service.close();
    await squid.stop();
  });

  async function start(env: Readonly<Record<string, string | undefined>>): Promise<RunningGateway> {
    const gateway = await RunningGateway.start({
      WATSON_STT_URL: `wss://localhost:${service.port}`,
      WATSON_TTS_URL: `https://localhost:${service.port}`,
      SSL_CLIENT_CA_CERTIFICATE_FILE: join(home, 'service-ca.pem'),
      PROXY_HOST: '127.0.0.1',
      PROXY_USERNAME: USER,
      PROXY_PASSWORD: PASSWORD,
      LOG_LEVEL: 'debug',
      ...env,
    });
    gateways.push(gateway);
    return gateway;
  }

  it.each(['http', 'https'] as const)(
    'sends every speech byte through its %s port, as the user, and none direct',
    async (type) => {
      const before = squid.accessLog().length;
      const [heard, spoken] = [service.recognitions.length, service.syntheses.length];
      const gateway = await start({
        PROXY_TYPE: type,
        ...(type === 'https' ? { PORTCULLIS_CONFIG: join(home, 'portcullis.yaml') } : {}),
        PROXY_PORT: String(type === 'http' ? squid.httpPort : squid.httpsPort),
      });
      const recognised = once(service, 'recognition');
      const report = await placeCall({
        transport: 'tls',
        port: gateway.port('tls'),
        conduct: async (line) => {
          const [recognition] = (await recognised) as [FakeRecognition];
          recognition.result('hello');
          await once(service, 'synthesis');
          await line.wait(500);
        },
      });
      expect(statuses(report)).toEqual([401, 200]);
      expect(service.recognitions.length).toBe(heard + 1);
      expect(service.recognitions.at(-1)?.audio.length).toBeGreaterThan(1_000);
      expect(service.syntheses.length).toBeGreaterThanOrEqual(spoken + 2); // greeting and answer
      expect(service.strangers).toBe(0);
      await expect
        .poll(
          () =>
            squid
              .accessLog()
              .slice(before)
              .filter((line) => line.includes('CONNECT')).length,
          { timeout: 10_000 },
        )
        .toBeGreaterThanOrEqual(3);
      for (const line of squid.accessLog().slice(before))
        expect(line).toMatch(new RegExp(`CONNECT localhost:${service.port} ${USER}`));
      expect(gateway.program.output).not.toContain(PASSWORD);
    },
    40_000,
  );

  it('reports a wrong proxy password as exactly that, and never goes round the proxy', async () => {
    const gateway = await start({ PROXY_PORT: String(squid.httpPort), PROXY_PASSWORD: 'wrong' });
    const report = await placeCall({
      transport: 'tls',
      port: gateway.port('tls'),
      conduct: (line) => line.wait(30_000),
    });
    expect(report.endedBy).toBe('server');
    await expect
      .poll(() => gateway.program.output, { timeout: 10_000 })
      .toContain('"endReason":"failed","failure":"PROXY_AUTH"');
    expect(gateway.program.output).toContain('"code":"PROXY_AUTH"');
    expect(service.strangers).toBe(0);
  }, 40_000);

  it('with the proxy switched off for both services goes direct, which this service refuses', async () => {
    const gateway = await start({
      PROXY_PORT: String(squid.httpPort),
      WATSON_STT_ENABLE_PROXY: 'false',
      WATSON_TTS_ENABLE_PROXY: 'false',
    });
    const before = squid.accessLog().length;
    await placeCall({ transport: 'tls', port: gateway.port('tls'), conduct: (line) => line.wait(30_000) });
    await expect.poll(() => gateway.program.output, { timeout: 10_000 }).toContain('"failure":"SPEECH_REFUSED"');
    expect(service.strangers).toBeGreaterThan(0);
    expect(squid.accessLog()).toHaveLength(before);
  }, 40_000);
});
