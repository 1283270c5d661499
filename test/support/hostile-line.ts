import { DEFAULT_SIP_LIMITS } from '../../src/base/limits.js';
import { FramingError, StreamFramer } from '../../src/sip/message/framer.js';
import { parseMessage } from '../../src/sip/message/parse.js';
import type { SipRequest, SipResponse } from '../../src/sip/message/types.js';
import { requestOf, statusOfEcho } from './hostile-messages.js';
import { pieces, type Random } from './mutator.js';
import { okTo } from './raw-phone.js';
import { type RawTarget, sipText } from './raw-sip.js';
import { ANSWER_LIMITS, openSipSocket, type SipReceiver, type SipSocket } from './sip-socket.js';

/** What one hostile peer did and saw. */
export interface Tally {
  sent: number;
  connections: number;
  /** Connections that the gateway closed because the framing was lost. */
  closed: number;
  /** Messages that the gateway must refuse as malformed, one decision line each. */
  malformed: number;
  readonly answers: Map<number, number>;
  /** Calls that the gateway answered with 200. */
  accepted: number;
  /** BYEs of the gateway. */
  byes: number;
  readonly problems: string[];
}

export const newTally = (): Tally => ({
  sent: 0,
  connections: 0,
  closed: 0,
  malformed: 0,
  answers: new Map(),
  accepted: 0,
  byes: 0,
  problems: [],
});

/** How far the gateway can read what was written: another message may come, one has begun, or all is lost. */
export type Progress = 'ready' | 'pending' | 'broken';

/** Largest datagram sent: twice what a header block may have. */
const DATAGRAM_BYTES = 32_768;
const ANSWER_MS = 10_000;
const RETRY_MS = 1_000;

/** What is done about a call that was answered. */
const FATES: readonly (readonly ('ACK' | 'BYE')[])[] = [
  ...[[], ['ACK'] as const],
  ...([
    ['ACK', 'BYE'],
    ['ACK', 'BYE'],
    ['ACK', 'BYE'],
  ] as const),
  ...([['BYE'], ['BYE'], ['BYE']] as const),
];

let fences = 0;

/**
 * A socket for hostile bytes. It reads what it writes with the gateway's own framer and parser, so that it knows what the
 * gateway must refuse and when it must close; it checks every answer, and what it does about a call that was accepted
 * depends on the tag: acknowledge it, or end it, or both, or leave it alone.
 */
export class HostileLine implements SipReceiver {
  progress: Progress = 'ready';
  readonly #tally: Tally;
  readonly #allowed: ReadonlySet<number>;
  readonly #framer: StreamFramer | null;
  readonly #answered = new Set<string>();
  readonly #waiting = new Map<string, (response: SipResponse) => void>();
  /** INVITEs that were let in and have no final answer yet. */
  readonly #open = new Set<string>();
  #allAnswered: (() => void) | null = null;
  #socket: SipSocket | null = null;

  static async open(target: RawTarget, tally: Tally, allowed: ReadonlySet<number>): Promise<HostileLine> {
    const line = new HostileLine(target, tally, allowed);
    line.#socket = await openSipSocket(target, line);
    tally.connections++;
    return line;
  }

  private constructor(target: RawTarget, tally: Tally, allowed: ReadonlySet<number>) {
    this.#tally = tally;
    this.#allowed = allowed;
    this.#framer = target.transport === 'udp' ? null : new StreamFramer(DEFAULT_SIP_LIMITS);
  }

  get closed(): boolean {
    return this.#socket?.closed !== false;
  }

