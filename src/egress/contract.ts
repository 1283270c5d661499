import type { Duplex } from 'node:stream';

/** Which purpose a connection serves: decides proxying (`proxy.services`) and appears in metrics and errors. */
export type EgressService = 'stt' | 'tts' | 'moh' | 'webhook';

/** The forward proxy. Plain values, because they cross into the media worker. */
export interface ProxyOptions {
  readonly type: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
  /** PEM of the CAs that sign the proxy's own certificate; null: the system's. */
  readonly ca: string | null;
}

/** TLS towards services: what we trust and who we are. PEM texts. */
export interface TlsClientOptions {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

export interface EgressOptions {
  readonly proxy: ProxyOptions | null;
  /** Which services go through the proxy; the others go direct. */
  readonly proxied: Readonly<Record<EgressService, boolean>>;
  readonly tls: TlsClientOptions;
  readonly connectTimeoutMs: number;
}

/**
 * Opens every outbound byte stream towards a service: direct or through CONNECT, TLS to the origin always verified.
 * A proxied service never falls back to a direct connection. Throws GatewayError EGRESS_*, PROXY_*.
 */
export interface Dialer {
  /** A connected stream to the host of `url` (`http`, `https`, `ws`, `wss`); for the TLS schemes the handshake is done. */
  dial(url: URL, service: EgressService, signal?: AbortSignal): Promise<Duplex>;
}
