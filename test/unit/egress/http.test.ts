import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { createDialer } from '../../../src/egress/dialer.js';
import { type HttpRequest, type HttpResponse, postJson, request } from '../../../src/egress/http.js';
import { egressOptions } from '../../support/egress-options.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeProxy } from '../../support/fake-proxy.js';
import { startOrigin } from '../../support/origin.js';
import { TestCa } from '../../support/pki-egress.js';

const ca = new TestCa('http ca');
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function service(handler: RequestListener, tls?: Parameters<typeof startOrigin>[1]) {
  const origin = await startOrigin(handler, tls);
  cleanups.push(() => origin.close());
  return origin;
}

const direct = createDialer(egressOptions(ca.cert), { log: silentLog });

const options = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  url: new URL(url),
  service: 'tts',
  method: 'GET',
  timeoutMs: 10_000,
  maxBytes: 1_000,
  ...more,
});

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error as { code?: string }).code ?? (error as Error).message,
  );

const read = async (response: HttpResponse): Promise<string> => text(response.body);

describe('request', () => {
  it('sends method, path, headers and body, and gives status, headers and body', async () => {
    const origin = await service((incoming, response) => {
      void text(incoming).then((body) =>
        response.writeHead(418, { 'x-a': 'b' }).end(`${incoming.method} ${incoming.url} ${body}`),
      );
    });
    const response = await request(
      direct,
      options(`http://127.0.0.1:${origin.port}/a/b?c=d%20e`, {
        method: 'POST',
        headers: { 'x-in': '1' },
        body: 'ping',
      }),
    );
    expect(response.status).toBe(418);
    expect(response.headers['x-a']).toBe('b');
    expect(await read(response)).toBe('POST /a/b?c=d%20e ping');
    expect(origin.requests[0]?.headers).toMatchObject({ 'x-in': '1', host: `127.0.0.1:${origin.port}` });
  });

  it('goes over TLS and a proxy, and gives the proxy’s credentials to the proxy only (threat 122)', async () => {
    const origin = await service((_request, response) => response.end('hi'), ca.issue(['localhost']));
    const authorization = `Basic ${Buffer.from('u:pw').toString('base64')}`;
    const proxy = await new FakeProxy({ authorization }).start();
    cleanups.push(() => proxy.close());
    const dialer = createDialer(egressOptions(ca.cert, { port: proxy.port, username: 'u', password: 'pw' }), {
      log: silentLog,
    });
    expect(await read(await request(dialer, options(`https://localhost:${origin.port}/`)))).toBe('hi');
    expect(proxy.tunnels).toEqual([`localhost:${origin.port}`]);
    expect(Object.keys(origin.requests[0]?.headers ?? {})).not.toContain('proxy-authorization');
  });

  it('turns credentials in the URL into Basic and keeps them out of the path (RFC 7617)', async () => {
    const origin = await service((_request, response) => response.end());
    await read(await request(direct, options(`http://us%40er:p%3Aw@127.0.0.1:${origin.port}/x`)));
    expect(origin.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('us@er:p:w').toString('base64')}`);
    expect(origin.requests[0]?.url).toBe('/x');
  });

  it('does not follow redirects (threat 121)', async () => {
    const origin = await service((_request, response) => response.writeHead(302, { location: '/elsewhere' }).end());
    const response = await request(direct, options(`http://127.0.0.1:${origin.port}/`));
    expect(response.status).toBe(302);
    response.discard();
    expect(origin.requests).toHaveLength(1);
  });

  it.each([
    [
      'announced',
      (response: ServerResponse) => response.writeHead(200, { 'content-length': '1001' }).end('x'.repeat(1_001)),
    ],
    ['chunked', (response: ServerResponse) => response.write('x'.repeat(600)) && response.write('x'.repeat(600))],
  ])('caps the body, %s (threat 121)', async (_name, answer) => {
    const origin = await service((_request, response) => void answer(response));
    const whole = request(direct, options(`http://127.0.0.1:${origin.port}/`)).then(read);
    expect(await codeOf(whole)).toBe('EGRESS_HTTP');
  });

  it.each([
    ['rubbish', 'SSH-2.0-x\r\n\r\n', 'EGRESS_HTTP'],
    ['a head over 16 KiB', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, 'EGRESS_HTTP'],
    ['nothing and a hang-up', '', 'EGRESS_CONNECT'],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', 'EGRESS_CONNECT'],
  ])('reports an answer that is %s', async (_name, bytes, code) => {
    const origin = await service((incoming) => incoming.socket.end(bytes));
    const whole = request(direct, options(`http://127.0.0.1:${origin.port}/`)).then(read);
    expect(await codeOf(whole)).toBe(code);
    expect(origin.connections()).toBe(1);
  });

  it('reports a service that wants a client certificate as EGRESS_TLS (RFC 8446 §4.4.2.4)', async () => {
    const identity = ca.issue(['localhost']);
    const origin = await service((_request, response) => response.end(), {
      ...identity,
      ca: ca.cert,
      requestCert: true,
    });
    const whole = request(direct, options(`https://localhost:${origin.port}/`)).then(read);
    expect(await codeOf(whole)).toBe('EGRESS_TLS');
  });

  it('refuses a header value that would split the request (threat 121)', async () => {
    const origin = await service((_request, response) => response.end());
    const sent = request(direct, options(`http://127.0.0.1:${origin.port}/`, { headers: { 'x-a': 'b\r\nevil: 1' } }));
    expect(await codeOf(sent)).toBe('EGRESS_HTTP');
    expect(origin.requests).toHaveLength(0);
  });

  it('limits the wait for the head, and for every further part of the body', async () => {
    const answered: ServerResponse[] = [];
    const origin = await service((_request, response) => void answered.push(response));
    const clock = new FakeClock();
    const mute = codeOf(request(direct, options(`http://127.0.0.1:${origin.port}/`), clock));
    await once(origin.server, 'request');
    clock.advance(10_000);
    expect(await mute).toBe('EGRESS_TIMEOUT');

    const dripping = request(direct, options(`http://127.0.0.1:${origin.port}/`), clock);
    await once(origin.server, 'request');
    answered[1]?.write('a');
    const body = (await dripping).body[Symbol.asyncIterator]();
    expect(String((await body.next()).value)).toBe('a');
    clock.advance(60_000); // the reader's own time does not count
    const next = body.next();
    clock.advance(9_999);
    answered[1]?.write('b');
    expect(String((await next).value)).toBe('b');
    const last = codeOf(body.next());
    clock.advance(10_000);
    expect(await last).toBe('EGRESS_TIMEOUT');
    expect(clock.pending).toBe(0);
  });

  it('ends with the caller’s signal, before and within the body', async () => {
    const origin = await service((incoming, response) => void (incoming.url === '/body' && response.write('a')));
    const early = new AbortController();
    const waiting = codeOf(request(direct, options(`http://127.0.0.1:${origin.port}/`, { signal: early.signal })));
    await once(origin.server, 'request');
    early.abort(new Error('gone'));
    expect(await waiting).toBe('gone');

    const late = new AbortController();
    const response = await request(direct, options(`http://127.0.0.1:${origin.port}/body`, { signal: late.signal }));
    const body = response.body[Symbol.asyncIterator]();
    await body.next();
    const next = codeOf(body.next());
    late.abort(new Error('gone too'));
    expect(await next).toBe('gone too');
  });

  it.each(['break', 'discard'])('drops the connection on %s', async (how) => {
    const origin = await service((_request, response) => void response.write('a'));
    const incoming = once(origin.server, 'request') as Promise<[IncomingMessage]>;
    const response = await request(direct, options(`http://127.0.0.1:${origin.port}/`));
    const closed = once((await incoming)[0].socket, 'close');
    if (how === 'discard') response.discard();
    else for await (const chunk of response.body) if (chunk.length > 0) break;
    await closed;
  });
});

describe('postJson', () => {
  const post = (port: number) =>
    postJson(direct, {
      url: new URL(`http://127.0.0.1:${port}/hook`),
      service: 'webhook',
      text: '{"a":"ä"}',
      timeoutMs: 1_000,
    });

  it('posts JSON and is content with any 2xx', async () => {
    let got = '';
    const origin = await service((incoming, response) => {
      void text(incoming).then((body) => {
        got = body;
        response.writeHead(202).end();
      });
    });
    await post(origin.port);
    expect(got).toBe('{"a":"ä"}');
    expect(origin.requests[0]?.headers['content-type']).toBe('application/json');
  });

  it.each([300, 301, 400, 401, 500])('fails on %i without its body', async (status) => {
    const origin = await service((incoming) =>
      incoming.socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: 9999999\r\n\r\nsecret`),
    );
    const error = await post(origin.port).catch((reason: unknown) => reason as Error & { code: string });
    expect(error).toMatchObject({ code: 'EGRESS_HTTP', message: expect.stringMatching(/status [0-9]{3}$/) as string });
  });
});
