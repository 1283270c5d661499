import { hostPort } from '../../base/ip.js';
import type { SipResponse } from '../message/types.js';
import type { EdgePeer } from '../edge-contract.js';
import { serializeRequest } from '../message/serialize.js';
import type { OutgoingRequest } from './contract.js';

type Header = readonly [name: string, value: string];

/** Host and port by which we are named in Via. */
export interface SentBy {
  readonly host: string;
  readonly port: number;
}

/** The Via value of a request of ours. RFC 3581 §3: `rport` asks for the answer to the port we really sent from. */
export function viaValue(peer: EdgePeer, branch: string, sentBy: SentBy | undefined): string {
  const named = sentBy ?? { host: peer.localAddress, port: peer.localPort };
  const host = named.host.startsWith('[') ? named.host.slice(1, -1) : named.host;
  return `SIP/2.0/${peer.transport.toUpperCase()} ${hostPort(host, named.port)};branch=${branch};rport`;
}

/** The request with our Via on top. */
export function requestBytes(request: OutgoingRequest, via: string): Buffer {
  return serializeRequest({ ...request, headers: [['Via', via], ...request.headers] });
}

/**
 * RFC 3261 §17.1.1.3: the ACK of a non-2xx final: Request-URI, Call-ID, From, Route and CSeq number of the INVITE, its
 * topmost Via alone, and the To of the response.
 */
export function ackOf(invite: OutgoingRequest, via: string, response: SipResponse): Buffer {
  const to = response.header('to') ?? headerOf(invite, 'to');
  return requestBytes(companion(invite, 'ACK', [['To', to]], []), via);
}

/** RFC 3261 §9.1: the CANCEL of a request: the same Request-URI, Call-ID, To, From, Route and CSeq number, one Via. */
export function cancelOf(invite: OutgoingRequest, extra: readonly Header[]): OutgoingRequest {
  return companion(invite, 'CANCEL', [['To', headerOf(invite, 'to')]], extra);
}

function companion(
  invite: OutgoingRequest,
  method: 'ACK' | 'CANCEL',
  to: readonly Header[],
  extra: readonly Header[],
): OutgoingRequest {
  const cseq = headerOf(invite, 'cseq').split(/[ \t]/, 1)[0] ?? '';
  const headers: Header[] = [
    ['Max-Forwards', '70'],
    ...invite.headers.filter(([name]) => name.toLowerCase() === 'route'),
    ['From', headerOf(invite, 'from')],
    ...to,
    ['Call-ID', headerOf(invite, 'call-id')],
    ['CSeq', `${cseq} ${method}`],
    ...extra,
  ];
  return { method, uri: invite.uri, headers, body: null };
}

/** The first value of a header of our own request, by its full lower-case name; empty when the user left it out. */
function headerOf(request: OutgoingRequest, name: string): string {
  return request.headers.find((header) => header[0].toLowerCase() === name)?.[1] ?? '';
}
