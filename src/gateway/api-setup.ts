import type { Metrics } from '../api/metrics.js';
import {
  type ApiCredentials,
  type ApiDeps,
  type ApiOptions,
  ApiServer,
  type Endpoint,
  type Readiness,
} from '../api/server.js';
import type { Lifetime } from '../base/lifetime.js';
import type { Log } from '../base/log.js';
import type { Config } from '../config/schema.js';
import type { ServerIdentity } from '../tls/server-identity.js';

export interface ApiSetupDeps {
  readonly log: Log;
  readonly life: Lifetime;
  readonly identity: ServerIdentity;
  readonly metrics: Metrics;
  readonly readiness: () => Readiness;
}

/** Starts the REST server and the metrics server where they are on. Throws GatewayError PORT_UNAVAILABLE. */
export async function startApi(
  config: Config,
  deps: ApiSetupDeps,
): Promise<{ readonly rest: Endpoint | null; readonly metrics: Endpoint | null }> {
  const { identity, metrics, log, readiness } = deps;
  const serve = (port: number | 'off', options: Omit<ApiOptions, 'port'>, shown: ApiDeps['metrics']) =>
    port === 'off' ? Promise.resolve(null) : start({ ...options, port }, { log, readiness, metrics: shown }, deps.life);
  const tls = { cert: identity.cert, key: identity.key };
  const text = { contentType: metrics.registry.contentType, text: () => metrics.text() };
  return {
    rest: await serve(
      config.rest.port,
      { address: config.rest.bindAddress, tls, credentials: credentialsOf(config) },
      null,
    ),
    metrics: await serve(
      config.metrics.port,
      { address: config.metrics.bindAddress, tls: null, credentials: null },
      text,
    ),
  };
}

function start(options: ApiOptions, deps: ApiDeps, life: Lifetime): Promise<Endpoint> {
  const server = new ApiServer(options, deps);
  life.defer(() => server.close());
  return server.start();
}

function credentialsOf({ rest }: Config): ApiCredentials | null {
  const { username, password } = rest;
  return username === null || password === null ? null : { username, password };
}
