import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '../base/clock.js';
import { parseIp } from '../base/ip.js';
import type { Datagram, Sink } from './stage.js';

/** Room in the kernel for a burst while the thread is busy. */
const RECEIVE_BUFFER_BYTES = 256 * 1_024;

type LookupDone = (error: Error | null, address: string, family: number) => void;

/** A bound UDP socket that hands on what it gets in one reused object. Errors of single datagrams are counted, not thrown. */
export class UdpSocket {
  readonly #socket: Socket;
  #connected = false;
  #closed = false;
  /** Datagrams the system refused to send or reported as undeliverable. */
  errors = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {
      // A connected socket reports the peer's "port unreachable" here: that is news about one datagram, not the end.
      this.errors += 1;
    });
  }

  /** Binds to `address:port` (0: any port). Rejects with the system's error. */
  static async bind(address: string, port: number): Promise<UdpSocket> {
    const family = parseIp(address)?.family === 6 ? 6 : 4;
    // Only addresses come here; without this, every datagram would go through the resolver.
    const lookup = (host: string, _options: unknown, done: LookupDone): void => done(null, host, family);
    const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', ipv6Only: family === 6, lookup });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind({ address, port, exclusive: true }, () => {
          socket.off('error', reject);
          resolve();
        });
      });
    } catch (error) {
      socket.close();
      throw error;
    }
    return new UdpSocket(socket);
  }

  get port(): number {
    return this.#closed ? 0 : this.#socket.address().port;
  }

  /** Hands every datagram to `sink` from now on. */
  receive(sink: Sink<Datagram>, clock: Clock): void {
    const datagram = { data: Buffer.alloc(0), receivedMs: 0, address: '', port: 0 };
    trySetReceiveBuffer(this.#socket);
    this.#socket.on('message', (data, source) => {
      datagram.data = data;
      datagram.receivedMs = clock.monotonic();
      datagram.address = source.address;
      datagram.port = source.port;
      sink.push(datagram);
    });
  }

  /** Fixes the peer: from now on the kernel drops what comes from anybody else. */
  connect(address: string, port: number): void {
    if (this.#closed) return;
    this.disconnect();
    try {
      this.#socket.connect(port, address);
      this.#connected = true;
    } catch {
      this.errors += 1;
    }
  }

  /** Undoes `connect`. */
  disconnect(): void {
    if (!this.#connected || this.#closed) return;
    this.#connected = false;
    try {
      this.#socket.disconnect();
    } catch {
      this.errors += 1;
    }
  }

  /** Sends to the connected peer, else to `address:port`. Never throws. */
  send(data: Uint8Array, address: string, port: number): void {
    if (this.#closed) return;
    try {
      if (this.#connected) this.#socket.send(data);
      else this.#socket.send(data, port, address);
    } catch {
      this.errors += 1;
    }
  }

  /** Closes and waits. Idempotent. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

function trySetReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // The system keeps its own size.
  }
}
