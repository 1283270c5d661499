import type { CancelTimer, Clock } from '../base/clock.js';
import { codeOf, GatewayError, messageOf } from '../base/errors.js';
import { isLoopback, parseIp } from '../base/ip.js';
import type { Log } from '../base/log.js';
import { type Backoff, backoffMs } from './backoff.js';
import type { Dialer } from './contract.js';
import { postJson } from './http.js';

/** What an unreachable webhook can make us hold, and for how long an event is tried. */
export interface WebhookLimits {
  readonly events: number;
  readonly bytes: number;
  readonly eventBytes: number;
  /** From an event's first attempt to its last. */
  readonly retryMs: number;
  readonly attemptMs: number;
}

export const DEFAULT_WEBHOOK_LIMITS: WebhookLimits = {
  events: 1_000,
  bytes: 4_194_304,
  eventBytes: 262_144,
  retryMs: 60_000,
  attemptMs: 10_000,
};

const LOGGED_DROPS = 100;
const BACKOFF: Backoff = { minMs: 500, maxMs: 10_000 };

export interface WebhookDeps {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly log: Log;
  /** 0..1, for the jitter. */
  readonly random?: () => number;
}

/** Reads a webhook's URL: `https`, or `http` to this machine only. Throws CONFIG_INVALID. */
export function parseWebhookUrl(text: string): URL {
  if (!URL.canParse(text)) throw new GatewayError('CONFIG_INVALID', 'a webhook is not an absolute URL');
  const url = new URL(text);
  if (url.protocol === 'https:') return url;
  // Events hold who called and what was said: in clear text they stay on this machine.
  if (url.protocol === 'http:' && isLocal(url.hostname)) return url;
  throw new GatewayError('CONFIG_INVALID', 'a webhook must be https, or http to a loopback address');
}

/**
 * Delivers events to one URL, one after the other in the order they were pushed. A failed event is tried again with
 * growing pauses, then dropped and counted; so is an event that finds the queue full.
 */
export class WebhookQueue {
  readonly #url: URL;
  readonly #limits: WebhookLimits;
  readonly #deps: WebhookDeps;
  readonly #waiting: string[] = [];
  readonly #abort = new AbortController();
  #bytes = 0;
  #dropped = 0;
  #delivered = 0;
  #failures = 0;
  #worker: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(url: URL, deps: WebhookDeps, limits: WebhookLimits = DEFAULT_WEBHOOK_LIMITS) {
    this.#url = url;
    this.#deps = deps;
    this.#limits = limits;
  }

  /** Events given up so far. */
  get dropped(): number {
    return this.#dropped;
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** Events waiting, with the one under way. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Takes an event that JSON can express. False: the queue is full or closed and the event is dropped. */
  push(event: object): boolean {
    const text = JSON.stringify(event);
    const bytes = Buffer.byteLength(text);
    if (!this.#hasRoomFor(bytes)) {
      this.#drop('refused');
      return false;
    }
    this.#waiting.push(text);
    this.#bytes += bytes;
    this.#worker ??= this.#deliverAll();
    return true;
  }

  /** Takes no more events and tries the waiting ones for `deadlineMs`; what is left then is dropped. Idempotent. */
  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#drain(deadlineMs);
    return this.#closing;
  }

  #hasRoomFor(bytes: number): boolean {
    const limits = this.#limits;
    const fits = bytes <= limits.eventBytes && this.#bytes + bytes <= limits.bytes;
    return fits && this.#waiting.length < limits.events && this.#closing === undefined;
  }

  async #drain(deadlineMs: number): Promise<void> {
    const cancel = this.#deps.clock.after(deadlineMs, () => this.#abort.abort(new Error('closing')));
    await this.#worker;
    cancel();
  }

  async #deliverAll(): Promise<void> {
    for (let text = this.#waiting[0]; text !== undefined; text = this.#waiting[0]) {
      const delivered = await this.#deliver(text);
      this.#waiting.shift();
      this.#bytes -= Buffer.byteLength(text);
      if (delivered) this.#delivered++;
      else this.#drop(this.#abort.signal.aborted ? 'closing' : 'retries');
    }
    this.#worker = undefined;
  }

  /** True when the event arrived, false when it is given up. */
  async #deliver(text: string): Promise<boolean> {
    const { clock, random = Math.random } = this.#deps;
    const lastAttempt = clock.monotonic() + this.#limits.retryMs;
    for (;;) {
      if (await this.#attempt(text)) return true;
      if (this.#abort.signal.aborted) return false;
      // The pauses go on growing from event to event until one arrives: a dead receiver is not hammered.
      const pauseMs = backoffMs(BACKOFF, this.#failures, random());
      if (clock.monotonic() + pauseMs > lastAttempt) return false;
      await this.#pause(pauseMs);
    }
  }

  async #attempt(text: string): Promise<boolean> {
    const { dialer, clock, log } = this.#deps;
    const options = { url: this.#url, service: 'webhook', text, timeoutMs: this.#limits.attemptMs } as const;
    try {
      await postJson(dialer, { ...options, signal: this.#abort.signal }, clock);
      if (this.#failures > 0) log.info({ failures: this.#failures, dropped: this.#dropped }, 'webhook.recovered');
      this.#failures = 0;
      return true;
    } catch (error) {
      this.#failures++;
      if (this.#failures === 1) log.warn({ code: codeOf(error), reason: messageOf(error) }, 'webhook.failing');
      return false;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let cancel: CancelTimer = () => {};
      const end = (): void => {
        cancel();
        this.#abort.signal.removeEventListener('abort', end);
        resolve();
      };
      cancel = this.#deps.clock.after(ms, end);
      this.#abort.signal.addEventListener('abort', end);
    });
  }

  #drop(why: 'refused' | 'retries' | 'closing'): void {
    this.#dropped++;
    // One line tells of an outage as well as a thousand.
    if (this.#dropped % LOGGED_DROPS !== 1) return;
    this.#deps.log.warn({ code: 'WEBHOOK_FAILED', why, dropped: this.#dropped }, 'webhook.dropped');
  }
}

function isLocal(hostname: string): boolean {
  if (hostname === 'localhost') return true;
  const address = parseIp(hostname.startsWith('[') ? hostname.slice(1, -1) : hostname);
  return address !== null && isLoopback(address);
}
