import { parseIp } from '../../base/ip.js';
import type { EdgePeer, SipTransport } from '../edge-contract.js';

/** Name that stands in `EdgePeer.listener` for connections that we opened ourselves. */
export const OUTBOUND = 'outbound';

/** What a socket says about its two ends. */
export interface SocketEnds {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** The peer at the other end of a socket, or null when the socket is gone already or its address is none. */
export function peerOf(ends: SocketEnds, transport: SipTransport, listener: string): EdgePeer | null {
  const address = canonicalAddress(ends.remoteAddress);
  const localAddress = canonicalAddress(ends.localAddress);
  if (address === null || localAddress === null || !ends.remotePort || !ends.localPort) return null;
  return { address, port: ends.remotePort, transport, listener, localAddress, localPort: ends.localPort };
}

/** Canonical text of an address as the system reports it: IPv4-mapped folded, the zone of a link-local address left out. */
export function canonicalAddress(reported: string | undefined): string | null {
  if (reported === undefined) return null;
  const zone = reported.indexOf('%');
  return parseIp(zone < 0 ? reported : reported.slice(0, zone))?.text ?? null;
}

/** The id of the flow to a peer: its two ends. No two live flows have the same. */
export function flowId(peer: EdgePeer): string {
  return `${peer.transport}:${peer.localAddress}:${peer.localPort}:${peer.address}:${peer.port}`;
}
