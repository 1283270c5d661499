import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../base/clock.js';
import { GatewayError } from '../../base/errors.js';
import type { Recogniser } from './recognition.js';
import { RecognizeSocket } from './recognize-socket.js';
import { ServiceAuth } from './service-auth.js';
import type { Synthesis } from './synthesis.js';
import { answerError, serveSynthesis } from './synthesize-http.js';
import { serveSynthesisSocket } from './synthesize-socket.js';

export interface SpeechListenerDeps {
  readonly clock: Clock;
  readonly username: string;
  readonly password: string;
  readonly synthesis: Synthesis;
  readonly recogniser: Recogniser | null;
}

const RECOGNIZE = '/v1/recognize';
const SYNTHESIZE = '/v1/synthesize';

/** Two legs of each of a thousand calls, and their prompts. */
const MAX_CONNECTIONS = 4_096;
/** Watson's bound on one frame; a larger one ends the connection with 1009. */
const MAX_FRAME_BYTES = 4_194_304;
const MAX_HEADER_BYTES = 8_192;
const REQUEST_TIMEOUT_MS = 10_000;
const SWEEP_MS = 5_000;

/** The loopback server in front of the engines: checks credentials, tells the two services apart, bounds everything. */
export class SpeechListener {
  readonly #deps: SpeechListenerDeps;
  readonly #auth: ServiceAuth;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  readonly #recognitions = new Set<RecognizeSocket>();
  #cancelSweep: () => void = () => {};

  constructor(deps: SpeechListenerDeps) {
    this.#deps = deps;
    this.#auth = new ServiceAuth(deps.username, deps.password);
    this.#http = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
    });
    this.#http.maxConnections = MAX_CONNECTIONS;
    this.#http.on('request', (request, response) => this.#request(request, response));
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Listens on a free port of 127.0.0.1 and returns it. Throws PORT_UNAVAILABLE. */
  async start(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', (cause) => {
        reject(new GatewayError('PORT_UNAVAILABLE', 'The embedded speech service cannot listen.', { cause }));
      });
      this.#http.listen(0, '127.0.0.1', resolve);
    });
    this.#cancelSweep = this.#deps.clock.every(SWEEP_MS, () => {
      for (const recognition of this.#recognitions) recognition.sweep();
    });
    return (this.#http.address() as AddressInfo).port;
  }

  /** Ends every connection and waits until the port is free. */
  async close(): Promise<void> {
    this.#cancelSweep();
    for (const socket of this.#sockets.clients) socket.terminate();
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeAllConnections();
    await closed;
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#refusal(request);
    if (refusal !== null) {
      if (refusal.status === 401) response.setHeader('www-authenticate', 'Basic realm="speech"');
      return answerError(response, refusal.status, refusal.error);
    }
    const { path, query } = target(request);
    if (path === RECOGNIZE) return answerError(response, 426, 'Recognition is served over WebSocket only.');
    if (request.method !== 'POST') return answerError(response, 405, 'Use POST.');
    void serveSynthesis(request, response, query, this.#deps.synthesis);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const refusal = this.#refusal(request);
    if (refusal !== null) return refuseUpgrade(socket, refusal.status);
    const { path, query } = target(request);
    // No models to choose from, and a name that is not served is not passed over.
    if (path === RECOGNIZE && query.has('model')) return refuseUpgrade(socket, 404);
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#serve(client, path, query));
  }

  #serve(client: WebSocket, path: string, query: URLSearchParams): void {
    client.on('error', () => client.terminate()); // ws has sent the close code, for example 1009
    const { synthesis, recogniser, clock } = this.#deps;
    if (path === SYNTHESIZE) return serveSynthesisSocket(client, query, synthesis, clock);
    const recognition = new RecognizeSocket(client, recogniser, clock);
    this.#recognitions.add(recognition);
    client.once('close', () => this.#recognitions.delete(recognition));
  }

  #refusal(request: IncomingMessage): { readonly status: 401 | 404; readonly error: string } | null {
    if (!this.#auth.accepts(request.headers.authorization)) return { status: 401, error: 'Unauthorized.' };
    const { path } = target(request);
    return path === RECOGNIZE || path === SYNTHESIZE ? null : { status: 404, error: 'Not found.' };
  }
}

function target(request: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  if (mark < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

function refuseUpgrade(socket: Duplex, status: 401 | 404): void {
  const challenge = status === 401 ? 'WWW-Authenticate: Basic realm="speech"\r\n' : '';
  const reason = status === 401 ? 'Unauthorized' : 'Not Found';
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${challenge}Connection: close\r\nContent-Length: 0\r\n\r\n`);
}
