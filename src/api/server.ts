import { createHash, timingSafeEqual } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { GatewayError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Secret } from '../base/secret.js';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Whether new calls are taken, and why not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

export interface ApiCredentials {
  readonly username: string;
  readonly password: Secret;
}

export interface ApiOptions {
  readonly address: string;
  readonly port: number;
  /** PEM; null serves plain HTTP (the metrics port, which stays on loopback unless configured). */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Basic credentials for everything but health and readiness; null: nothing else is served without. */
  readonly credentials: ApiCredentials | null;
}

export interface ApiDeps {
  readonly log: Log;
  readonly readiness: () => Readiness;
  /** Prometheus text, or null where metrics are not served. */
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> } | null;
}

const BODY_LIMIT_BYTES = 65_536;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * A small HTTP(S) server: `/healthz` (the process lives), `/readyz` (new calls are taken) and, on the metrics port,
 * `/metrics`. The seed of the REST API.
 */
export class ApiServer {
  readonly #options: ApiOptions;
  readonly #deps: ApiDeps;
  #server: FastifyInstance | null = null;

  constructor(options: ApiOptions, deps: ApiDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Listens. Throws GatewayError PORT_UNAVAILABLE. */
  async start(): Promise<Endpoint> {
    const server = this.#build();
    this.#server = server;
    const { address, port } = this.#options;
    try {
      await server.listen({ host: address, port });
    } catch (error) {
      throw new GatewayError('PORT_UNAVAILABLE', `cannot listen on ${address} port ${port}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    const bound = server.server.address();
    return typeof bound === 'object' && bound !== null
      ? { address: bound.address, port: bound.port }
      : { address, port };
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#server = null;
  }

  #build(): FastifyInstance {
    const { tls } = this.#options;
    const common = {
      logger: false,
      trustProxy: false,
      bodyLimit: BODY_LIMIT_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionTimeout: REQUEST_TIMEOUT_MS,
      forceCloseConnections: true,
    } as const;
    const server = (
      tls === null ? Fastify(common) : Fastify({ ...common, https: { ...tls, minVersion: 'TLSv1.2' as const } })
    ) as FastifyInstance;
    this.#routes(server);
    return server;
  }

  #routes(server: FastifyInstance): void {
    const { readiness, metrics, log } = this.#deps;
    const { credentials } = this.#options;
    if (credentials !== null) {
      const allowed = basicCheck(credentials);
      server.addHook('onRequest', async (request, reply) => {
        if (OPEN_PATHS.has(request.url) || allowed(request.headers.authorization)) return;
        await problem(reply, 401, 'Unauthorized').header(
          'WWW-Authenticate',
          'Basic realm="portcullis", charset="UTF-8"',
        );
      });
    }
    server.get('/healthz', () => ({ status: 'ok' }));
    server.get('/readyz', (_request, reply) => {
      const { ready, reasons } = readiness();
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not-ready', reasons });
    });
    if (metrics !== null) {
      server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
    }
    server.setNotFoundHandler((_request, reply) => problem(reply, 404, 'Not found'));
    server.setErrorHandler((error, _request, reply) => {
      log.error({ err: error }, 'http request failed');
      return problem(reply, 500, 'Internal error');
    });
  }
}

/** What a load balancer may ask without credentials. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** RFC 9457: a bland answer; what happened is in the log. */
function problem(reply: FastifyReply, status: number, title: string): FastifyReply {
  return reply.code(status).type('application/problem+json').send({ type: 'about:blank', title, status });
}

/** Compares digests of equal length, so that the time says nothing about the credentials. */
function basicCheck({ username, password }: ApiCredentials): (header: string | undefined) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = digest(`Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`);
  return (header) => timingSafeEqual(digest(header ?? ''), expected);
}
