import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import type { EgressOptions } from '../../../src/egress/contract.js';
import { createDialer } from '../../../src/egress/dialer.js';
import { egressOptions } from '../../support/egress-options.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeProxy, type FakeProxyOptions } from '../../support/fake-proxy.js';
import { type Origin, startOrigin } from '../../support/origin.js';
import { TestCa } from '../../support/pki-egress.js';

const ca = new TestCa('origin ca');
const proxyCa = new TestCa('proxy ca');
const stranger = new TestCa('stranger ca');
const originIdentity = ca.issue(['localhost', '127.0.0.1']);
const proxyIdentity = proxyCa.issue(['127.0.0.1']);
const PASSWORD = 'pa:ss@w0rd-canary';
const AUTHORIZATION = `Basic ${Buffer.from(`johndoe:${PASSWORD}`).toString('base64')}`;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function origin(tls?: Parameters<typeof startOrigin>[1]): Promise<Origin> {
  const started = await startOrigin((_request, response) => response.end('hello'), tls);
  cleanups.push(() => started.close());
  return started;
}

async function proxy(options?: FakeProxyOptions): Promise<FakeProxy> {
  const started = await new FakeProxy(options).start();
  cleanups.push(() => started.close());
  return started;
}

async function get(stream: Duplex): Promise<string> {
  cleanups.push(() => stream.destroy());
  stream.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

const dialer = (options: EgressOptions, clock?: FakeClock) =>
  createDialer(options, { log: silentLog, ...(clock === undefined ? {} : { clock }) });

async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => expect.unreachable('the dial succeeded'),
    (error: unknown) => error as Error,
  );
}

