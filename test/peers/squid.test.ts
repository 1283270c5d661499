import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { silentLog } from '../../src/base/log.js';
import type { EgressOptions } from '../../src/egress/contract.js';
import { createDialer } from '../../src/egress/dialer.js';
import { request } from '../../src/egress/http.js';
import { createSpeech } from '../../src/speech/factory.js';
import { probeStt } from '../../src/speech/probe.js';
import { egressOptions } from '../support/egress-options.js';
import { FakeWatson, type FakeWatsonOptions } from '../support/fake-watson.js';
import { requirePeer } from '../support/peer.js';
import { TestCa } from '../support/pki-egress.js';
import { RecordingListener } from '../support/recording-listener.js';
import { sttOptions, ttsOptions } from '../support/speech-options.js';
import { SQUID_ADDRESS, SQUID_AUTH_HELPER, type Squid, startSquid } from '../support/squid.js';

const USER = 'johndoe';
const PASSWORD = 'pa:ss@w0rd-ü';
const MULAW = { encoding: 'mulaw', rate: 8_000 } as const;
const ca = new TestCa('service ca');
const proxyCa = new TestCa('proxy ca');
const CLIENT = ca.issue(['gateway.example'], { usages: ['clientAuth'] });

describe.runIf(requirePeer('squid', SQUID_AUTH_HELPER))('squid (dependencies §5)', () => {
  let squid: Squid;
  const cleanups: (() => unknown)[] = [];

  beforeAll(async () => {
    squid = await startSquid(USER, PASSWORD, proxyCa.issue(['127.0.0.1']));
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  afterAll(() => squid.stop());

  async function fake(options: FakeWatsonOptions = {}): Promise<FakeWatson> {
    // Whoever does not come from squid's address is turned away and counted.
    const service = await new FakeWatson({ viaAddress: SQUID_ADDRESS, ...options }).start();
    cleanups.push(() => service.close());
    return service;
  }

  function through(type: 'http' | 'https', password = PASSWORD): EgressOptions {
    const port = type === 'http' ? squid.httpPort : squid.httpsPort;
    const base = egressOptions(ca.cert, { type, port, username: USER, password, ca: proxyCa.cert });
    return { ...base, tls: { ca: ca.cert, ...CLIENT } };
  }

  const logged = (port: number): string[] => squid.accessLog().filter((line) => line.includes(`:${port} `));

  describe.each(['http', 'https'] as const)('its %s port', (type) => {
    const dialer = (options = through(type)) => createDialer(options, { log: silentLog });

    it.each(['http', 'https', 'ws', 'wss'])(
      'carries recognition and speech for %s, seen in its log as CONNECT by the user',
      async (scheme) => {
        const secure = {
          tls: { ...ca.issue(['localhost']), ca: ca.cert, requestCert: true, rejectUnauthorized: true },
        };
        const service = await fake(['https', 'wss'].includes(scheme) ? secure : {});
        const url = `${scheme}://localhost:${service.port}`;
        const deps = { dialer: dialer(), clock: systemClock, log: silentLog };
        const { stt, tts } = createSpeech({ stt: sttOptions(url), tts: ttsOptions(url) }, deps);
        const listener = new RecordingListener();
        const stream = stt.open({ sessionId: 's', format: MULAW, interim: false }, listener);
        cleanups.push(() => stream.close());
        await once(listener, 'ready');
        stream.write(Buffer.alloc(800, 0x55));
        await once(service, 'audio');
        service.recognitions[0]?.result('through the wall');
        await once(listener, 'result');
        stream.close();
        let spoken = 0;
        for await (const chunk of tts.synthesize('hello', MULAW, new AbortController().signal)) spoken += chunk.length;
        expect(spoken).toBe(320);
        expect(listener.failures).toEqual([]);
        expect(service.strangers).toBe(0);
        await until(() => logged(service.port).length === 2);
        for (const line of logged(service.port)) {
          expect(line).toMatch(new RegExp(`TCP_TUNNEL/200 \\d+ CONNECT localhost:${service.port} ${USER}$`));
        }
      },
    );

    it('reports a wrong password as exactly PROXY_AUTH, and nothing reaches the service', async () => {
      const service = await fake();
      const url = `ws://localhost:${service.port}`;
      const reached = once(service, 'upgrade').then(() => 'reached');
      const deps = { dialer: dialer(through(type, 'wrong')), clock: systemClock, log: silentLog };
      const probed = await Promise.race([probeStt(sttOptions(url), deps), reached]);
      expect(probed).toMatchObject({ code: 'PROXY_AUTH' });
      await until(() => logged(service.port).length === 1);
      expect(logged(service.port)[0]).toMatch(/TCP_DENIED\/407 \d+ CONNECT/);
    });

    it('reports a destination that squid cannot reach as PROXY_REFUSED', async () => {
      const service = await fake();
      const url = new URL(`http://localhost:${service.port}`);
      await service.close();
      const asked = request(dialer(), { url, service: 'tts', method: 'GET', timeoutMs: 10_000, maxBytes: 1 });
      await expect(asked).rejects.toMatchObject({
        code: 'PROXY_REFUSED',
        message: expect.stringMatching(/50[0-9]$/) as string,
      });
    });

    it('is not what the service sees when a service is not proxied', async () => {
      const service = await fake();
      const direct = { ...through(type), proxied: { stt: false, tts: false, moh: false, webhook: false } };
      const deps = { dialer: dialer(direct), clock: systemClock, log: silentLog };
      expect(await probeStt(sttOptions(`ws://localhost:${service.port}`), deps)).toMatchObject({
        code: 'SPEECH_REFUSED',
      });
      expect(service.strangers).toBe(1);
    });

    it('does not hide a service with a certificate of another CA', async () => {
      const service = await fake({ tls: new TestCa('stranger').issue(['localhost']) });
      const deps = { dialer: dialer(), clock: systemClock, log: silentLog };
      expect(await probeStt(sttOptions(`wss://localhost:${service.port}`), deps)).toMatchObject({ code: 'EGRESS_TLS' });
    });
  });

  it('its https port is not spoken to when its certificate is not trusted', async () => {
    const options = egressOptions(ca.cert, { type: 'https', port: squid.httpsPort, ca: ca.cert });
    const deps = { dialer: createDialer(options, { log: silentLog }), clock: systemClock, log: silentLog };
    expect(await probeStt(sttOptions('ws://localhost:9'), deps)).toMatchObject({ code: 'PROXY_CONNECT' });
  });
});

/** Squid writes its log when a tunnel ends, a moment after we see it end. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 10));
}
