import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { DEFAULT_SIP_LIMITS, type SipLimits } from '../../src/base/limits.js';
import { FramingError, StreamFramer } from '../../src/sip/message/framer.js';
import type { RawTarget } from './raw-sip.js';

/** An answer repeats fields of its request and adds to them: it may be longer than what we take from a peer. */
export const ANSWER_LIMITS: SipLimits = {
  ...DEFAULT_SIP_LIMITS,
  messageBytes: 1_048_576,
  headerBlockBytes: 262_144,
  headerLineBytes: 65_536,
  uriBytes: 65_536,
  headerCount: 1_000,
  viaCount: 1_000,
};

/** Takes every whole message that comes, and what was no SIP. */
export interface SipReceiver {
  message(bytes: Buffer): void;
  fault(problem: string): void;
}

/** A socket that speaks to the gateway in raw bytes and stays open: the peer in tests that misbehave. */
export interface SipSocket {
  readonly closed: boolean;
  /** Settled once the socket is closed, by whomever. */
  readonly gone: Promise<void>;
  /** Hands bytes (over UDP: one datagram) to the system. Resolves when it takes more; never rejects. */
  write(bytes: Buffer): Promise<void>;
  /** Says that nothing more will come and waits for the other side, for at most two seconds. */
  close(): Promise<void>;
  /** Gone without a word; over TCP with a reset. */
  vanish(): void;
}

const CLOSE_MS = 2_000;

export async function openSipSocket(target: RawTarget, receiver: SipReceiver): Promise<SipSocket> {
  return target.transport === 'udp' ? DatagramPeer.open(target, receiver) : StreamPeer.open(target, receiver);
}

class StreamPeer implements SipSocket {
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  readonly #raw: Socket;

  static async open(target: RawTarget, receiver: SipReceiver): Promise<StreamPeer> {
    const { port, localAddress } = target;
    const raw = connectTcp({
      host: '127.0.0.1',
      port,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    raw.setNoDelay(true);
    await once(raw, 'connect');
    const socket = target.transport === 'tls' ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw;
    if (socket !== raw) await once(socket, 'secureConnect');
    return new StreamPeer(socket, raw, receiver);
  }

  private constructor(socket: Socket, raw: Socket, receiver: SipReceiver) {
    this.#socket = socket;
    this.#raw = raw;
    const framer = new StreamFramer(ANSWER_LIMITS);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const event of framer.push(chunk)) if (event.type === 'message') receiver.message(event.bytes);
      } catch (error) {
        if (!(error instanceof FramingError)) throw error;
        receiver.fault(`the stream from the gateway is no SIP: ${error.message}`);
        socket.destroy();
      }
    });
    // What we write to a connection that the other side has just closed is lost: that is what we are here for.
    for (const each of [socket, raw]) each.on('error', () => socket.destroy());
    this.gone = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  get closed(): boolean {
    return this.#socket.destroyed || !this.#socket.writable || this.#socket.readableEnded;
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.closed || this.#socket.write(bytes)) return;
    await Promise.race([new Promise<void>((resolve) => this.#socket.once('drain', () => resolve())), this.gone]);
  }

  async close(): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS);
    this.#socket.end();
    await this.gone;
    clearTimeout(timer);
  }

  vanish(): void {
    // Below a TLS socket node cannot reset; there the connection ends without TLS's own farewell.
    if (this.#socket === this.#raw) this.#raw.resetAndDestroy();
    else this.#socket.destroy();
  }
}

class DatagramPeer implements SipSocket {
  closed = false;
  readonly gone: Promise<void>;
  readonly #socket: DatagramSocket;
  readonly #port: number;

  static async open({ port, localAddress }: RawTarget, receiver: SipReceiver): Promise<DatagramPeer> {
    const socket = createSocket({
      type: 'udp4',
      lookup: (host, _options, found) => found(null, host, 4),
    });
    const listening = once(socket, 'listening'); // with a lookup that answers at once, it is emitted inside of bind
    socket.bind(0, localAddress ?? '127.0.0.1');
    await listening;
    return new DatagramPeer(socket, port, receiver);
  }

  private constructor(socket: DatagramSocket, port: number, receiver: SipReceiver) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (bytes) => receiver.message(bytes));
    socket.on('error', (error) => receiver.fault(error.message));
    this.gone = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  async write(bytes: Buffer): Promise<void> {
    if (!this.closed)
      await new Promise<void>((done) => this.#socket.send(bytes, this.#port, '127.0.0.1', () => done()));
  }

  close(): Promise<void> {
    this.vanish();
    return this.gone;
  }

  vanish(): void {
    if (this.closed) return;
    this.closed = true;
    this.#socket.close();
  }
}
