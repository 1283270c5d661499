import Fastify, { type FastifyInstance } from 'fastify';
import { GatewayError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Whether new calls are taken, and why not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

export interface ApiOptions {
  readonly address: string;
  readonly port: number;
  /** PEM; null serves plain HTTP (the metrics port, which stays on loopback unless configured). */
  readonly tls: { readonly cert: string; readonly key: string } | null;
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
    server.get('/healthz', () => ({ status: 'ok' }));
    server.get('/readyz', (_request, reply) => {
      const { ready, reasons } = readiness();
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not-ready', reasons });
    });
    if (metrics !== null) {
      server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
    }
    server.setNotFoundHandler((_request, reply) =>
      reply.code(404).type('application/problem+json').send({ type: 'about:blank', title: 'Not found', status: 404 }),
    );
    server.setErrorHandler((error, _request, reply) => {
      log.error({ err: error }, 'http request failed');
      return reply
        .code(500)
        .type('application/problem+json')
        .send({ type: 'about:blank', title: 'Internal error', status: 500 });
    });
  }
}