  /** Sends one mutation, on a stream in pieces. */
  async send(bytes: Buffer, random: Random): Promise<void> {
    this.#tally.sent++;
    if (this.#framer === null) return this.#write(bytes.subarray(0, DATAGRAM_BYTES));
    for (const piece of pieces(bytes, random)) await this.#write(piece);
  }

  /** Sends a sound request and returns its answer, which tells that everything before it was read. Null: none came. */
  async ask(options: Parameters<typeof sipText>[0]): Promise<SipResponse | null> {
    const callId = `fence-${process.pid}-${++fences}`;
    const text = Buffer.from(sipText({ ...options, callId }));
    const answer = new Promise<SipResponse>((resolve) => this.#waiting.set(callId, resolve));
    const deadline = Date.now() + ANSWER_MS;
    while (Date.now() < deadline && !this.closed) {
      await this.#write(text);
      // RFC 3261 §17.1.2.1: a datagram may be lost and is sent again.
      const response = await within(answer, this.#framer === null ? RETRY_MS : ANSWER_MS);
      if (response !== null) return response;
    }
    return null;
  }

  /** Ends the connection: it must be closed by now, or be still served. */
  async finish(random: Random, fence: () => Promise<void>): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return;
    if (this.progress === 'broken') {
      const closed = await within(
        socket.gone.then(() => true),
        ANSWER_MS,
      );
      if (closed === null) this.#problem('the framing was lost but the connection stayed open');
      this.#tally.closed++;
      return socket.vanish();
    }
    if (this.closed) return this.#problem('a connection that could be followed was closed');
    if (this.progress === 'ready') {
      await fence();
      // One in two waits for the answers to its calls; the others go while those are being set up.
      if (random.oneIn(2)) await this.answered();
    }
    // A reset would throw away what was not read yet.
    if (this.progress === 'ready' && random.oneIn(2)) socket.vanish();
    else await socket.close();
  }

  /** Waits until every INVITE that was let in has its final answer: none may be forgotten. */
  async answered(): Promise<void> {
    if (this.#open.size === 0) return;
    const all = new Promise<true>((resolve) => (this.#allAnswered = () => resolve(true)));
    if ((await within(all, ANSWER_MS)) === null) this.#problem(`never answered: ${[...this.#open].join(' ')}`);
  }

  async close(): Promise<void> {
    await this.#socket?.close();
  }

  fault(problem: string): void {
    this.#problem(problem);
  }

  message(bytes: Buffer): void {
    const parsed = parseMessage(bytes, ANSWER_LIMITS);
    if (parsed.ok) {
      if (parsed.message.kind === 'request') this.#onRequest(parsed.message);
      else this.#onResponse(parsed.message);
      return;
    }
    const status = statusOfEcho(bytes);
    if (status === null) this.#problem(`an answer is malformed: ${parsed.error.message}`, bytes);
    else this.#count(status, bytes);
  }

  #onRequest(request: SipRequest): void {
    if (request.method !== 'BYE') return this.#problem('the gateway sent a request', request.raw);
    this.#tally.byes++;
    void this.#write(Buffer.from(okTo(request)));
  }

  #onResponse(response: SipResponse): void {
    const waiting = this.#waiting.get(response.callId);
    if (waiting !== undefined) {
      this.#waiting.delete(response.callId);
      return waiting(response);
    }
    if (response.callId.startsWith('fence-')) return;
    this.#count(response.status, response.raw);
    this.#follow(response);
    if (response.cseq.method === 'INVITE' && response.status >= 200 && response.status < 300) this.#accepted(response);
  }

  #follow({ callId, cseq, status }: SipResponse): void {
    const call = `${cseq.method} ${callId}`;
    if (status < 200) this.#open.add(call);
    else if (this.#open.delete(call) && this.#open.size === 0) this.#allAnswered?.();
  }

  #accepted(response: SipResponse): void {
    const tag = response.toTag ?? '';
    if (this.#answered.has(tag)) return;
    this.#answered.add(tag);
    this.#tally.accepted++;
    // Most end at once, so that there is room for others.
    const fate = FATES[tag.charCodeAt(tag.length - 1) % FATES.length] ?? [];
    for (const method of fate) void this.#write(requestOf(response, method));
  }

  #count(status: number, bytes: Buffer): void {
    this.#tally.answers.set(status, (this.#tally.answers.get(status) ?? 0) + 1);
    if (!this.#allowed.has(status)) this.#problem(`status ${status}`, bytes);
  }

  #write(bytes: Buffer): Promise<void> {
    if (this.#socket === null || this.closed || this.progress === 'broken') return Promise.resolve();
    this.#foresee(bytes);
    return this.#socket.write(bytes);
  }

  #foresee(bytes: Buffer): void {
    if (this.#framer === null) {
      let start = 0;
      while (bytes[start] === 0x0d || bytes[start] === 0x0a) start++;
      if (start < bytes.length) this.#read(bytes.subarray(start));
      return;
    }
    try {
      for (const event of this.#framer.push(bytes)) if (event.type === 'message') this.#read(event.bytes);
      this.progress = this.#framer.pending ? 'pending' : 'ready';
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      for (const event of error.events) if (event.type === 'message') this.#read(event.bytes);
      this.#tally.malformed++;
      this.progress = 'broken';
    }
  }

  #read(bytes: Buffer): void {
    if (!parseMessage(bytes, DEFAULT_SIP_LIMITS).ok) this.#tally.malformed++;
  }

  #problem(text: string, bytes: Buffer = Buffer.alloc(0)): void {
    if (this.#tally.problems.length < 20) this.#tally.problems.push(`${text}\n${bytes.toString('latin1', 0, 2_000)}`);
  }
}

/** What `promise` gives, or null after a while. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), ms)));
  const result = await Promise.race([promise, late]);
  clearTimeout(timer);
  return result;
}
