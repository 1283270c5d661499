import type { Socket } from 'node:net';
import { codeOf, GatewayError } from '../../base/errors.js';
import type { BoundListener, EdgePeer, ListenerOptions } from '../edge-contract.js';
import type { Flow } from '../transaction/contract.js';
import { Connection, type ConnectionEvents } from './connection.js';
import { ConnectionLedger } from './connection-ledger.js';
import { guarded, type ConnectTarget, type TransportDeps, type TransportOptions } from './contract.js';
import { Dialer } from './dialer.js';
import { Intake } from './intake.js';
import { canonicalAddress, flowId, OUTBOUND, peerOf } from './peer.js';
import { StreamListener } from './tcp.js';
import type { TlsMaterial } from './tls-settings.js';
import { UdpListener } from './udp.js';

/** The transports of RFC 3261 §18: listeners and connections. Hands parsed messages up with the flow they came over. */
export class TransportLayer {
  readonly #options: TransportOptions;
  readonly #deps: TransportDeps;
  readonly #intake: Intake;
  readonly #ledger: ConnectionLedger;
  readonly #dialer: Dialer;
  readonly #connections = new Map<string, Connection>();
  readonly #streams = new Map<string, StreamListener>();
  readonly #datagrams = new Map<string, UdpListener>();
  readonly #events: ConnectionEvents;
  #opening: Promise<readonly BoundListener[]> | undefined;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: TransportOptions, deps: TransportDeps) {
    this.#options = options;
    this.#deps = guarded(deps);
    this.#intake = new Intake(options.limits, this.#deps);
    this.#ledger = new ConnectionLedger(options.limits, this.#deps.trusted);
    this.#dialer = new Dialer(deps.clock, options.limits.handshakeMs);
    this.#events = this.#connectionEvents();
  }

  /** Opens every listener. Throws PORT_UNAVAILABLE or TLS_MATERIAL; then those already open are closed again. */
  async start(): Promise<readonly BoundListener[]> {
    this.#opening = this.#openAll();
    try {
      return await this.#opening;
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }

  /** Connections, accepted and opened, that live. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Accepted connections, in handshake too. */
  get accepted(): number {
    return this.#ledger.total;
  }

  /**
   * Opens a connection (or names a UDP peer). Throws SIP_TRANSPORT when it cannot be had, EGRESS_TLS when the handshake
   * or the certificate fails. A live connection is never reused here: its certificate may be for another domain.
   */
  async connect(target: ConnectTarget): Promise<Flow> {
    if (this.#closing !== undefined) throw new GatewayError('SIP_TRANSPORT', 'the transport is closed');
    if (target.transport === 'udp') return this.#datagramFlow(target);
    const socket = await this.#dialer.dial(target);
    const peer = peerOf(socket, target.transport, OUTBOUND);
    if (peer === null || this.#isClosing()) {
      socket.on('error', () => {});
      socket.destroy();
      throw new GatewayError('SIP_TRANSPORT', 'the connection was closed at once');
    }
    return this.#adopt(socket, peer, 'outbound');
  }

  /** The live connection with exactly these two ends, or a flow of the UDP listener named; null when there is none. */
  flowTo(peer: EdgePeer): Flow | null {
    if (peer.transport !== 'udp') {
      const connection = this.#connections.get(flowId(peer));
      return connection === undefined || connection.closed ? null : connection;
    }
    const listener = this.#datagrams.get(peer.listener);
    return listener?.reaches(peer.address) === true ? listener.flowTo(peer.address, peer.port) : null;
  }

  /** Replaces the certificate of a TLS listener for new connections. Throws TLS_MATERIAL and keeps the old one. */
  setSecureContext(listener: string, material: TlsMaterial): void {
    const stream = this.#streams.get(listener);
    if (stream === undefined) throw new GatewayError('TLS_MATERIAL', 'no such listener');
    stream.setSecureContext(material);
  }

  /** Closes listeners and connections and waits until no socket and no timer is left. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #shut(): Promise<void> {
    if (this.#opening !== undefined) await this.#opening.catch(() => {}); // start tells of its failure itself
    this.#dialer.close();
    const gone = this.#connections.size === 0 ? undefined : new Promise<void>((resolve) => (this.#idle = resolve));
    for (const connection of this.#connections.values()) connection.close();
    await Promise.all([...this.#streams.values(), ...this.#datagrams.values()].map((listener) => listener.close()));
    await gone;
  }

  async #openAll(): Promise<readonly BoundListener[]> {
    const bound: BoundListener[] = [];
    for (const options of this.#options.listeners) {
      if (this.#isClosing()) throw new GatewayError('SIP_TRANSPORT', 'the transport is closed');
      bound.push(await this.#open(options));
    }
    return bound;
  }

  async #open(options: ListenerOptions): Promise<BoundListener> {
    const { limits } = this.#options;
    try {
      if (options.transport === 'udp') {
        const listener = new UdpListener(options, this.#deps, this.#intake);
        this.#datagrams.set(options.name, listener);
        return await listener.start();
      }
      const listener = new StreamListener(options, limits, this.#deps, this.#ledger, (socket, peer) => {
        this.#adopt(socket, peer, 'inbound');
      });
      this.#streams.set(options.name, listener);
      return await listener.start();
    } catch (error) {
      if (codeOf(error) === 'TLS_MATERIAL') throw error;
      throw new GatewayError('PORT_UNAVAILABLE', `cannot listen for SIP: ${options.name}`, { cause: error });
    }
  }

  #adopt(socket: Socket, peer: EdgePeer, direction: 'inbound' | 'outbound'): Connection {
    const { limits } = this.#options;
    const connection = new Connection(socket, peer, direction, limits, this.#deps.clock, this.#events);
    this.#connections.set(connection.id, connection);
    return connection;
  }

  #datagramFlow(target: ConnectTarget): Flow {
    const address = canonicalAddress(target.address);
    if (address !== null) {
      for (const listener of this.#datagrams.values()) {
        if (listener.reaches(address)) return listener.flowTo(address, target.port);
      }
    }
    throw new GatewayError('SIP_TRANSPORT', 'no UDP listener reaches the target');
  }

  #connectionEvents(): ConnectionEvents {
    return {
      message: (bytes, connection) => {
        // A refusal may have made its sender a banned one.
        if (!this.#intake.take(bytes, connection) && !this.#deps.screen(connection.peer)) connection.destroy();
      },
      failed: (error) => this.#deps.log.error({ err: error }, 'connection failed by our fault'),
      framingLost: (error, connection) => this.#intake.framingLost(error, connection),
      expelled: (reason, { peer }) => {
        this.#deps.onRefused({ peer, rule: 'framing', reason, status: null, method: null, callId: null });
      },
      closed: (connection) => {
        if (this.#connections.get(connection.id) === connection) this.#connections.delete(connection.id);
        this.#deps.onClosed(connection);
        if (this.#connections.size === 0) this.#idle?.();
      },
    };
  }

  #isClosing(): boolean {
    return this.#closing !== undefined;
  }
}
