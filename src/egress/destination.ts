import { GatewayError } from '../base/errors.js';
import { hostPort } from '../base/ip.js';

/** Where a URL leads, as a socket needs it. */
export interface Destination {
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** `host:port` as it stands in CONNECT, IPv6 in brackets (RFC 9110 §9.3.6). */
  readonly authority: string;
}

const SCHEMES: ReadonlyMap<string, { readonly tls: boolean; readonly port: number }> = new Map([
  ['http:', { tls: false, port: 80 }],
  ['ws:', { tls: false, port: 80 }],
  ['https:', { tls: true, port: 443 }],
  ['wss:', { tls: true, port: 443 }],
]);

/** The destination of an `http`, `https`, `ws` or `wss` URL. Throws EGRESS_CONNECT for any other scheme. */
export function destinationOf(url: URL): Destination {
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined) throw new GatewayError('EGRESS_CONNECT', 'the URL scheme is not http, https, ws or wss');
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const port = url.port === '' ? scheme.port : Number(url.port);
  return { host, port, tls: scheme.tls, authority: hostPort(host, port) };
}
