import type { SipLimits } from '../base/limits.js';
import type { SipRequest } from './message/types.js';

/** The contract between the SIP edge and the gateway that owns it. The edge knows no policy: it asks. */

export type SipTransport = 'udp' | 'tcp' | 'tls';

export interface ListenerOptions {
  readonly name: string;
  readonly transport: SipTransport;
  /** Address to bind; `::` is dual-stack. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM; required for tls. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface BoundListener {
  readonly name: string;
  readonly transport: SipTransport;
  readonly address: string;
  readonly port: number;
}

/** The other end of a socket and ours; addresses are canonical text. */
export interface EdgePeer {
  readonly address: string;
  readonly port: number;
  readonly transport: SipTransport;
  readonly listener: string;
  readonly localAddress: string;
  readonly localPort: number;
}

export type EdgeVerdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'answer'; readonly status: number; readonly headers: readonly (readonly [string, string])[] }
  | { readonly kind: 'drop' };

/** Something that the edge itself refused, for the decision record. */
export interface EdgeRefusal {
  readonly peer: EdgePeer;
  readonly rule: 'framing' | 'sanity' | 'loop' | 'method' | 'rate';
  readonly reason: string;
  /** Status answered, or null where the connection was closed or the message dropped. */
  readonly status: number | null;
  readonly method: string | null;
  readonly callId: string | null;
}

export interface EdgeHooks {
  /** Asked at accept, before TLS and before any byte is read, and per datagram before parsing. False: silence. */
  screen(peer: EdgePeer): boolean;
  /** True for peers that get the larger connection cap. */
  trusted(address: string): boolean;
  /**
   * Asked for every request that belongs to no dialog of ours (ACK and CANCEL excepted), before any state is kept.
   * `transactionId` is the id under which the application will see it when accepted.
   */
  judge(request: SipRequest, peer: EdgePeer, transactionId: string): EdgeVerdict;
  onRefused(refusal: EdgeRefusal): void;
}

export interface EdgeOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly limits: SipLimits;
  /** Host to advertise in Contact, Via and Record-Route instead of the local address, or null (`SIP_HOST`). */
  readonly advertisedHost: string | null;
  /** Value of the Server and User-Agent headers, or null for none. */
  readonly productToken: string | null;
}
