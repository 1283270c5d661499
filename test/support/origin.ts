import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';

/** An HTTP(S) service double on loopback. */
export interface Origin {
  readonly server: Server;
  readonly port: number;
  /** Requests it got. */
  readonly requests: IncomingMessage[];
  /** Where they came from. */
  readonly sourcePorts: number[];
  /** TCP connections it accepted. */
  connections(): number;
  close(): Promise<void>;
}

export async function startOrigin(handler: RequestListener, tls?: TlsOptions, host = '127.0.0.1'): Promise<Origin> {
  const requests: IncomingMessage[] = [];
  const sourcePorts: number[] = [];
  let connections = 0;
  const serve: RequestListener = (request, response) => {
    requests.push(request);
    sourcePorts.push(request.socket.remotePort ?? 0);
    handler(request, response);
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.on('connection', () => connections++);
  server.on('tlsClientError', () => {});
  server.listen(0, host);
  await once(server, 'listening');
  return {
    server,
    port: (server.address() as AddressInfo).port,
    requests,
    sourcePorts,
    connections: () => connections,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
