import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { CancelTimer, Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Secret } from '../base/secret.js';
import type { EdgeOwner, EdgeService } from '../sip/edge-application.js';
import { Bridge } from './bridge.js';
import { type Command, parseCommand } from './commands.js';
import { encodeFrame, FrameReader } from './frames.js';
import { nokMeta, noMeta, okMeta } from './meta.js';
import { Outbox, type Written } from './outbox.js';
import { FramePacer } from './pacer.js';

/** How long a client may take to authenticate. */
export const AUTHENTICATE_MS = 10_000;
/** How much may wait for a client that does not read; beyond it the connection is closed. */
export const MAX_OUTPUT_BYTES = 16 * 1_048_576;

export interface SessionDeps {
  readonly edge: EdgeService;
  readonly clock: Clock;
  readonly log: Log;
  readonly secret: Secret;
  /** Values of the positive answer to `authenticate`. */
  greeting(): readonly string[];
  /** The session is over. */
  onClosed(session: ControlSession): void;
}

const compareKey = randomBytes(32);

/** Whether two secrets are equal, in a time that tells neither their contents nor their lengths. */
export function secretsEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHmac('sha256', compareKey).update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/**
 * One application on the control channel.
 *
 * new ──authenticate, right secret──▶ ready ──socket closes, protocol broken──▶ closed
 *  └──anything else, AUTHENTICATE_MS──────────────────────────────────────────────▲
 */
export class ControlSession {
  readonly #socket: Socket;
  readonly #deps: SessionDeps;
  readonly #reader = new FrameReader();
  readonly #outbox: Outbox;
  readonly #pacer: FramePacer;
  readonly #bridge: Bridge;
  readonly #verbs = new Set<string>();
  readonly #cancelDeadline: CancelTimer;
  #state: 'new' | 'ready' | 'closed' = 'new';

  constructor(socket: Socket, deps: SessionDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.#outbox = new Outbox(socket);
    this.#pacer = new FramePacer((frame, written) => this.#write(frame, written));
    const sink = { paced: this.#pacer, answer: (frame: Buffer) => this.#write(frame) };
    this.#bridge = new Bridge(deps.edge, sink, deps.clock);
    this.#cancelDeadline = deps.clock.after(AUTHENTICATE_MS, () => this.#end('authentication took too long'));
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => deps.log.debug({ err: error }, 'control connection failed'));
    socket.on('close', () => this.#closed());
  }

  /** What the edge gives requests to. */
  get owner(): EdgeOwner {
    return this.#bridge;
  }

  /** Whether new requests of `verb` (lower case) may go to this application. */
  serves(verb: string): boolean {
    return this.#state === 'ready' && this.#verbs.has(verb);
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const payload of this.#reader.push(chunk)) {
        if (this.#state === 'closed') return;
        this.#obey(parseCommand(payload));
      }
    } catch (error) {
      this.#end(messageOf(error));
    }
  }

  #obey(command: Command): void {
    if (command.kind === 'malformed') return this.#reject(command.id, command.reason);
    if (command.kind === 'authenticate') return this.#authenticate(command.id, command.secret);
    // drachtio-server does not look at this; whoever reaches the port must not get at calls without the secret.
    if (this.#state !== 'ready') return this.#reject(command.id, 'not authenticated');
    switch (command.kind) {
      case 'route':
        this.#verbs.add(command.verb);
        return this.#say(okMeta(command.id));
      case 'remove_route':
        this.#verbs.delete(command.verb);
        return this.#say(okMeta(command.id));
      case 'ping':
        return this.#say(okMeta(command.id, 'pong'));
      case 'proxy':
        return this.#say(nokMeta(command.id, 'proxying is not supported by this version of the server'));
      case 'sip':
        if (!this.#bridge.sip(command)) this.#end('a response names no transaction');
    }
  }

  #authenticate(id: string, secret: string): void {
    if (!secretsEqual(secret, this.#deps.secret.reveal())) return this.#reject(id, 'incorrect secret');
    this.#cancelDeadline();
    this.#state = 'ready';
    this.#say(okMeta(id, ...this.#deps.greeting()));
  }

  /** drachtio-server answers NO and closes the connection. */
  #reject(id: string, reason: string): void {
    if (id !== '') this.#say(noMeta(id, reason));
    this.#end(reason);
  }

  #say(meta: string): void {
    this.#write(encodeFrame(meta));
  }

  #write(frame: Buffer, written?: Written): void {
    if (this.#state === 'closed') return;
    this.#outbox.push(frame, written);
    if (this.#outbox.backlog <= MAX_OUTPUT_BYTES) return;
    this.#deps.log.error({ bytes: this.#outbox.backlog }, 'control client does not read');
    this.destroy();
  }

  #end(reason: string): void {
    if (this.#state === 'closed') return;
    this.#deps.log.warn({ reason }, 'control connection closed by the server');
    this.#leave();
    this.#outbox.flush();
    this.#socket.end(() => this.#socket.destroy());
  }

  #closed(): void {
    this.#leave();
    this.#deps.onClosed(this);
  }

  #leave(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelDeadline();
    this.#pacer.clear();
    this.#bridge.abandon();
  }
}
