import type { SipMessage, SipRequest, Via } from '../message/types.js';
import type { EdgePeer } from '../edge-contract.js';

const MAGIC_COOKIE = 'z9hg4bk';

/**
 * The branch of the topmost Via, or null when it does not identify a transaction: absent, without the magic cookie (a
 * peer of RFC 2543), or nothing but the cookie (RFC 4475 §3.2.1 "badbranch"). Such requests are refused: matching them by
 * RFC 2543's rules would let two different requests be taken for one.
 */
export function transactionBranch(message: SipMessage): string | null {
  const branch = message.via[0].params.get('branch');
  if (branch === undefined || branch === null || branch.length <= MAGIC_COOKIE.length) return null;
  return branch.slice(0, MAGIC_COOKIE.length).toLowerCase() === MAGIC_COOKIE ? branch : null;
}

/**
 * Where a request's server transaction stands. RFC 3261 §17.2.3: the branch, the sent-by and the method, ACK counting as
 * INVITE. The peer's address and transport are part of it, so that no peer can reach into another's transaction.
 */
export function serverKey(branch: string, via: Via, method: string, peer: EdgePeer): string {
  return `${method} ${branch} ${via.host}:${via.port ?? ''} ${peer.transport}:${peer.address}`;
}

/** RFC 3261 §17.1.3: a response belongs to the client transaction with the same branch and CSeq method. */
export function clientKey(branch: string, method: string): string {
  return `${method} ${branch}`;
}

/** RFC 3261 §8.2.2.2: what two copies of one request share when they came by different paths; null inside a dialog. */
export function mergeKey(request: SipRequest): string | null {
  if (request.toTag !== null) return null;
  return `${request.method} ${request.cseq.number} ${request.fromTag ?? ''} ${request.callId}`;
}
