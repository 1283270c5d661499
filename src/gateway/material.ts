import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { GatewayError, messageOf } from '../base/errors.js';
import type { Clock } from '../base/clock.js';
import { isUnspecified, parseIp } from '../base/ip.js';
import type { Log } from '../base/log.js';
import type { Config } from '../config/schema.js';
import type { EgressOptions, ProxyOptions, TlsClientOptions } from '../egress/contract.js';
import { loadKeyStore, type KeyStoreSource } from '../tls/key-store.js';
import { loadOrCreateServerIdentity, type ServerIdentity } from '../tls/server-identity.js';

type StoreConfig = NonNullable<Config['tls']['keyStore']>;

/** The certificate that SIP over TLS and the REST API show. Throws GatewayError TLS_*, FILE_UNAVAILABLE. */
export async function serverIdentity(config: Config, deps: { clock: Clock; log: Log }): Promise<ServerIdentity> {
  const { keyStore } = config.tls;
  return loadOrCreateServerIdentity(
    {
      stateDir: config.stateDir,
      keyStore: keyStore === null ? null : await readStore(keyStore),
      names: ownNames(config),
    },
    deps,
  );
}

/** Egress of the media worker: speech services, through the proxy where configured. */
export async function speechEgress(config: Config): Promise<EgressOptions> {
  const { caFile, pkcs12File, passphrase } = config.tls.client;
  const identity =
    pkcs12File === null
      ? null
      : loadKeyStore({ bytes: await readBytes(pkcs12File), type: 'PKCS12', passphrase: passphrase?.reveal() ?? null });
  const ca = caFile === null ? (identity?.ca ?? []) : [...(identity?.ca ?? []), await readText(caFile)];
  return egressOptions(config, { ca: joinPem(ca), cert: identity?.cert ?? null, key: identity?.key ?? null });
}

/** Egress of webhooks: direct, trusting `tls.trustStore` (which for mutual TLS also holds our key). */
export async function webhookEgress(config: Config): Promise<EgressOptions> {
  const { trustStore } = config.tls;
  const store = trustStore === null ? null : loadKeyStore(await readStore(trustStore));
  return egressOptions(config, { ca: joinPem(store?.ca ?? []), cert: store?.cert ?? null, key: store?.key ?? null });
}

async function egressOptions(config: Config, tls: TlsClientOptions): Promise<EgressOptions> {
  const { stt, tts, musicOnHold } = config.proxy;
  // The embedded service listens on loopback inside this process: there is nothing for a proxy to do.
  const outside = config.speech.provider !== 'embedded';
  return {
    proxy: await proxyOptions(config),
    proxied: { stt: stt && outside, tts: tts && outside, moh: musicOnHold, webhook: false },
    tls,
    connectTimeoutMs: Math.max(config.speech.stt.connectTimeoutMs, config.speech.tts.connectTimeoutMs),
  };
}

async function proxyOptions(config: Config): Promise<ProxyOptions | null> {
  const { type, host, port, username, password, caFile } = config.proxy;
  if (host === null || port === null) return null;
  const ca = caFile === null ? null : await readText(caFile);
  return { type, host, port, username, password: password?.reveal() ?? null, ca };
}

/** What phones may call us: goes into a self-signed certificate. */
function ownNames(config: Config): string[] {
  const { host, bindAddress } = config.sip;
  const bound = parseIp(bindAddress);
  const names = [
    host ?? hostname(),
    ...(bound === null || isUnspecified(bound) ? [] : [bound.text]),
    ...(config.media.sdpAddress === null ? [] : [config.media.sdpAddress]),
    'localhost',
    '127.0.0.1',
    '::1',
  ];
  return [...new Set(names)];
}

async function readStore(store: StoreConfig): Promise<KeyStoreSource> {
  const { type, passphrase } = store;
  const bytes = await readBytes(store.file);
  // The reader recognises Java stores by their first bytes and says how to convert them.
  return { bytes, type: type === 'PEM' ? 'PEM' : 'PKCS12', passphrase: passphrase?.reveal() ?? null };
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new GatewayError('FILE_UNAVAILABLE', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function readText(path: string): Promise<string> {
  return (await readBytes(path)).toString('utf8');
}

function joinPem(texts: readonly string[]): string | null {
  return texts.length === 0 ? null : texts.join('\n');
}
