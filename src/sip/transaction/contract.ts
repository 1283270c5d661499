import type { SipRequest, SipResponse } from '../message/types.js';
import type { EdgePeer } from '../edge-contract.js';

/** The contract between transports, the transaction layer (RFC 3261 §17) and the transaction user (dialogs, control). */

/** A way back to one peer: a connection, or a UDP socket with a remote address. */
export interface Flow {
  readonly id: string;
  readonly peer: EdgePeer;
  /** TCP and TLS: no retransmission timers. */
  readonly reliable: boolean;
  readonly closed: boolean;
  /** Queues bytes for sending. False when the flow is closed or over its output cap (then it closes). */
  send(bytes: Buffer): boolean;
  /**
   * Keeps a connection from being closed as idle while something (a transaction, a dialog) lives on it.
   * Returns the release, which may be called twice. Does nothing on UDP.
   */
  retain(): () => void;
}

export interface ServerTransaction {
  /** UUID, the same that `judge` was asked with. */
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  /** Whether a final response was sent or the transaction ended without one. */
  readonly answered: boolean;
  /**
   * Sends a response built with `buildResponse`. False when a final was already sent or the transaction is gone, and
   * when the flow failed. One exception: RFC 6026 §7.1 keeps an INVITE transaction alive for 64*T1 after a 2xx to absorb
   * retransmitted INVITEs; until the ACK comes the user resends that 2xx itself (RFC 3261 §13.3.1.4) by calling
   * `respond` with it again.
   */
  respond(status: number, bytes: Buffer): boolean;
}

/** A request to send. Via is added by the layer; everything else stands in `headers` in order. */
export interface OutgoingRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
}

export interface ClientListener {
  /** Every provisional (100 excepted for INVITE) and the final response; retransmissions are absorbed. */
  onResponse(response: SipResponse): void;
  /** Timer B or F, or the flow failed, before a final response. */
  onFailure(failure: 'timeout' | 'transport'): void;
}

export interface ClientTransaction {
  readonly id: string;
  readonly branch: string;
  /** The request as sent. */
  readonly bytes: Buffer;
  readonly flow: Flow;
  /** INVITE only: sends CANCEL (RFC 3261 §9.1), waiting for a provisional response first where needed. */
  cancel(headers?: readonly (readonly [string, string])[]): void;
}

export type Admission =
  { readonly kind: 'accept' } | { readonly kind: 'answer'; readonly bytes: Buffer } | { readonly kind: 'drop' };

/** What the layer tells its user. */
export interface TransactionUser {
  /** Asked before a server transaction is made: an answer given here is sent without keeping state (RFC 3261 §8.2.7). */
  admit(request: SipRequest, flow: Flow, transactionId: string): Admission;
  /** A new server transaction that was admitted. CANCEL comes through `onCancel`, ACK through `onAck`. */
  onRequest(transaction: ServerTransaction): void;
  /** An ACK that belongs to no non-2xx final of ours: the ACK of a 2xx, or a stray. */
  onAck(ack: SipRequest, flow: Flow): void;
  /** A CANCEL that matched `invite`; the layer has answered 200 to it (481 itself when nothing matched). */
  onCancel(cancel: SipRequest, invite: ServerTransaction): void;
  /** An INVITE or non-INVITE server transaction is over. `timeout`: no ACK came (timer H). */
  onEnded(transaction: ServerTransaction, why: 'done' | 'timeout' | 'transport'): void;
  /**
   * A response that matched no client transaction. Every 2xx to an INVITE after the first comes here (a retransmission
   * to be answered with the same ACK, or a fork), also while RFC 6026 keeps the client transaction for timer M.
   */
  onStrayResponse(response: SipResponse, flow: Flow): void;
}
