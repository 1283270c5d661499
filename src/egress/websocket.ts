import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { type Clock, systemClock } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';
import type { Dialer, EgressService } from './contract.js';
import { codeOfStatus, egressError } from './failures.js';
import { TimeLimit } from './time-limit.js';

export type { WebSocket } from 'ws';

export interface WebSocketRequest {
  /** `ws(s)` or `http(s)`. */
  readonly url: URL;
  readonly service: EgressService;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  /** For the dial and the upgrade together. */
  readonly handshakeTimeoutMs: number;
  readonly maxPayloadBytes: number;
  readonly signal?: AbortSignal;
}

/**
 * Opens a WebSocket without compression and without redirects. Listeners that are attached right after the `await`
 * hear everything: the socket rests until the next turn of the event loop. An 'error' nobody listens to is ignored;
 * 'close' always follows it. Rejects with GatewayError EGRESS_*, PROXY_*, SPEECH_*, or with the signal's reason.
 */
export async function openWebSocket(
  dialer: Dialer,
  options: WebSocketRequest,
  clock: Clock = systemClock,
): Promise<WebSocket> {
  const limit = new TimeLimit(clock, options.handshakeTimeoutMs, 'opening the WebSocket', options.signal);
  let stream: Duplex | undefined;
  try {
    stream = await dialer.dial(options.url, options.service, limit.signal);
    const dialed = stream as Socket;
    const socket = new WebSocket(options.url, [...(options.protocols ?? [])], {
      createConnection: () => dialed,
      ...(options.headers === undefined ? {} : { headers: { ...options.headers } }),
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: options.maxPayloadBytes,
    });
    socket.binaryType = 'nodebuffer';
    await upgraded(socket, limit.signal);
    return socket;
  } catch (error) {
    stream?.destroy();
    throw limit.signal.aborted ? limit.signal.reason : egressError(error, 'the WebSocket could not be opened');
  } finally {
    limit.end();
  }
}

function upgraded(socket: WebSocket, signal: AbortSignal): Promise<void> {
  socket.on('error', () => {});
  return new Promise((resolve, reject) => {
    const aborted = (): void => fail(signal.reason as Error);
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', aborted);
      socket.terminate();
      reject(error);
    };
    socket.once('open', () => {
      signal.removeEventListener('abort', aborted);
      // Frames that came with the 101 would be emitted before our caller's `await` goes on.
      socket.pause();
      setImmediate(() => socket.resume());
      resolve();
    });
    socket.once('unexpected-response', (_request, response) => {
      response.destroy();
      fail(refusalOf(response.statusCode ?? 0));
    });
    socket.once('error', (error) => fail(handshakeError(error)));
    signal.addEventListener('abort', aborted, { once: true });
    if (signal.aborted) aborted();
  });
}

function refusalOf(status: number): GatewayError {
  return new GatewayError(codeOfStatus(status), `the WebSocket upgrade was answered with status ${status}`);
}

/** ws gives its own findings in the upgrade answer no code; the connection's errors have one. */
function handshakeError(error: Error): GatewayError {
  if ((error as { code?: unknown }).code !== undefined) {
    return egressError(error, 'the WebSocket could not be opened');
  }
  return new GatewayError('SPEECH_PROTOCOL', 'the service did not answer the WebSocket upgrade correctly', {
    cause: error,
  });
}
