import { once } from 'node:events';
import { request } from 'node:http';
import { WebSocket } from 'ws';

export const USER = { username: 'gateway', password: 'a-test-password' };
export const AUTHORIZATION = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** One HTTP request on a connection of its own. */
export function ask(
  url: string,
  options: { method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: AUTHORIZATION, ...options.headers };
    const sent = request(url, { method: options.method ?? 'POST', headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
      response.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(options.body);
  });
}

/** A WebSocket client that keeps every message until it is asked for. */
export class TestSocket {
  readonly socket: WebSocket;
  readonly #messages: (string | Buffer)[] = [];
  readonly #closed: Promise<number>;
  #wake: () => void = () => {};

  constructor(url: string, authorization: string | null = AUTHORIZATION) {
    this.socket = new WebSocket(url.replace('http', 'ws'), {
      headers: authorization === null ? {} : { authorization },
    });
    this.socket.on('error', () => {});
    this.socket.on('message', (data, isBinary) => {
      this.#messages.push(isBinary ? (data as Buffer) : (data as Buffer).toString('utf8'));
      this.#wake();
    });
    this.#closed = new Promise((resolve) => this.socket.once('close', (code) => resolve(code)));
  }

  async opened(): Promise<this> {
    await once(this.socket, 'open');
    return this;
  }

  /** The status that refused the handshake. */
  refused(): Promise<number> {
    return new Promise((resolve) => {
      this.socket.once('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
      });
    });
  }

  sendJson(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The next message; JSON is parsed. Fails when the connection ends first. */
  async next(): Promise<unknown> {
    while (this.#messages.length === 0) {
      const arrived = new Promise<void>((resolve) => (this.#wake = resolve));
      const code = await Promise.race([arrived, this.#closed]);
      if (typeof code === 'number' && this.#messages.length === 0) throw new Error(`closed with ${code}`);
    }
    const message = this.#messages.shift();
    return typeof message === 'string' ? (JSON.parse(message) as unknown) : message;
  }

  /** The code that the server closed with; waits for it. */
  code(): Promise<number> {
    return this.#closed;
  }

  /** Messages that came and were not read. */
  get unread(): number {
    return this.#messages.length;
  }
}
