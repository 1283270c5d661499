import type { Clock } from '../../base/clock.js';
import type { SipLimits } from '../../base/limits.js';
import type { Log } from '../../base/log.js';
import type { EdgePeer, EdgeRefusal, ListenerOptions, SipTransport } from '../edge-contract.js';
import type { SipMessage } from '../message/types.js';
import type { Flow } from '../transaction/contract.js';

export interface TransportOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly limits: SipLimits;
}

export interface TransportDeps {
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Asked at accept, before a byte is read or TLS begins, and per datagram before it is parsed; asked again after a
   * refused message of a connection, so that a ban cuts it. False: silence.
   */
  readonly screen: (peer: EdgePeer) => boolean;
  /** True for addresses that get the larger connection cap. */
  readonly trusted: (address: string) => boolean;
  readonly onMessage: (message: SipMessage, flow: Flow) => void;
  /** Told of connections and messages refused here. What `screen` turned away is not told: who said no knows. */
  readonly onRefused: (refusal: EdgeRefusal) => void;
  /** A connection is gone. Wire it to `TransactionLayer.flowClosed`. */
  readonly onClosed: (flow: Flow) => void;
}

/** Where to connect to. Names are resolved, and the address checked, by whoever asks. */
export interface ConnectTarget {
  readonly transport: SipTransport;
  readonly address: string;
  readonly port: number;
  /** Required for tls. */
  readonly tls?: TlsTarget;
}

export interface TlsTarget {
  /** SIP domain (or address) that the certificate must name (RFC 5922); sent as SNI when it is a name. */
  readonly servername: string;
  /** PEM of the authorities to trust instead of the system's. */
  readonly ca?: string;
  /** PEM of our own certificate and key, where the peer asks for one. */
  readonly cert?: string;
  readonly key?: string;
  /** Default true. False accepts any certificate: the channel is then private, but with nobody knows whom. */
  readonly rejectUnauthorized?: boolean;
}

/** The deps with exceptions caught: a hook that throws is our fault, is logged, and counts as a no. */
export function guarded(deps: TransportDeps): TransportDeps {
  const guard = <Args extends unknown[], Result>(hook: (...args: Args) => Result, otherwise: Result) => {
    return (...args: Args): Result => {
      try {
        return hook(...args);
      } catch (error) {
        deps.log.error({ err: error }, 'transport hook failed');
        return otherwise;
      }
    };
  };
  return {
    clock: deps.clock,
    log: deps.log,
    screen: guard(deps.screen, false),
    trusted: guard(deps.trusted, false),
    onMessage: guard(deps.onMessage, undefined),
    onRefused: guard(deps.onRefused, undefined),
    onClosed: guard(deps.onClosed, undefined),
  };
}
