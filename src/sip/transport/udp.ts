import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isUnspecified, parseIp } from '../../base/ip.js';
import type { BoundListener, EdgePeer, ListenerOptions } from '../edge-contract.js';
import type { Flow } from '../transaction/contract.js';
import type { TransportDeps } from './contract.js';
import type { Intake } from './intake.js';
import { canonicalAddress, flowId } from './peer.js';
import { RouteTable } from './route-table.js';

const CR = 0x0d;
const LF = 0x0a;

/**
 * A UDP socket: one flow per remote address, made as needed and kept by nobody. Responses always go back to the source of
 * the request, as RFC 3581 §4 has it for `rport`, never to the port that an RFC 3261 §18.2.2 Via names: nobody can have us
 * send to a third party's port.
 */
export class UdpListener {
  readonly #options: ListenerOptions;
  readonly #deps: TransportDeps;
  readonly #intake: Intake;
  readonly #routes: RouteTable;
  readonly #v6: boolean;
  #socket: Socket | undefined;
  #bound: BoundListener | undefined;
  /** The address we are bound to, or null when it is all of them. */
  #local: string | null = null;

  constructor(options: ListenerOptions, deps: TransportDeps, intake: Intake) {
    this.#options = options;
    this.#deps = deps;
    this.#intake = intake;
    this.#routes = new RouteTable(() => deps.clock.monotonic());
    this.#v6 = options.address.includes(':');
  }

  get name(): string {
    return this.#options.name;
  }

  /** Binds the socket. Rejects with the system's error. */
  async start(): Promise<BoundListener> {
    const family = this.#v6 ? 6 : 4;
    const socket = createSocket({
      type: `udp${family}`,
      // Only addresses are ever sent to: no name may reach the resolver from here.
      lookup: (host, _options, found) => found(null, host, family),
    });
    this.#socket = socket;
    const listening = once(socket, 'listening');
    socket.bind({ address: this.#options.address, port: this.#options.port, exclusive: true });
    await listening;
    socket.on('error', (error) => this.#deps.log.warn({ err: error, listener: this.name }, 'udp socket error'));
    socket.on('message', (datagram, remote) => this.#receive(datagram, remote));
    const { address, port } = socket.address();
    const ip = parseIp(address);
    this.#local = ip === null || isUnspecified(ip) ? null : ip.text;
    this.#bound = { name: this.name, transport: 'udp', address, port };
    return this.#bound;
  }

  /** Whether a datagram can go from this socket to an address (of the other family only from a dual-stack one). */
  reaches(address: string): boolean {
    return this.#bound !== undefined && (address.includes(':') === this.#v6 || (this.#v6 && this.#local === null));
  }

  /** The flow to an address. Only after `start`. */
  flowTo(address: string, port: number): Flow {
    const localAddress = this.#local ?? this.#routes.localAddress(address, this.#options.address);
    const peer = {
      address,
      port,
      transport: 'udp',
      listener: this.name,
      localAddress,
      localPort: this.#bound?.port ?? 0,
    } as const;
    return new UdpFlow(peer, this);
  }

  /** Sends a datagram; false when the socket is closed. What the network says to it comes too late to be told. */
  send(bytes: Buffer, peer: EdgePeer): boolean {
    if (this.#socket === undefined) return false;
    const mapped = this.#v6 && !peer.address.includes(':');
    this.#socket.send(bytes, peer.port, mapped ? `::ffff:${peer.address}` : peer.address, (error) => {
      if (error !== null) this.#deps.log.debug({ err: error, listener: this.name }, 'datagram not sent');
    });
    return true;
  }

  get closed(): boolean {
    return this.#socket === undefined;
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    this.#bound = undefined;
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  }

  #receive(datagram: Buffer, remote: RemoteInfo): void {
    const address = canonicalAddress(remote.address);
    if (address === null || remote.port === 0) return;
    const flow = this.flowTo(address, remote.port);
    if (!this.#deps.screen(flow.peer)) return;
    const start = firstByteOf(datagram);
    if (start === datagram.length) return;
    // Threat 92: a refusal is never bigger than what it refuses; the source of a datagram proves nothing.
    this.#intake.take(datagram.subarray(start), flow, datagram.length);
  }
}

class UdpFlow implements Flow {
  readonly id: string;
  readonly reliable = false;
  readonly #listener: UdpListener;

  constructor(
    readonly peer: EdgePeer,
    listener: UdpListener,
  ) {
    this.id = flowId(peer);
    this.#listener = listener;
  }

  get closed(): boolean {
    return this.#listener.closed;
  }

  send(bytes: Buffer): boolean {
    return this.#listener.send(bytes, this.peer);
  }

  retain(): () => void {
    return () => {};
  }
}

// RFC 3261 §7.5: CRLFs before the start line are ignored; a datagram of nothing else is some peer's keepalive.
function firstByteOf(datagram: Buffer): number {
  let start = 0;
  while (datagram[start] === CR || datagram[start] === LF) start += 1;
  return start;
}
