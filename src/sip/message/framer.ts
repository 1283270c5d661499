import { GatewayError, type ErrorCode } from '../../base/errors.js';
import type { SipLimits } from '../../base/limits.js';
import { ByteStore } from './byte-store.js';
import { CR, LF } from './chars.js';
import { parseContentLength } from './content-length.js';
import { FieldCursor } from './field-cursor.js';
import { HeadScanner, oversizeHead } from './head-scanner.js';
import { StartProbe } from './start-probe.js';

/** What a stream brings: a whole message, or the double CRLF that asks for a CRLF back (RFC 5626 §3.5.1). */
export type FramerEvent = { readonly type: 'message'; readonly bytes: Buffer } | { readonly type: 'keepalive' };

const KEEPALIVE: FramerEvent = { type: 'keepalive' };

/** The stream cannot be followed any further; the connection has to be closed. */
export class FramingError extends GatewayError {
  /**
   * The refused message as far as it had arrived (at most one header block), for `salvage`; null when it is no SIP and
   * nothing may be answered.
   */
  readonly head: Buffer | null;
  /** What the same `push` had framed before the fault, in order. It is still to be served. */
  readonly events: readonly FramerEvent[];

  constructor(error: { code: ErrorCode; message: string }, head: Buffer | null, events: readonly FramerEvent[]) {
    super(error.code, error.message);
    this.name = 'FramingError';
    this.head = head;
    this.events = events;
  }
}

/**
 * Cuts a byte stream into messages (RFC 3261 §7.5, §18.3). Every byte is looked at once, however the stream is split.
 * What is held is bounded by the limits and grows only with the bytes that have arrived.
 */
export class StreamFramer {
  readonly #limits: SipLimits;
  readonly #store = new ByteStore();
  #phase: 'between' | 'head' | 'body' | 'dead' = 'between';
  #scanner = new HeadScanner();
  #probe = new StartProbe();
  #crlfs = 0;
  #awaitsLf = false;
  /** Size of the current message once its head is complete. */
  #messageBytes = 0;

  constructor(limits: SipLimits) {
    this.#limits = limits;
  }

  /** Whether a message has begun and is not complete. */
  get pending(): boolean {
    return this.#phase === 'head' || this.#phase === 'body';
  }

  /**
   * Takes the next bytes and returns what they complete. Returned messages own their bytes.
   * @throws FramingError SIP_FRAMING, SIP_BYTES, SIP_HEADER, SIP_CONTENT_LENGTH, SIP_TOO_LARGE, SIP_URI_TOO_LONG; the
   * framer is dead after that
   */
  push(chunk: Buffer): readonly FramerEvent[] {
    if (this.#phase === 'dead') throw new FramingError(new GatewayError('SIP_FRAMING'), null, []);
    const events: FramerEvent[] = [];
    let position = 0;
    while (position < chunk.length) {
      const start = position;
      try {
        if (this.#phase === 'between') position = this.#readBetween(chunk, start, events);
        else if (this.#phase === 'head') position = this.#readHead(chunk, start);
        else position = this.#readBody(chunk, start);
        if (this.#phase === 'body' && this.#store.length === this.#messageBytes) events.push(this.#finish());
      } catch (error) {
        throw this.#die(error, chunk, start, events);
      }
    }
    return events;
  }

  // RFC 3261 §7.5: CRLFs before a start line are ignored. RFC 5626 §3.5.1: two of them are a ping.
  #readBetween(chunk: Buffer, start: number, events: FramerEvent[]): number {
    const byte = chunk[start];
    if (this.#awaitsLf ? byte === LF : byte === CR) {
      this.#awaitsLf = !this.#awaitsLf;
      if (this.#awaitsLf || ++this.#crlfs < 2) return start + 1;
      this.#crlfs = 0;
      events.push(KEEPALIVE);
      return start + 1;
    }
    if (this.#awaitsLf) throw new GatewayError('SIP_FRAMING');
    this.#crlfs = 0;
    this.#phase = 'head';
    this.#scanner = new HeadScanner();
    this.#probe = new StartProbe();
    return start;
  }

  #readHead(chunk: Buffer, start: number): number {
    const stop = Math.min(chunk.length, start + this.#limits.headerBlockBytes - this.#store.length);
    this.#probe.read(chunk, start, stop);
    const end = this.#scanner.scan(chunk, start, stop);
    this.#store.append(chunk, start, end < 0 ? stop : end);
    if (end >= 0) {
      this.#phase = 'body';
      this.#messageBytes = this.#store.length + this.#contentLength();
      return end;
    }
    if (this.#store.length >= this.#limits.headerBlockBytes) throw oversizeHead(this.#store.view(), this.#limits);
    return stop;
  }

  #readBody(chunk: Buffer, start: number): number {
    const stop = Math.min(chunk.length, start + this.#messageBytes - this.#store.length);
    this.#store.append(chunk, start, stop);
    return stop;
  }

  // RFC 3261 §18.3: Content-Length MUST be used with stream-oriented transports.
  #contentLength(): number {
    const head = this.#store.view();
    const text = head.toString('latin1');
    const fields = new FieldCursor(text, text.indexOf('\r') + 2);
    let length: number | null = null;
    while (fields.next()) {
      if (fields.name !== 'content-length') continue;
      if (length !== null) throw new GatewayError('SIP_CONTENT_LENGTH', 'Content-Length stands twice.');
      length = parseContentLength(fields.latin1Value);
    }
    if (length === null) throw new GatewayError('SIP_CONTENT_LENGTH', 'Content-Length is missing.');
    if (length > this.#limits.bodyBytes || head.length + length > this.#limits.messageBytes) {
      throw new GatewayError('SIP_TOO_LARGE');
    }
    return length;
  }

  #finish(): FramerEvent {
    this.#phase = 'between';
    return { type: 'message', bytes: this.#store.take() };
  }

  #die(error: unknown, chunk: Buffer, start: number, events: readonly FramerEvent[]): unknown {
    const phase = this.#phase;
    this.#phase = 'dead';
    if (!(error instanceof GatewayError)) return error;
    if (error.code === 'SIP_FRAMING') return new FramingError(error, null, events);
    // In the head the store lacks what this chunk brought; after it, the head is there and is whole.
    const room = phase === 'head' ? this.#limits.headerBlockBytes - this.#store.length : 0;
    if (room > 0) this.#store.append(chunk, start, Math.min(chunk.length, start + room));
    return new FramingError(error, this.#store.take(), events);
  }
}
