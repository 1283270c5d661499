import { hostPort } from '../base/ip.js';
import type { EdgePeer } from './edge-contract.js';

/** `host:port` by which `peer` reaches us. */
export function localHostPort(peer: EdgePeer, advertisedHost: string | null): string {
  const host = advertisedHost ?? peer.localAddress;
  return hostPort(host.startsWith('[') ? host.slice(1, -1) : host, peer.localPort);
}

/**
 * Our Contact towards `peer`: the same socket and transport that it already uses. RFC 3261 §12.1.1: in a dialog that a
 * sips URI made the Contact is a sips URI.
 */
export function localContact(peer: EdgePeer, advertisedHost: string | null, secure: boolean): string {
  const host = localHostPort(peer, advertisedHost);
  if (secure) return `<sips:${host}>`;
  return peer.transport === 'udp' ? `<sip:${host}>` : `<sip:${host};transport=${peer.transport}>`;
}
