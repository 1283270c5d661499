import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { Secret } from '../../../src/base/secret.js';
import { Metrics } from '../../../src/api/metrics.js';
import { ApiServer, type ApiDeps, type Readiness } from '../../../src/api/server.js';

const figures = {
  calls: 2,
  dialogs: 1,
  transactions: 3,
  connections: 4,
  rtpPortsInUse: 5,
  rtpPortsResting: 6,
  timers: 7,
};
const open: ApiServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(readiness: Readiness, metrics: ApiDeps['metrics']): Promise<string> {
  const server = new ApiServer(
    { address: '127.0.0.1', port: 0, tls: null, credentials: null },
    { log: silentLog, readiness: () => readiness, metrics },
  );
  open.push(server);
  const { address, port } = await server.start();
  return `http://${address}:${port}`;
}

describe('health and metrics', () => {
  it('tells life and readiness apart', async () => {
    const base = await serve({ ready: false, reasons: ['draining'] }, null);
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    const ready = await fetch(`${base}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ status: 'not-ready', reasons: ['draining'] });
  });

  it('serves metrics only where it was told to', async () => {
    const metrics = new Metrics(() => Promise.resolve(figures));
    metrics.decided('allow', 'all', 120);
    metrics.callEnded('caller_hangup', null);
    metrics.webhookDropped('transcript');
    const base = await serve(
      { ready: true, reasons: [] },
      { contentType: metrics.registry.contentType, text: () => metrics.text() },
    );
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(text).toContain('portcullis_decisions_total{verdict="allow",rule="all"} 1');
    expect(text).toContain('portcullis_calls_total{end_reason="caller_hangup",failure="none"} 1');
    expect(text).toContain('portcullis_calls 2');
    expect(text).toContain('portcullis_rtp_ports_resting 6');
    const bare = await serve({ ready: true, reasons: [] }, null);
    expect((await fetch(`${bare}/metrics`)).status).toBe(404);
  });

  it('answers unknown paths with problem+json and nothing else', async () => {
    const base = await serve({ ready: true, reasons: [] }, null);
    const response = await fetch(`${base}/etc/passwd`);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toEqual({ type: 'about:blank', title: 'Not found', status: 404 });
  });

  it('asks for Basic credentials where they are set, but not for health', async () => {
    const server = new ApiServer(
      { address: '127.0.0.1', port: 0, tls: null, credentials: { username: 'admin', password: new Secret('s3:cret') } },
      { log: silentLog, readiness: () => ({ ready: true, reasons: [] }), metrics: null },
    );
    open.push(server);
    const { port } = await server.start();
    const status = async (path: string, credentials?: string): Promise<number> => {
      const headers =
        credentials === undefined ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
      return (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status;
    };
    expect(await status('/healthz')).toBe(200);
    expect(await status('/readyz')).toBe(200);
    expect(await status('/v1/anything')).toBe(401);
    expect(await status('/v1/anything', 'admin:wrong')).toBe(401);
    expect(await status('/healthz/../v1/anything', 'admin:s3:cret')).toBe(404);
  });

  it('says that a port is taken', async () => {
    const base = new URL(await serve({ ready: true, reasons: [] }, null));
    const second = new ApiServer(
      { address: '127.0.0.1', port: Number(base.port), tls: null, credentials: null },
      { log: silentLog, readiness: () => ({ ready: true, reasons: [] }), metrics: null },
    );
    await expect(second.start()).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' });
  });
});
