import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { silentLog } from '../../../src/base/log.js';
import { createDialer } from '../../../src/egress/dialer.js';
import { openWebSocket, type WebSocketRequest } from '../../../src/egress/websocket.js';
import { egressOptions } from '../../support/egress-options.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeProxy } from '../../support/fake-proxy.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A server that answers the upgrade with raw bytes. */
async function rawService(answer: (key: string) => string | Buffer): Promise<number> {
  const server = createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    socket.write(answer(request.headers['sec-websocket-key'] ?? ''));
  });
  return listening(server);
}

const accept = (key: string): string => {
  const digest = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${digest}\r\n`;
};

const direct = createDialer(egressOptions(null), { log: silentLog });

const to = (port: number, more: Partial<WebSocketRequest> = {}): WebSocketRequest => ({
  url: new URL(`ws://127.0.0.1:${port}/v1/x?model=m`),
  service: 'stt',
  handshakeTimeoutMs: 3_000,
  maxPayloadBytes: 100,
  ...more,
});

const failure = (promise: Promise<unknown>): Promise<Error & { code?: string }> =>
  promise.then(
    () => expect.unreachable('it opened'),
    (error: unknown) => error as Error,
  );

describe('openWebSocket', () => {
  it.each(['ws', 'http'])(
    'opens for %s URLs with path, query, headers and protocol, without compression',
    async (scheme) => {
      const server = createServer();
      const service = new WebSocketServer({ server, perMessageDeflate: true });
      const port = await listening(server);
      const connected = once(service, 'connection') as Promise<[WebSocket, IncomingMessage]>;
      const url = new URL(`${scheme}://127.0.0.1:${port}/v1/x?model=m`);
      const socket = await openWebSocket(
        direct,
        to(port, { url, headers: { 'vgw-session-id': 'abc' }, protocols: ['p1'] }),
      );
      const [, request] = await connected;
      expect(request.url).toBe('/v1/x?model=m');
      expect(request.headers).toMatchObject({
        'vgw-session-id': 'abc',
        host: `127.0.0.1:${port}`,
        'sec-websocket-protocol': 'p1',
      });
      expect(request.headers['sec-websocket-extensions']).toBeUndefined();
      expect(socket.extensions).toBe('');
      socket.terminate();
    },
  );

  it('uses the dialed stream, so a proxied service sees the proxy only (peers 3.11)', async () => {
    const server = createServer();
    const service = new WebSocketServer({ server });
    const port = await listening(server);
    const proxy = await new FakeProxy().start();
    cleanups.push(() => proxy.close());
    const connected = once(service, 'connection') as Promise<[WebSocket, IncomingMessage]>;
    const dialer = createDialer(egressOptions(null, { port: proxy.port }), { log: silentLog });
    const socket = await openWebSocket(dialer, to(port));
    expect([...proxy.sourcePorts]).toContain((await connected)[1].socket.remotePort);
    socket.terminate();
  });

  it('does not lose frames that come in one segment with the 101', async () => {
    const frame = (text: string) => String.fromCharCode(0x81, text.length) + text;
    const port = await rawService((key) => Buffer.from(`${accept(key)}\r\n${frame('one')}${frame('two')}`, 'latin1'));
    const socket = await openWebSocket(direct, to(port));
    const got: string[] = [];
    socket.on('message', (data: Buffer) => got.push(data.toString()));
    while (got.length < 2) await once(socket, 'message');
    expect(got).toEqual(['one', 'two']);
    socket.terminate();
  });

  it.each([
    [401, 'SPEECH_REFUSED'],
    [403, 'SPEECH_REFUSED'],
    [404, 'EGRESS_HTTP'],
    [302, 'EGRESS_HTTP'],
    [200, 'EGRESS_HTTP'],
    [429, 'SPEECH_UNAVAILABLE'],
    [500, 'SPEECH_UNAVAILABLE'],
    [503, 'SPEECH_UNAVAILABLE'],
  ])('maps an upgrade answered with %i to %s', async (status, code) => {
    const port = await rawService(
      () => `HTTP/1.1 ${status} X\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n`,
    );
    const error = await failure(openWebSocket(direct, to(port)));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(new RegExp(`status ${status}$`));
  });

  it.each([
    ['a wrong accept key (RFC 6455 §4.1)', () => `${accept('other')}\r\n`],
    [
      'compression nobody asked for',
      (key: string) => `${accept(key)}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
    ],
    ['a subprotocol nobody asked for', (key: string) => `${accept(key)}Sec-WebSocket-Protocol: evil\r\n\r\n`],
  ])('refuses %s (threat 125)', async (_name, answer) => {
    expect((await failure(openWebSocket(direct, to(await rawService(answer))))).code).toBe('SPEECH_PROTOCOL');
  });

  it('reports an answer that is not HTTP', async () => {
    const port = await rawService(() => 'nonsense\r\n\r\n');
    expect((await failure(openWebSocket(direct, to(port)))).code).toBe('EGRESS_HTTP');
  });

  it('gives up on an upgrade that is not answered, even when bytes drip (D 2)', async () => {
    const server = createServer();
    const upgrade = once(server, 'upgrade') as Promise<[IncomingMessage, Duplex]>;
    const port = await listening(server);
    const clock = new FakeClock();
    const opened = failure(openWebSocket(direct, to(port), clock));
    const [, peer] = await upgrade;
    clock.advance(2_000);
    peer.write('HTTP/1.1 101 Swit');
    const closed = new Promise((resolve) => peer.once('close', resolve));
    clock.advance(1_000);
    expect((await opened).code).toBe('EGRESS_TIMEOUT');
    await closed;
    expect(clock.pending).toBe(0);
  });

  it('ends with the caller’s signal', async () => {
    const server = createServer();
    const upgrade = once(server, 'upgrade');
    const abort = new AbortController();
    const opened = failure(openWebSocket(direct, to(await listening(server), { signal: abort.signal })));
    await upgrade;
    abort.abort(new Error('call ended'));
    expect((await opened).message).toBe('call ended');
  });

  it('passes dial errors on', async () => {
    const proxy = await new FakeProxy({ answer: 'HTTP/1.1 407 No\r\n\r\n' }).start();
    cleanups.push(() => proxy.close());
    const dialer = createDialer(egressOptions(null, { port: proxy.port }), { log: silentLog });
    expect((await failure(openWebSocket(dialer, to(9)))).code).toBe('PROXY_AUTH');
  });

  it('closes on a message over the payload limit, without an unhandled error (threat 125)', async () => {
    const server = createServer();
    const service = new WebSocketServer({ server });
    service.on('connection', (peer) => peer.send('x'.repeat(101)));
    const socket = await openWebSocket(direct, to(await listening(server)));
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(1006);
  });
});