describe('direct', () => {
  it.each(['http', 'ws'])('opens a plain stream for %s', async (scheme) => {
    const service = await origin();
    const stream = await dialer(egressOptions(null)).dial(new URL(`${scheme}://127.0.0.1:${service.port}/`), 'stt');
    expect(await get(stream)).toContain('hello');
  });

  it.each(['https', 'wss'])('opens a verified TLS stream for %s, with SNI', async (scheme) => {
    const service = await origin(originIdentity);
    const secured = once(service.server, 'secureConnection') as Promise<[TLSSocket & { servername: string }]>;
    const stream = await dialer(egressOptions(ca.cert)).dial(new URL(`${scheme}://localhost:${service.port}/`), 'tts');
    expect((stream as TLSSocket).getProtocol()).toBe('TLSv1.3');
    expect((await secured)[0].servername).toBe('localhost');
    expect(await get(stream)).toContain('hello');
  });

  it('verifies an address against the addresses of the certificate', async () => {
    const service = await origin(originIdentity);
    const stream = await dialer(egressOptions(ca.cert)).dial(new URL(`https://127.0.0.1:${service.port}/`), 'stt');
    expect(await get(stream)).toContain('hello');
  });

  it.each([
    ['a certificate of another CA', stranger.issue(['localhost'])],
    ['a certificate for another host', ca.issue(['other.example'])],
    ['a certificate for a name when an address was asked for by name only', ca.issue(['127.0.0.1'])],
    ['an expired certificate', ca.issue(['localhost'], { notAfter: new Date(Date.now() - 1_000) })],
    ['a certificate that is not for servers', ca.issue(['localhost'], { usages: ['clientAuth'] })],
  ])('refuses %s (threat 71)', async (_name, identity) => {
    const service = await origin(identity);
    const error = await failure(dialer(egressOptions(ca.cert)).dial(new URL(`wss://localhost:${service.port}`), 'stt'));
    expect(error.code).toBe('EGRESS_TLS');
    expect(service.requests).toHaveLength(0);
  });

  it('verifies even when the environment says otherwise (threat 71)', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    cleanups.push(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
    const service = await origin(stranger.issue(['localhost']));
    const error = await failure(dialer(egressOptions(ca.cert)).dial(new URL(`wss://localhost:${service.port}`), 'stt'));
    expect(error.code).toBe('EGRESS_TLS');
  });

  it.each([
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const],
    ['a cipher without AEAD', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' } as const],
  ])('refuses %s (RFC 9325 §3.1.1, §4.2, threat 125)', async (_name, old) => {
    const service = await origin({ ...originIdentity, ...old });
    const error = await failure(
      dialer(egressOptions(ca.cert)).dial(new URL(`https://localhost:${service.port}`), 'stt'),
    );
    expect(error.code).toBe('EGRESS_TLS');
  });

  it('shows the client certificate where it is asked for', async () => {
    const service = await origin({ ...originIdentity, ca: ca.cert, requestCert: true, rejectUnauthorized: true });
    const client = ca.issue(['gateway.example'], { usages: ['clientAuth'] });
    const options = { ...egressOptions(ca.cert), tls: { ca: ca.cert, ...client } };
    const secured = once(service.server, 'secureConnection') as Promise<[TLSSocket]>;
    const stream = await dialer(options).dial(new URL(`wss://localhost:${service.port}/`), 'stt');
    expect((await secured)[0].getPeerCertificate().subject.CN).toBe('gateway.example');
    expect(await get(stream)).toContain('hello');
  });

  it('reports a closed port', async () => {
    const service = await startOrigin(() => {});
    await service.close();
    const error = await failure(dialer(egressOptions(null)).dial(new URL(`http://127.0.0.1:${service.port}`), 'stt'));
    expect(error).toMatchObject({ code: 'EGRESS_CONNECT', message: `127.0.0.1:${service.port}: ECONNREFUSED` });
  });

  it.each([
    ['certificate without key', { ca: null, cert: ca.cert, key: null }],
    ['broken CA', { ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', cert: null, key: null }],
    ['key of another certificate', { ca: null, cert: originIdentity.cert, key: proxyIdentity.key }],
  ])('refuses to be made with %s', (_name, tls) => {
    expect(() => dialer({ ...egressOptions(null), tls })).toThrow(expect.objectContaining({ code: 'TLS_MATERIAL' }));
  });
});

describe.each(['http', 'https'] as const)('through an %s proxy', (type) => {
  const tls = type === 'https' ? { tls: proxyIdentity } : {};
  const through = (port: number, more = {}) =>
    egressOptions(ca.cert, { type, port, ca: proxyCa.cert, username: 'johndoe', password: PASSWORD, ...more });

  it.each(['http', 'https', 'ws', 'wss'])('opens a CONNECT tunnel for %s', async (scheme) => {
    const service = await origin(['https', 'wss'].includes(scheme) ? originIdentity : undefined);
    const forward = await proxy({ ...tls, authorization: AUTHORIZATION });
    const stream = await dialer(through(forward.port)).dial(new URL(`${scheme}://localhost:${service.port}/`), 'stt');
    const answer = await get(stream);
    expect(answer).toContain('hello');
    expect(forward.tunnels).toEqual([`localhost:${service.port}`]);
    expect([...forward.sourcePorts]).toEqual(service.sourcePorts);
    expect(service.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('accepts any 2xx (RFC 9110 §9.3.6)', async () => {
    const service = await origin();
    const forward = await proxy({ ...tls, status: '299 fine' });
    const stream = await dialer(through(forward.port)).dial(new URL(`http://localhost:${service.port}/`), 'stt');
    expect(await get(stream)).toContain('hello');
  });

  it('does not lose bytes that came with the answer to CONNECT', async () => {
    const service = await origin();
    const forward = await proxy({ ...tls, early: 'early bird ' });
    const stream = await dialer(through(forward.port)).dial(new URL(`http://localhost:${service.port}/`), 'stt');
    expect(await get(stream)).toMatch(/^early bird HTTP\/1\.1 200/);
  });

  it('still verifies the origin inside the tunnel, and against its own CA only (threat 122)', async () => {
    const forward = await proxy(tls);
    for (const identity of [stranger.issue(['localhost']), proxyCa.issue(['localhost']), ca.issue(['127.0.0.1'])]) {
      const service = await origin(identity);
      const error = await failure(
        dialer(through(forward.port)).dial(new URL(`wss://localhost:${service.port}`), 'stt'),
      );
      expect(error.code).toBe('EGRESS_TLS');
      expect(service.requests).toHaveLength(0);
      await forward.idle();
    }
  });

  it.each([
    ['407', 'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n', 'PROXY_AUTH', /407/],
    ['403', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'PROXY_REFUSED', /403/],
    ['503', 'HTTP/1.1 503 Service Unavailable\r\n\r\n', 'PROXY_REFUSED', /503/],
    ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\n\r\n', 'PROXY_REFUSED', /302/],
    ['401', 'HTTP/1.1 401 No\r\n\r\n', 'PROXY_REFUSED', /401/],
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n', 'PROXY_REFUSED', /100/],
    ['no HTTP', 'hello\r\n\r\n', 'PROXY_REFUSED', /not HTTP/],
    ['an endless head', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(20_000)}`, 'PROXY_REFUSED', /not HTTP/],
  ])('reports %s, goes nowhere else and tells no credentials (threat 122, D 8)', async (_name, answer, code, text) => {
    const service = await origin(originIdentity);
    const forward = await proxy({ ...tls, answer });
    const error = await failure(dialer(through(forward.port)).dial(new URL(`wss://localhost:${service.port}`), 'stt'));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(text);
    expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toMatch(/canary|johndoe|Basic /);
    expect(service.connections()).toBe(0);
    await forward.idle();
  });

  it('reports wrong credentials as PROXY_AUTH', async () => {
    const forward = await proxy({ ...tls, authorization: AUTHORIZATION });
    const options = through(forward.port, { password: 'wrong' });
    expect((await failure(dialer(options).dial(new URL('wss://localhost:9'), 'stt'))).code).toBe('PROXY_AUTH');
  });

  it('reports a proxy that is down and never goes direct (D 7, peers 3.11)', async () => {
    const service = await origin();
    const forward = await proxy(tls);
    const { port } = forward;
    await forward.close();
    const error = await failure(dialer(through(port)).dial(new URL(`http://localhost:${service.port}`), 'stt'));
    expect(error.code).toBe('PROXY_CONNECT');
    expect(service.connections()).toBe(0);
  });

  it('reports a proxy that hangs up instead of answering', async () => {
    const forward = await proxy({ ...tls, answer: null });
    const dialed = failure(dialer(through(forward.port)).dial(new URL('http://localhost:9'), 'stt'));
    await once(forward, 'head');
    forward.breakAll();
    expect((await dialed).code).toBe('PROXY_CONNECT');
  });

  it('gives up on a proxy that does not answer CONNECT (D 8)', async () => {
    const forward = await proxy({ ...tls, answer: null });
    const clock = new FakeClock();
    const dialed = failure(dialer(through(forward.port), clock).dial(new URL('http://localhost:9'), 'stt'));
    await once(forward, 'head');
    clock.advance(5_000);
    expect(await dialed).toMatchObject({
      code: 'EGRESS_TIMEOUT',
      message: expect.stringContaining('CONNECT') as string,
    });
    await forward.idle();
    expect(clock.pending).toBe(0);
  });

  it('ends at once when the caller aborts, with the caller’s reason', async () => {
    const forward = await proxy({ ...tls, answer: null });
    const abort = new AbortController();
    const dialed = failure(dialer(through(forward.port)).dial(new URL('http://localhost:9'), 'stt', abort.signal));
    await once(forward, 'head');
    const reason = new Error('call ended');
    abort.abort(reason);
    expect(await dialed).toBe(reason);
    await forward.idle();
  });

  it('sends services that are not proxied direct, and only those', async () => {
    const service = await origin();
    const forward = await proxy(tls);
    const options = { ...through(forward.port), proxied: { stt: true, tts: true, moh: false, webhook: true } };
    expect(await get(await dialer(options).dial(new URL(`http://localhost:${service.port}/`), 'moh'))).toContain(
      'hello',
    );
    expect(forward.heads).toHaveLength(0);
    expect(await get(await dialer(options).dial(new URL(`http://localhost:${service.port}/`), 'tts'))).toContain(
      'hello',
    );
    expect(forward.heads).toHaveLength(1);
  });

  it('closes the whole way when the stream is destroyed', async () => {
    const service = await origin(originIdentity);
    const forward = await proxy(tls);
    const stream = await dialer(through(forward.port)).dial(new URL(`wss://localhost:${service.port}/`), 'stt');
    stream.destroy();
    await forward.idle();
  });
});

describe('the proxy hop', () => {
  it.each([
    ['another CA', stranger.issue(['127.0.0.1']), proxyCa.cert],
    ['another host', proxyCa.issue(['proxy.example']), proxyCa.cert],
    ['the CA of the services', ca.issue(['127.0.0.1']), proxyCa.cert],
  ])(
    'is verified by its own trust: %s is refused before any credential is sent (threat 122)',
    async (_n, tls, trust) => {
      const forward = await proxy({ tls });
      const options = egressOptions(ca.cert, {
        type: 'https',
        port: forward.port,
        ca: trust,
        username: 'u',
        password: 'p',
      });
      const error = await failure(dialer(options).dial(new URL('wss://localhost:9'), 'stt'));
      expect(error.code).toBe('PROXY_CONNECT');
      expect(forward.heads).toHaveLength(0);
    },
  );

  it('does not get the client certificate that is meant for services', async () => {
    const forward = await proxy({ tls: { ...proxyIdentity, requestCert: true, rejectUnauthorized: false } });
    const service = await origin();
    const client = ca.issue(['gateway.example'], { usages: ['clientAuth'] });
    const base = egressOptions(ca.cert, { type: 'https', port: forward.port, ca: proxyCa.cert });
    const seen = once(forward, 'peer');
    await get(
      await dialer({ ...base, tls: { ca: ca.cert, ...client } }).dial(
        new URL(`http://localhost:${service.port}`),
        'stt',
      ),
    );
    expect(await seen).toEqual([{}]);
  });

  it('is asked for IPv6 literals in brackets', async () => {
    const forward = await proxy({ answer: 'HTTP/1.1 403 No\r\n\r\n' });
    await failure(
      dialer(egressOptions(null, { port: forward.port })).dial(new URL('wss://[2001:DB8::7]:9443/'), 'stt'),
    );
    expect(forward.heads[0]).toBe('CONNECT [2001:db8::7]:9443 HTTP/1.1\r\nHost: [2001:db8::7]:9443');
  });

  it('refuses a user name that Basic cannot express (RFC 7617 §2)', () => {
    expect(() => dialer(egressOptions(null, { username: 'a:b' }))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});

describe('time and abort', () => {
  async function mute(): Promise<{ port: number; connected: Promise<unknown> }> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      cleanups.push(() => socket.destroy());
    });
    cleanups.push(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, connected: once(server, 'connection') };
  }

  it.each([
    ['service', (port: number) => [egressOptions(ca.cert), `wss://localhost:${port}`] as const, /handshake/],
    [
      'proxy',
      (port: number) =>
        [egressOptions(ca.cert, { type: 'https', port, ca: proxyCa.cert }), 'wss://localhost:9'] as const,
      /forward proxy/,
    ],
  ])('gives up on a %s that accepts and does not speak TLS (D 2)', async (_name, make, text) => {
    const clock = new FakeClock();
    const silent = await mute();
    const [options, url] = make(silent.port);
    const dialed = failure(dialer(options, clock).dial(new URL(url), 'stt'));
    await silent.connected;
    await new Promise(setImmediate); // our side of the connection is up as well
    clock.advance(5_000);
    const error = await dialed;
    expect(error.code).toBe('EGRESS_TIMEOUT');
    expect(error.message).toMatch(text);
  });

  it('opens nothing for a signal that is aborted already', async () => {
    const service = await origin();
    const url = new URL(`http://127.0.0.1:${service.port}`);
    const error = await failure(dialer(egressOptions(null)).dial(url, 'stt', AbortSignal.abort(new Error('over'))));
    expect(error.message).toBe('over');
    expect(service.connections()).toBe(0);
  });

  it('leaves no listener on the caller’s signal', async () => {
    const service = await origin();
    const abort = new AbortController();
    let listeners = 0;
    const add = abort.signal.addEventListener.bind(abort.signal);
    const remove = abort.signal.removeEventListener.bind(abort.signal);
    abort.signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    abort.signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
    const stream = await dialer(egressOptions(null)).dial(
      new URL(`http://127.0.0.1:${service.port}`),
      'stt',
      abort.signal,
    );
    expect(listeners).toBe(0);
    abort.abort();
    expect(stream.destroyed).toBe(false);
    stream.destroy();
  });
});
