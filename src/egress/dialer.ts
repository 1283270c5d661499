import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from '../base/clock.js';
import { type ErrorCode, GatewayError } from '../base/errors.js';
import { hostPort } from '../base/ip.js';
import type { Log } from '../base/log.js';
import { basicAuth } from './basic-auth.js';
import { type ConnectHead, connectRequest, parseConnectHead } from './connect-head.js';
import type { Dialer, EgressOptions, ProxyOptions } from './contract.js';
import { type Destination, destinationOf } from './destination.js';
import { reasonOf } from './failures.js';
import { step } from './step.js';
import { TimeLimit } from './time-limit.js';
import { hopContext, secure } from './tls-hop.js';

const KEEP_ALIVE_MS = 30_000;

export interface DialerDeps {
  readonly log: Log;
  readonly clock?: Clock;
}

/** A way through the forward proxy: opens the tunnel to a destination within a time limit. */
type Tunnel = (destination: Destination, limit: TimeLimit) => Promise<Duplex>;

/**
 * Makes the one dialer of a process or worker. Opens nothing yet. Throws TLS_MATERIAL for PEM texts that cannot be
 * used and CONFIG_INVALID for a proxy user name with a colon. `connectTimeoutMs` bounds one whole dial.
 */
export function createDialer(options: EgressOptions, deps: DialerDeps): Dialer {
  const clock = deps.clock ?? systemClock;
  const originContext = hopContext(options.tls);
  const tunnel = options.proxy === null ? null : createTunnel(options.proxy);
  return {
    async dial(url, service, signal) {
      signal?.throwIfAborted();
      const destination = destinationOf(url);
      const through = options.proxied[service] ? tunnel : null;
      const limit = new TimeLimit(clock, options.connectTimeoutMs, 'connecting to the service', signal);
      try {
        const stream = through === null ? await openDirect(destination, limit) : await through(destination, limit);
        if (!destination.tls) return stream;
        limit.awaited = 'TLS handshake with the service';
        return await secure(stream, destination.host, originContext, ['http/1.1'], limit.signal);
      } catch (error) {
        const failure = failureOf(error, limit, 'EGRESS_TLS', `TLS with ${destination.authority} failed`);
        deps.log.debug({ service, proxied: through !== null, err: failure }, 'egress.dial_failed');
        throw failure;
      } finally {
        limit.end();
      }
    },
  };
}

function createTunnel(proxy: ProxyOptions): Tunnel {
  // The proxy hop has its own trust and never sees the client certificate meant for services.
  const context = proxy.type === 'https' ? hopContext({ ca: proxy.ca, cert: null, key: null }) : null;
  const authorization = proxy.username === null ? null : basicAuth(proxy.username, proxy.password ?? '');
  const place = hostPort(proxy.host, proxy.port);
  return async (destination, limit) => {
    try {
      limit.awaited = 'connecting to the forward proxy';
      let stream: Duplex = await connectTcp(proxy.host, proxy.port, limit.signal);
      if (context !== null) stream = await secure(stream, proxy.host, context, [], limit.signal);
      limit.awaited = 'CONNECT through the forward proxy';
      stream.write(connectRequest(destination, authorization));
      await acceptTunnel(stream, limit.signal);
      return stream;
    } catch (error) {
      throw failureOf(error, limit, 'PROXY_CONNECT', `forward proxy ${place}`);
    }
  };
}

async function openDirect(destination: Destination, limit: TimeLimit): Promise<Duplex> {
  try {
    return await connectTcp(destination.host, destination.port, limit.signal);
  } catch (error) {
    throw failureOf(error, limit, 'EGRESS_CONNECT', destination.authority);
  }
}

function connectTcp(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
  const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  return step<Duplex>(socket, signal, (done) => {
    const connected = (): void => done(socket);
    socket.once('connect', connected);
    return () => socket.off('connect', connected);
  });
}

/** Waits for the proxy's 2xx. What the proxy sent after its head stays in the stream: it is the destination's. */
function acceptTunnel(stream: Duplex, signal: AbortSignal): Promise<void> {
  let received: Buffer = Buffer.alloc(0);
  return step<void>(stream, signal, (done, fail) => {
    const read = (): void => {
      for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) {
        received = Buffer.concat([received, chunk]);
        const head = parseConnectHead(received);
        if (head.kind === 'more') continue;
        const refusal = refusalOf(head);
        if (refusal !== null) return fail(refusal);
        done();
        if (head.kind === 'answer' && head.early.length > 0) stream.unshift(head.early);
        return;
      }
    };
    stream.on('readable', read);
    return () => stream.off('readable', read);
  });
}

/** RFC 9110 §9.3.6: any 2xx opens the tunnel, every other status means that there is none. */
function refusalOf(head: Exclude<ConnectHead, { kind: 'more' }>): GatewayError | null {
  if (head.kind === 'malformed') {
    return new GatewayError('PROXY_REFUSED', 'the forward proxy answered CONNECT with something that is not HTTP');
  }
  const { status } = head;
  if (status >= 200 && status <= 299) return null;
  if (status === 407) return new GatewayError('PROXY_AUTH');
  return new GatewayError('PROXY_REFUSED', `the forward proxy refused the destination with status ${status}`);
}

/** The caller's own abort passes through as it is; the rest becomes an error with a code and no text of a peer. */
function failureOf(error: unknown, limit: TimeLimit, code: ErrorCode, what: string): Error {
  if (error instanceof GatewayError) return error;
  if (limit.signal.aborted && error === limit.signal.reason) return error as Error;
  return new GatewayError(code, `${what}: ${reasonOf(error)}`, { cause: error });
}
