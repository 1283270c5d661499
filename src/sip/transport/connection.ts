import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.js';
import type { SipLimits } from '../../base/limits.js';
import { FramingError, StreamFramer, type FramerEvent } from '../message/framer.js';
import type { EdgePeer } from '../edge-contract.js';
import type { Flow } from '../transaction/contract.js';
import { Deadline } from './deadline.js';
import { flowId } from './peer.js';

/** RFC 5626 §3.5.1: the answer to a ping. */
const PONG = Buffer.from('\r\n');
/** How long a connection that we are closing may take to read our last bytes. */
const LINGER_MS = 1_000;

/** What a connection tells its owner. */
export interface ConnectionEvents {
  /** One framed message. */
  message(bytes: Buffer, connection: Connection): void;
  /** The stream is no SIP any more. Returns the last answer to send. */
  framingLost(error: FramingError, connection: Connection): Buffer | null;
  /** A fault of ours; the connection is destroyed. */
  failed(error: unknown): void;
  /** The connection was destroyed for what its peer did or did not do. */
  expelled(why: Expulsion, connection: Connection): void;
  /** The socket is closed; nothing of the connection is left. */
  closed(connection: Connection): void;
}

/** No message, or not the whole of one, came in time; or what we sent was not read in time, or is more than we hold. */
export type Expulsion = 'first-message-timeout' | 'message-timeout' | 'output-timeout' | 'output-cap';

/**
 * What the deadline that runs is for: `first` and `message` bound a peer that sends too slowly, `output` one that reads
 * too slowly, `idle` one that is silent, `close` one that does not let go.
 */
type Waiting = 'first' | 'message' | 'output' | 'idle' | 'close';

/** What one read brought: the framed events, how many of them were served, and the fault that ended the stream. */
interface Batch {
  readonly events: readonly FramerEvent[];
  readonly fault: FramingError | null;
  next: number;
}

/**
 * One TCP or established TLS connection. Its deadlines: the first whole message within `firstMessageMs` of the accept
 * (inbound only); any later message whole within `completeMessageMs` of its first byte; something (a CRLF is enough)
 * every `idleMs`, unless a transaction or dialog retains the connection. A peer that pipelines faster than it reads our
 * answers is not read until it has, for at most `completeMessageMs`.
 */
export class Connection implements Flow {
  readonly id: string;
  readonly reliable = true;
  readonly #socket: Socket;
  readonly #limits: SipLimits;
  readonly #events: ConnectionEvents;
  readonly #framer: StreamFramer;
  /**
   * Above this much unread output the peer is not served: a quarter of what may be held, so that the rest is left for what
   * is sent meanwhile; and never less than what makes the socket tell when it has drained.
   */
  readonly #stallBytes: number;
  readonly #deadline: Deadline;
  #waiting: Waiting;
  #batch: Batch | undefined;
  #retained = 0;

  constructor(
    socket: Socket,
    readonly peer: EdgePeer,
    direction: 'inbound' | 'outbound',
    limits: SipLimits,
    clock: Clock,
    events: ConnectionEvents,
  ) {
    this.id = flowId(peer);
    this.#socket = socket;
    this.#limits = limits;
    this.#events = events;
    this.#framer = new StreamFramer(limits);
    this.#stallBytes = Math.max(limits.outputBytes / 4, socket.writableHighWaterMark);
    this.#deadline = new Deadline(clock, () => this.#expired());
    this.#waiting = direction === 'inbound' ? 'first' : 'idle';
    this.#deadline.set(direction === 'inbound' ? limits.firstMessageMs : limits.idleMs);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.close());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#deadline.clear();
      this.#events.closed(this);
    });
  }

  get closed(): boolean {
    return this.#waiting === 'close' || this.#socket.destroyed;
  }

  send(bytes: Buffer): boolean {
    if (this.closed) return false;
    // Threat 75: what a peer does not read is held only up to a cap.
    if (this.#socket.writableLength + bytes.length > this.#limits.outputBytes) {
      this.#expel('output-cap');
      return false;
    }
    this.#socket.write(bytes);
    return true;
  }

  retain(): () => void {
    this.#retained += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#retained -= 1;
    };
  }

  /** Closes after the last bytes (and `answer`) went out, or soon if the peer does not read them. Idempotent. */
  close(answer?: Buffer): void {
    if (this.closed) return;
    this.#waiting = 'close';
    this.#deadline.set(LINGER_MS);
    if (answer === undefined) this.#socket.end();
    else this.#socket.end(answer);
    if (this.#socket.writableLength === 0) this.#socket.destroySoon();
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.closed) return;
    try {
      this.#batch = { events: this.#framer.push(chunk), fault: null, next: 0 };
    } catch (error) {
      if (!(error instanceof FramingError)) {
        this.destroy();
        return this.#events.failed(error);
      }
      this.#batch = { events: error.events, fault: error, next: 0 };
    }
    this.#proceed(this.#batch);
  }

  /** Serves what was read as far as the peer reads our answers, in one write. */
  #proceed(batch: Batch): void {
    this.#socket.cork();
    while (batch.next < batch.events.length && !this.closed) {
      if (this.#socket.writableLength > this.#stallBytes) return this.#stall(batch);
      const event = batch.events[batch.next++];
      if (event?.type === 'message') {
        if (this.#waiting === 'first') this.#waiting = 'idle';
        this.#events.message(event.bytes, this);
      } else this.send(PONG);
    }
    this.#socket.uncork();
    this.#batch = undefined;
    if (batch.fault !== null) this.close(this.#events.framingLost(batch.fault, this) ?? undefined);
    else this.#watch(batch.events);
  }

  #stall(batch: Batch): void {
    this.#socket.pause();
    if (this.#waiting !== 'first') {
      this.#waiting = 'output';
      this.#deadline.set(this.#limits.completeMessageMs);
    }
    this.#socket.once('drain', () => {
      if (this.closed) return;
      this.#proceed(batch);
      if (this.#batch === undefined) this.#socket.resume();
    });
    this.#socket.uncork();
  }

  /** Sets the deadline that follows from what was just read. */
  #watch(events: readonly FramerEvent[]): void {
    if (this.closed || this.#waiting === 'first') return;
    if (this.#framer.pending) {
      // Threat 74: the deadline runs from the message's first byte; more bytes do not move it.
      if (this.#waiting !== 'message' || events.length > 0) this.#deadline.set(this.#limits.completeMessageMs);
      this.#waiting = 'message';
    } else {
      this.#waiting = 'idle';
      this.#deadline.set(this.#limits.idleMs);
    }
  }

  #expired(): void {
    switch (this.#waiting) {
      case 'idle':
        if (this.#retained === 0) return this.close();
        return this.#deadline.set(this.#limits.idleMs);
      case 'close':
        return this.destroy();
      case 'first':
        return this.#expel('first-message-timeout');
      default:
        return this.#expel(`${this.#waiting}-timeout`);
    }
  }

  #expel(why: Expulsion): void {
    this.destroy();
    this.#events.expelled(why, this);
  }
}
