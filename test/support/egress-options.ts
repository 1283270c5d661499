import type { EgressOptions, ProxyOptions } from '../../src/egress/contract.js';

/** Egress options that trust `ca`; with a proxy every service goes through it. */
export function egressOptions(ca: string | null, proxy: Partial<ProxyOptions> | null = null): EgressOptions {
  return {
    proxy:
      proxy === null
        ? null
        : { type: 'http', host: '127.0.0.1', port: 1, username: null, password: null, ca: null, ...proxy },
    proxied: { stt: true, tts: true, moh: true, webhook: true },
    tls: { ca, cert: null, key: null },
    connectTimeoutMs: 5_000,
  };
}
