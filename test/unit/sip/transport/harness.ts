import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { afterEach } from 'vitest';
import { DEFAULT_SIP_LIMITS, type SipLimits } from '../../../../src/base/limits.js';
import { silentLog } from '../../../../src/base/log.js';
import type { BoundListener, EdgePeer, EdgeRefusal, ListenerOptions } from '../../../../src/sip/edge-contract.js';
import type { SipMessage } from '../../../../src/sip/message/types.js';
import type { Flow } from '../../../../src/sip/transaction/contract.js';
import { TransportLayer } from '../../../../src/sip/transport/transport-layer.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { makeServerCert } from '../../../support/pki.js';

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Does something when the test is over, whatever became of it. */
export function atEnd(cleanup: () => Promise<void> | void): void {
  cleanups.push(cleanup);
}

export const TCP: ListenerOptions = { name: 'tcp', transport: 'tcp', address: '127.0.0.1', port: 0 };
export const UDP: ListenerOptions = { name: 'udp', transport: 'udp', address: '127.0.0.1', port: 0 };
export const tlsListener = (): ListenerOptions => ({
  name: 'tls',
  transport: 'tls',
  address: '127.0.0.1',
  port: 0,
  tls: makeServerCert(),
});

/** A transport layer that writes down what it hears and can be waited for. */
export class Gate {
  readonly clock = new FakeClock();
  readonly messages: { message: SipMessage; flow: Flow }[] = [];
  readonly refusals: EdgeRefusal[] = [];
  readonly closed: Flow[] = [];
  readonly screened: EdgePeer[] = [];
  readonly layer: TransportLayer;
  screen: (peer: EdgePeer) => boolean = () => true;
  trusted: (address: string) => boolean = () => false;
  onMessage: (message: SipMessage, flow: Flow) => void = () => {};
  bound: readonly BoundListener[] = [];
  readonly #changes = new EventEmitter();

  constructor(listeners: readonly ListenerOptions[], limits: Partial<SipLimits> = {}) {
    this.layer = new TransportLayer(
      { listeners, limits: { ...DEFAULT_SIP_LIMITS, ...limits } },
      {
        clock: this.clock,
        log: silentLog,
        screen: (peer) => {
          this.#changed(this.screened.push(peer));
          return this.screen(peer);
        },
        trusted: (address) => this.trusted(address),
        onMessage: (message, flow) => {
          this.#changed(this.messages.push({ message, flow }));
          this.onMessage(message, flow);
        },
        onRefused: (refusal) => this.#changed(this.refusals.push(refusal)),
        onClosed: (flow) => this.#changed(this.closed.push(flow)),
      },
    );
    atEnd(() => this.layer.close());
  }

  get port(): number {
    return this.bound[0]?.port ?? 0;
  }

  async start(): Promise<this> {
    this.bound = await this.layer.start();
    return this;
  }

  /** Waits until something the gate wrote down makes `ready` true. */
  async until(ready: () => boolean): Promise<void> {
    while (!ready()) await once(this.#changes, 'change');
  }

  /** Waits until every accepted socket is gone of itself. */
  async vacant(): Promise<void> {
    while (this.layer.accepted > 0) await new Promise(setImmediate);
  }

  #changed(_length: number): void {
    // Later, so that whoever waits sees the state after what is being done now.
    setImmediate(() => this.#changes.emit('change'));
  }
}

export async function gate(listeners: readonly ListenerOptions[], limits: Partial<SipLimits> = {}): Promise<Gate> {
  return new Gate(listeners, limits).start();
}

/** The peer's end of a connection: keeps what it reads. */
export class Client {
  received = Buffer.alloc(0);
  ended = false;
  readonly #changes = new EventEmitter();

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#changes.emit('change');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ended = true;
      this.#changes.emit('change');
    });
    atEnd(() => void socket.destroy());
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  write(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Waits until what was read makes `ready` true, or the connection is closed. */
  async until(ready: (text: string) => boolean): Promise<void> {
    while (!ready(this.text) && !this.ended) await once(this.#changes, 'change');
  }

  /** Waits for the end and returns all that was read. */
  async end(): Promise<string> {
    if (!this.ended) await once(this.socket, 'close').catch(() => {});
    return this.text;
  }
}

export async function tcpClient(port: number, localAddress = '127.0.0.1'): Promise<Client> {
  const client = new Client(connect({ host: '127.0.0.1', port, localAddress }));
  await once(client.socket, 'connect');
  return client;
}

/** A TLS client that has finished its handshake. Rejects when that fails. */
export async function tlsClient(port: number, options: ConnectionOptions = {}): Promise<Client> {
  const { cert } = makeServerCert();
  const socket = connectTls({ host: '127.0.0.1', port, ca: cert, servername: 'gateway.example', ...options });
  const client = new Client(socket);
  await once(socket, 'secureConnect');
  return client;
}

export async function udpClient(): Promise<{ socket: DatagramSocket; next(): Promise<string>; port: number }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  atEnd(() => void socket.close());
  const inbox: string[] = [];
  socket.on('message', (datagram) => inbox.push(datagram.toString()));
  return {
    socket,
    port: socket.address().port,
    async next() {
      while (inbox.length === 0) await once(socket, 'message');
      return inbox.shift() ?? '';
    },
  };
}

let calls = 0;

/** A well-formed OPTIONS; each call another Call-ID. */
export function options(extra: readonly string[] = [], body = ''): string {
  calls += 1;
  return [
    'OPTIONS sip:gateway.example SIP/2.0',
    `Via: SIP/2.0/TCP phone.example:5060;branch=z9hG4bK${calls};rport`,
    'Max-Forwards: 70',
    'From: <sip:alice@phone.example>;tag=a',
    'To: <sip:gateway.example>',
    `Call-ID: call-${calls}`,
    `CSeq: ${calls} OPTIONS`,
    ...extra,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}
