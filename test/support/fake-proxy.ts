import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket, type TlsOptions } from 'node:tls';

export interface FakeProxyOptions {
  /** An https proxy when given. */
  readonly tls?: TlsOptions;
  /** The one Proxy-Authorization value that is let in. */
  readonly authorization?: string;
  /** Raw bytes to answer every CONNECT with, instead of a tunnel; null: no answer at all. */
  readonly answer?: string | Buffer | null;
  /** Bytes sent in the same segment as the 200, before anything of the destination. */
  readonly early?: string;
  readonly status?: string;
}

/** A forward proxy double: records what it was asked for and who came from where. Emits 'head', 'peer' (the client's certificate) and 'idle' (no connection). */
export class FakeProxy extends EventEmitter {
  /** The whole heads it was sent. */
  readonly heads: string[] = [];
  /** The authorities of the tunnels it opened. */
  readonly tunnels: string[] = [];
  /** Local ports of its connections to destinations: how a service knows that a peer came through here. */
  readonly sourcePorts = new Set<number>();
  readonly #options: FakeProxyOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: FakeProxyOptions = {}) {
    super();
    this.#options = options;
    const serve = (socket: Socket): void => this.#serve(socket);
    this.#server = options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve);
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when nobody is connected any more. */
  async idle(): Promise<void> {
    if (this.#sockets.size > 0) await once(this, 'idle');
  }

  /** Breaks all tunnels, as a proxy that dies. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.breakAll();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#track(socket);
    if (socket instanceof TLSSocket) this.emit('peer', socket.getPeerCertificate());
    let received = '';
    const read = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', read);
      socket.pause();
      this.#answer(socket, received.slice(0, end), Buffer.from(received.slice(end + 4), 'latin1'));
    };
    socket.on('data', read);
  }

  #answer(socket: Socket, head: string, rest: Buffer): void {
    const { answer, authorization } = this.#options;
    this.heads.push(head);
    this.emit('head', head);
    if (answer === null) return;
    if (answer !== undefined) {
      socket.write(answer);
      return;
    }
    if (authorization !== undefined && !head.includes(`\r\nProxy-Authorization: ${authorization}`)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n');
      return;
    }
    this.#tunnel(socket, /^CONNECT (\S+) /.exec(head)?.[1] ?? '', rest);
  }

  #tunnel(socket: Socket, authority: string, rest: Buffer): void {
    const colon = authority.lastIndexOf(':');
    const host = authority.slice(0, colon).replace(/^\[|\]$/g, '');
    const upstream = connect(Number(authority.slice(colon + 1)), host === 'localhost' ? '127.0.0.1' : host);
    this.#track(upstream);
    upstream.on('error', () => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'));
    upstream.once('connect', () => {
      this.tunnels.push(authority);
      this.sourcePorts.add((upstream.address() as AddressInfo).port);
      socket.write(
        `HTTP/1.1 ${this.#options.status ?? '200 Connection established'}\r\nVia: fake\r\n\r\n${this.#options.early ?? ''}`,
      );
      upstream.write(rest);
      socket.pipe(upstream).pipe(socket);
    });
    socket.on('close', () => upstream.destroy());
    upstream.on('close', () => socket.destroy());
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.emit('idle');
    });
  }
}
