import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { SipLimits } from '../../base/limits.js';
import type { BoundListener, EdgePeer, ListenerOptions } from '../edge-contract.js';
import type { ConnectionLedger } from './connection-ledger.js';
import type { TransportDeps } from './contract.js';
import { peerOf } from './peer.js';
import { serverContext, type TlsMaterial } from './tls-settings.js';

const KEEPALIVE_PROBE_MS = 60_000;

/** A TCP or TLS server socket. Who may not connect is turned away before anything of theirs is read or answered. */
export class StreamListener {
  readonly #options: ListenerOptions;
  readonly #limits: SipLimits;
  readonly #deps: TransportDeps;
  readonly #ledger: ConnectionLedger;
  readonly #established: (socket: Socket, peer: EdgePeer) => void;
  /** Every accepted socket that is not closed, and those of them that are in their TLS handshake (wrapped). */
  readonly #sockets = new Set<Socket>();
  readonly #handshakes = new Set<Socket>();
  #drained: (() => void) | undefined;
  #context: SecureContext | undefined;
  #server: Server | undefined;

  constructor(
    options: ListenerOptions,
    limits: SipLimits,
    deps: TransportDeps,
    ledger: ConnectionLedger,
    established: (socket: Socket, peer: EdgePeer) => void,
  ) {
    this.#options = options;
    this.#limits = limits;
    this.#deps = deps;
    this.#ledger = ledger;
    this.#established = established;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Listens. Rejects with the system's error, or TLS_MATERIAL. */
  async start(): Promise<BoundListener> {
    if (this.#options.transport === 'tls') this.#context = serverContext(this.#options.tls);
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    const listening = once(server, 'listening');
    server.listen({ host: this.#options.address, port: this.#options.port, exclusive: true });
    await listening;
    server.on('error', (error) => this.#deps.log.warn({ err: error, listener: this.name }, 'accept failed'));
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('the server socket has no address');
    return { name: this.name, transport: this.#options.transport, address: bound.address, port: bound.port };
  }

  /** Uses other material for every handshake from now on. Throws TLS_MATERIAL and keeps the old if it is not usable. */
  setSecureContext(material: TlsMaterial): void {
    this.#context = serverContext(material);
  }

  /** Stops listening, ends handshakes and waits for every accepted socket; established ones are their owner's to close. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const socket of this.#handshakes) socket.destroy();
    if (this.#sockets.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    await closed;
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const peer = peerOf(socket, this.#options.transport, this.name);
    if (peer === null || this.#server === undefined) return void socket.destroy();
    // Threat 87: silence for who is not trusted: no byte of SIP, and no ServerHello.
    if (!this.#deps.screen(peer)) return void socket.destroy();
    const place = this.#ledger.acquire(peer.address);
    if (typeof place === 'string') {
      socket.destroy();
      return this.#refused(peer, 'rate', place);
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      place();
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#drained?.();
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_PROBE_MS);
    if (this.#context === undefined) this.#established(socket, peer);
    else this.#handshake(socket, peer, this.#context);
  }

  /** TLS by hand on the accepted socket, so that nothing is answered before `screen` has spoken. */
  #handshake(raw: Socket, peer: EdgePeer, secureContext: SecureContext): void {
    const secure = new TLSSocket(raw, { isServer: true, secureContext });
    const cancelDeadline = this.#deps.clock.after(this.#limits.handshakeMs, () => {
      secure.destroy();
      this.#refused(peer, 'framing', 'tls-handshake-timeout');
    });
    this.#handshakes.add(secure);
    const over = () => {
      cancelDeadline();
      this.#handshakes.delete(secure);
    };
    secure.once('close', over);
    secure.on('error', (error: NodeJS.ErrnoException) => {
      // A peer that merely went away (a health check) is no attack.
      const failed = this.#handshakes.has(secure) && error.code !== 'ECONNRESET';
      secure.destroy();
      if (failed) this.#refused(peer, 'framing', 'tls-handshake');
      over();
    });
    secure.once('secure', () => {
      over();
      this.#established(secure, peer);
    });
  }

  #refused(peer: EdgePeer, rule: 'rate' | 'framing', reason: string): void {
    this.#deps.onRefused({ peer, rule, reason, status: null, method: null, callId: null });
  }
}
