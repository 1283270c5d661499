import { KNOWN_METHODS } from '../message/methods.js';
import type { SipRequest } from '../message/types.js';
import { type Dialog, inOrder } from './dialog.js';

/** What is under way in a dialog while a request of the peer arrives. */
export interface OpenExchanges {
  /** An INVITE of the peer without final response. */
  readonly remoteInvite: boolean;
  /** A 2xx of ours without ACK. */
  readonly unacknowledged: boolean;
  /** A re-INVITE of ours without final response. */
  readonly localInvite: boolean;
  /** An UPDATE of the peer without final response. */
  readonly remoteUpdate: boolean;
}

/** `retryLater`: the answer carries Retry-After. Null: the request goes to the application. */
export type InDialogAnswer = { readonly status: number; readonly reason: string; readonly retryLater: boolean } | null;

/** What the edge itself answers to a request of the dialog's peer (RFC 3261 §12.2.2, §14.2; RFC 3311 §5.2). */
export function answerInDialog(dialog: Dialog, request: SipRequest, open: OpenExchanges): InDialogAnswer {
  // RFC 3261 §12.2.2: "lower than the remote sequence number … MUST be rejected with a 500"
  if (!inOrder(dialog, request)) return answer(500, 'CSeq is out of order');
  if (!KNOWN_METHODS.has(request.method)) return answer(501, 'unknown method');
  // RFC 3262 §3: a PRACK that acknowledges no reliable provisional response; we send none.
  if (request.method === 'PRACK') return answer(481, 'PRACK matches no response');
  if (request.method === 'INVITE') return answerInvite(request, open);
  return request.method === 'UPDATE' ? answerUpdate(request, open) : null;
}

function answerInvite(request: SipRequest, open: OpenExchanges): InDialogAnswer {
  // RFC 3261 §14.2: a second INVITE before the final response to the first: 500 with Retry-After.
  if (open.remoteInvite) return answer(500, 'an INVITE is under way', true);
  // RFC 3261 §14.2: an INVITE while ours is in progress: 491. Likewise before the ACK of our 2xx, which may complete an offer.
  if (open.localInvite || open.unacknowledged) return answer(491, 'an INVITE is under way');
  // RFC 3261 §12.2.1.1: a target refresh request carries a Contact.
  return request.contacts.length === 1 ? null : answer(400, 'a re-INVITE needs one Contact');
}

function answerUpdate(request: SipRequest, open: OpenExchanges): InDialogAnswer {
  if (open.remoteUpdate) return answer(500, 'an UPDATE is under way', true);
  if (request.body.length === 0) return null;
  // RFC 3311 §5.2: an offer that meets an offer of ours: 491; one that meets the peer's unanswered offer: 500.
  if (open.localInvite) return answer(491, 'an offer is under way');
  return open.remoteInvite ? answer(500, 'an offer is under way', true) : null;
}

function answer(status: number, reason: string, retryLater = false): InDialogAnswer {
  return { status, reason, retryLater };
}
