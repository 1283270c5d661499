import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Client } from 'undici';
import { type Clock, systemClock } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';
import { userinfoAuth } from './basic-auth.js';
import type { Dialer, EgressService } from './contract.js';
import { egressError } from './failures.js';
import { TimeLimit } from './time-limit.js';

const MAX_HEAD_BYTES = 16_384;
/** What a webhook's answer may hold; it is read only to be thrown away. */
const MAX_ACKNOWLEDGEMENT_BYTES = 65_536;

export interface HttpRequest {
  readonly url: URL;
  readonly service: EgressService;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | null;
  /** For the answer's head, and again for every wait for more of its body. */
  readonly timeoutMs: number;
  /** Most bytes of the answer's body; more fails with EGRESS_HTTP. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Read it to its end or break out of it; otherwise call `discard()`. Fails with GatewayError EGRESS_*. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the connection. */
  discard(): void;
}

/**
 * One HTTP request on a connection of its own. Any status is an answer; redirects are not followed. Rejects with
 * GatewayError EGRESS_* or PROXY_*, or with the signal's reason.
 */
export async function request(dialer: Dialer, options: HttpRequest, clock: Clock = systemClock): Promise<HttpResponse> {
  const limit = new TimeLimit(clock, options.timeoutMs, 'waiting for the answer', options.signal);
  let discard = (): void => limit.end();
  let broken: Error | undefined;
  const failure = (error: unknown, what: string): unknown =>
    limit.signal.aborted ? limit.signal.reason : egressError(broken ?? error, what);
  try {
    const stream = await dialer.dial(options.url, options.service, limit.signal);
    // undici may report a later consequence, such as "other side closed" after a TLS alert.
    stream.on('error', (error) => {
      broken ??= error;
    });
    const client = clientOn(stream, options);
    discard = () => {
      limit.end();
      void client.destroy().catch(() => {});
      stream.destroy();
    };
    const response = await client.request({
      path: options.url.pathname + options.url.search,
      method: options.method,
      headers: headersOf(options),
      body: options.body ?? null,
      signal: limit.signal,
    });
    limit.pause();
    const body = bounded(response.body, limit, failure, discard);
    return { status: response.statusCode, headers: response.headers, body, discard };
  } catch (error) {
    discard();
    throw failure(error, 'the HTTP exchange failed');
  }
}

/** Posts `text` as JSON and expects 2xx. Rejects with EGRESS_HTTP for another status, otherwise like `request`. */
export async function postJson(
  dialer: Dialer,
  options: Pick<HttpRequest, 'url' | 'service' | 'timeoutMs' | 'signal'> & { readonly text: string },
  clock: Clock = systemClock,
): Promise<void> {
  const { text, ...rest } = options;
  const response = await request(
    dialer,
    {
      ...rest,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
      maxBytes: MAX_ACKNOWLEDGEMENT_BYTES,
    },
    clock,
  );
  // The status is all that counts; waiting for the rest would let the receiver hold us.
  response.discard();
  if (response.status < 200 || response.status > 299) {
    throw new GatewayError('EGRESS_HTTP', `the destination answered with status ${response.status}`);
  }
}

/** An undici client for one exchange on an already dialed stream. */
function clientOn(stream: Duplex, options: HttpRequest): Client {
  let used = false;
  return new Client(options.url.origin, {
    connect(_options, callback) {
      // A second call is undici trying to repeat the request after the stream broke; there is no other stream.
      const lost = used ? new GatewayError('EGRESS_CONNECT', 'the connection was lost') : null;
      used = true;
      // undici is not ready for an answer within the call.
      queueMicrotask(() => (lost === null ? callback(null, stream as Socket) : callback(lost, null)));
    },
    pipelining: 1,
    maxHeaderSize: MAX_HEAD_BYTES,
    maxResponseSize: options.maxBytes,
    // Time is kept by our own clock.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

function headersOf(options: HttpRequest): Record<string, string> {
  const authorization = userinfoAuth(options.url);
  return { ...(authorization === null ? {} : { authorization }), ...options.headers };
}

async function* bounded(
  body: AsyncIterable<Uint8Array>,
  limit: TimeLimit,
  failure: (error: unknown, what: string) => unknown,
  discard: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    limit.awaited = 'waiting for more of the answer';
    limit.restart();
    for await (const chunk of body) {
      limit.pause(); // the time that the reader takes is not the service's
      yield chunk;
      limit.restart();
    }
  } catch (error) {
    throw failure(error, 'the answer broke off');
  } finally {
    discard();
  }
}
