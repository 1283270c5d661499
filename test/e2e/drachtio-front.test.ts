import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { DEFAULT_SIP_LIMITS } from '../../src/base/limits.js';
import { silentLog } from '../../src/base/log.js';
import { Secret } from '../../src/base/secret.js';
import { ControlServer } from '../../src/control/server.js';
import { SipEdge } from '../../src/sip/edge.js';
import { FakeWatson } from '../support/fake-watson.js';
import { makeServerCert } from '../support/pki.js';
import { exchange, sipText } from '../support/raw-sip.js';
import { RunningGateway } from '../support/running-gateway.js';
import { placeCall, statuses } from '../support/test-caller.js';

/** A server that speaks drachtio's control protocol in another process than the gateway, and lets everything through. */
describe('sip.server: drachtio', () => {
  const secret = 'control secret canary';
  const watson = new FakeWatson();
  const ports = { tcp: 0, tls: 0 };
  let edge: SipEdge;
  let control: ControlServer;
  let gateway: RunningGateway;

  beforeAll(async () => {
    await watson.start();
    const tls = makeServerCert();
    edge = new SipEdge(
      {
        listeners: [
          { name: 'tcp', transport: 'tcp', address: '127.0.0.1', port: 0 },
          { name: 'tls', transport: 'tls', address: '127.0.0.1', port: 0, tls },
        ],
        limits: DEFAULT_SIP_LIMITS,
        advertisedHost: null,
        productToken: null,
      },
      {
        clock: systemClock,
        log: silentLog,
        hooks: { screen: () => true, trusted: () => true, judge: () => ({ kind: 'accept' }), onRefused: () => {} },
      },
    );
    for (const { transport, port } of await edge.start()) if (transport !== 'udp') ports[transport] = port;
    control = new ControlServer({ host: '127.0.0.1', port: 0, secret: new Secret(secret) }, { edge, log: silentLog });
    const { host, port } = await control.start();
    const config = join(tmpdir(), `portcullis-drachtio-${process.pid}.yaml`);
    await writeFile(
      config,
      `sip:\n  server: drachtio\n  drachtio:\n    host: ${host}\n    port: ${port}\n    secret: ${secret}\n`,
    );
    const url = `http://127.0.0.1:${watson.port}`;
    gateway = await RunningGateway.start({
      PORTCULLIS_CONFIG: config,
      SIP_PORT_TLS: undefined,
      WATSON_STT_URL: url,
      WATSON_TTS_URL: url,
      WHITELIST_FROM_URI: '2345550001',
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await control.close();
    await edge.close();
    await watson.close();
  });

  it('judges the raw message that the server hands over: the same outcomes as with our own edge', async () => {
    expect(statuses(await placeCall({ transport: 'tcp', port: ports.tcp }))).toEqual([400]);
    expect(statuses(await placeCall({ transport: 'tls', port: ports.tls, password: null }))).toEqual([401]);
    expect(statuses(await placeCall({ transport: 'tls', port: ports.tls, from: '9995550000' }))).toEqual([401, 403]);
    const report = await placeCall({ transport: 'tls', port: ports.tls, conduct: (line) => line.wait(300) });
    expect(statuses(report)).toEqual([401, 200]);
    expect(report.packetsReceived).toBeGreaterThan(3);
    const records = await gateway.decisions();
    expect(records.map(({ verdict, rule }) => `${verdict} ${rule}`)).toEqual([
      'deny transport',
      'challenge digest',
      'challenge digest',
      'deny from',
      'challenge digest',
      'allow all',
    ]);
    expect(records.every(({ listener }) => listener === 'drachtio')).toBe(true);
  });

  it('challenges with one header per algorithm, in order', async () => {
    const { text } = await exchange({ transport: 'tls', port: ports.tls }, sipText({ method: 'OPTIONS' }));
    const algorithms = [...text.matchAll(/^WWW-Authenticate: [^\r]*?algorithm="?([^",\r]+)/gim)].map(
      ([, name]) => name,
    );
    expect(algorithms).toEqual(['SHA-256', 'MD5']);
  });

  it('keeps the secret of the control channel to itself', () => {
    expect(gateway.program.output).not.toContain(secret);
  });
});
