import { lookup } from 'node:dns/promises';
import { GatewayError, messageOf } from '../base/errors.js';
import { parseIp } from '../base/ip.js';
import type { SipTransport } from '../sip/edge-contract.js';
import type { SipUri } from '../sip/message/types.js';
import { parseUri } from '../sip/message/uri.js';

/** Where a call goes: the URI as given, and the socket it leads to. */
export interface CallTarget {
  readonly uri: SipUri;
  readonly transport: SipTransport;
  /** Canonical address. */
  readonly address: string;
  readonly port: number;
}

/**
 * Reads a SIP URI and finds its address: the transport from `transport=` or `sips`, the port from the URI or the
 * transport's default. NAPTR and SRV are not asked. Throws GatewayError SIP_URI, SIP_TRANSPORT.
 */
export async function resolveTarget(text: string): Promise<CallTarget> {
  const uri = parseUri(text);
  if (uri.kind !== 'sip') throw new GatewayError('SIP_URI', 'only sip: and sips: URIs can be called');
  const transport = transportOf(uri);
  return { uri, transport, address: await addressOf(uri.host), port: uri.port ?? (transport === 'tls' ? 5061 : 5060) };
}

function transportOf(uri: SipUri): SipTransport {
  const named = uri.params.get('transport')?.toLowerCase();
  if (uri.scheme === 'sips') {
    // RFC 3261 §26.2.2: a SIPS URI is reached over TLS; transport=tcp there means TLS over TCP.
    if (named === undefined || named === 'tls' || named === 'tcp') return 'tls';
    throw new GatewayError('SIP_URI', 'a sips: URI cannot be reached over that transport');
  }
  if (named === undefined) return 'udp';
  if (named === 'udp' || named === 'tcp' || named === 'tls') return named;
  throw new GatewayError('SIP_URI', 'transport must be udp, tcp or tls');
}

async function addressOf(host: string): Promise<string> {
  if (parseIp(host) !== null) return host;
  try {
    const { address } = await lookup(host);
    return address;
  } catch (error) {
    throw new GatewayError('SIP_TRANSPORT', `cannot find ${host}: ${messageOf(error)}`, { cause: error });
  }
}
