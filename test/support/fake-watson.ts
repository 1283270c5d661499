import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import type { TlsOptions } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';

export interface FakeWatsonOptions {
  readonly tls?: TlsOptions;
  /** The one Authorization value that is let in; any without it. */
  readonly authorization?: string;
  /** Source ports that may connect, such as those of a proxy: everybody else gets 403 and counts as a stranger. */
  readonly via?: ReadonlySet<number>;
  /** The one source address that may connect, likewise. */
  readonly viaAddress?: string;
  /** False: a client's pings are not answered, as when half open. */
  readonly autoPong?: boolean;
}

/** What one recognition connection got. */
export class FakeRecognition {
  start: Record<string, unknown> | null = null;
  audio = Buffer.alloc(0);
  stopped = false;
  readonly request: IncomingMessage;
  readonly socket: WebSocket;

  constructor(socket: WebSocket, request: IncomingMessage) {
    this.socket = socket;
    this.request = request;
  }

  json(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** A result; `words` are Watson's `[word, begin, end]` in seconds. */
  result(
    transcript: string,
    more: { final?: boolean; confidence?: number; words?: [string, number, number][] } = {},
  ): void {
    const { final = true, confidence, words } = more;
    const alternative = {
      transcript,
      ...(confidence === undefined ? {} : { confidence }),
      ...(words === undefined ? {} : { timestamps: words }),
    };
    this.json({ result_index: 0, results: [{ final, alternatives: [alternative] }] });
  }

  /** Stops reading, as a service that is slow or frozen. */
  freeze(): void {
    this.request.socket.pause();
  }

  thaw(): void {
    this.request.socket.resume();
  }

  /** Cuts the connection without a close frame. */
  kill(): void {
    this.socket.terminate();
  }
}

/** A request for speech. */
export interface FakeSynthesis {
  readonly request: IncomingMessage;
  readonly text: string;
  readonly accept: string;
  /** HTTP only. */
  readonly response: ServerResponse | null;
  /** WebSocket only. */
  readonly socket: WebSocket | null;
}

/**
 * A Watson STT and TTS double. Emits 'upgrade' (request) before it answers, 'recognition' (FakeRecognition) at a start
 * message, 'audio', 'stop' and 'gone' (FakeRecognition), and 'synthesis' (FakeSynthesis).
 */
export class FakeWatson extends EventEmitter {
  readonly recognitions: FakeRecognition[] = [];
  readonly syntheses: FakeSynthesis[] = [];
  strangers = 0;
  /** Answers every upgrade and POST with this status, when set. */
  refuse: number | null = null;
  /** False: upgrades are never answered. */
  answering = true;
  /** False: `listening` is never said. */
  listening = true;
  /** What TTS says; null: the test answers by itself. */
  speech: readonly Buffer[] | null = [Buffer.alloc(160, 0x11), Buffer.alloc(160, 0x22)];
  readonly #options: FakeWatsonOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #webSockets: WebSocketServer;

  constructor(options: FakeWatsonOptions = {}) {
    super();
    this.#options = options;
    this.#server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
    this.#webSockets = new WebSocketServer({ noServer: true, autoPong: options.autoPong ?? true });
    this.#server.on('connection', (socket: Duplex) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('tlsClientError', () => {});
    this.#server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void this.#post(request, response),
    );
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  async start(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #refusalOf(request: IncomingMessage): number | null {
    const { via, viaAddress, authorization } = this.#options;
    const { remotePort = 0, remoteAddress = '' } = request.socket;
    if (via?.has(remotePort) === false || remoteAddress !== (viaAddress ?? remoteAddress)) {
      this.strangers++;
      return 403;
    }
    if (this.refuse !== null) return this.refuse;
    return authorization !== undefined && request.headers.authorization !== authorization ? 401 : null;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.emit('upgrade', request);
    if (!this.answering) return;
    const refusal = this.#refusalOf(request);
    if (refusal !== null) {
      socket.end(`HTTP/1.1 ${refusal} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => {});
      if (request.url?.includes('/v1/recognize') === true) this.#recognize(webSocket, request);
      else this.#synthesize(webSocket, request);
    });
  }

  #recognize(socket: WebSocket, request: IncomingMessage): void {
    const recognition = new FakeRecognition(socket, request);
    this.recognitions.push(recognition);
    socket.on('close', () => this.emit('gone', recognition));
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) {
        recognition.audio = Buffer.concat([recognition.audio, data]);
        this.emit('audio', recognition);
        return;
      }
      const message = JSON.parse(data.toString()) as Record<string, unknown>;
      if (message['action'] === 'start') {
        recognition.start = message;
        if (this.listening) recognition.json({ state: 'listening' });
        this.emit('recognition', recognition);
      } else if (message['action'] === 'stop') {
        recognition.stopped = true;
        this.emit('stop', recognition);
      }
    });
  }

  #synthesize(socket: WebSocket, request: IncomingMessage): void {
    socket.once('message', (data: Buffer) => {
      const { text, accept } = JSON.parse(data.toString()) as { text: string; accept: string };
      this.#spoken({ request, text, accept, response: null, socket });
      if (this.speech === null) return;
      socket.send(JSON.stringify({ binary_streams: [{ content_type: accept }] }));
      for (const chunk of this.speech) socket.send(chunk);
      socket.close(1000);
    });
  }

  async #post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = this.#refusalOf(request);
    if (refusal !== null) {
      response.writeHead(refusal).end('{"error":"refused"}');
      return;
    }
    const { text } = JSON.parse(await textOf(request)) as { text: string };
    const accept = request.headers.accept ?? '';
    this.#spoken({ request, text, accept, response, socket: null });
    if (this.speech === null) return;
    response.writeHead(200, { 'content-type': accept });
    for (const chunk of this.speech) response.write(chunk);
    response.end();
  }

  #spoken(synthesis: FakeSynthesis): void {
    this.syntheses.push(synthesis);
    this.emit('synthesis', synthesis);
  }
}
