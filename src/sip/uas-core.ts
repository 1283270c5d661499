import { AcceptedInvite } from './dialog/accepted-invite.js';
import { dialogIdOf, received, retargeted, uasDialog } from './dialog/dialog.js';
import { DialogSession } from './dialog/session.js';
import type { ApplicationMessage, EdgeOwner, Outcome, ResponseSpec } from './edge-application.js';
import { type EdgeContext, localFacts } from './edge-context.js';
import { newTag } from './message/ids.js';
import { buildResponse, requestWithReceived } from './message/response.js';
import type { SipRequest } from './message/types.js';
import { attempt, refused } from './outcome.js';
import { responseHeaders, wantedToTag, wantsReliable } from './outgoing-headers.js';
import { type Pending, PendingRequests } from './pending-requests.js';
import type { Flow, ServerTransaction } from './transaction/contract.js';
import { withdrawalOf } from './withdrawal.js';

const UNKNOWN = refused('Response not sent due to unknown transaction');
const GONE = refused('transport for response has been shutdown or closed');
const NOT_RELIABLE = refused('reliable provisional responses are not supported by this server');

/**
 * The UAS core (RFC 3261 §8.2, §12, §13.3, §15.1.2): requests of peers on their way to the application, and its answers
 * on their way back.
 */
export class UasCore {
  readonly #context: EdgeContext;
  readonly #onAckTimeout: (session: DialogSession) => void;
  readonly #pending: PendingRequests;

  /** `onAckTimeout`: a 2xx was not acknowledged within 64*T1. */
  constructor(context: EdgeContext, onAckTimeout: (session: DialogSession) => void) {
    this.#context = context;
    this.#onAckTimeout = onAckTimeout;
    this.#pending = new PendingRequests(context.clock, (pending) => {
      context.log.warn({ callId: pending.transaction.request.callId }, 'the application did not answer an INVITE');
      this.#withdraw(pending, 408);
    });
  }

  /** Hands a new request outside any dialog to `owner`. An INVITE opens a dialog. */
  begin(transaction: ServerTransaction, owner: EdgeOwner): void {
    const { request, flow, id } = transaction;
    const localTag = newTag();
    const conversation = dialogIdOf(request.callId, request.fromTag ?? '');
    let session: DialogSession | null = null;
    if (request.method === 'INVITE') {
      session = new DialogSession(uasDialog(request, flow.peer, localTag), owner, flow);
      session.remoteInvite = id;
      this.#context.dialogs.add(session);
    }
    this.#pending.add({ transaction, owner, session, conversation, localTag });
    this.#deliver(owner, request, flow, { transactionId: id, dialogId: null, conversation });
  }

  /** Hands a request inside `session` to its owner. */
  beginInDialog(transaction: ServerTransaction, session: DialogSession): void {
    const { request, flow } = transaction;
    session.heardOver(flow);
    session.dialog = received(session.dialog, request);
    if (request.method === 'BYE' && this.#endedByBye(transaction, session)) return;
    if (request.method === 'INVITE') session.remoteInvite = transaction.id;
    if (request.method === 'UPDATE') session.remoteUpdate = transaction.id;
    const { id, localTag } = session.dialog;
    this.#pending.add({ transaction, owner: session.owner, session, conversation: id, localTag });
    this.#deliver(session.owner, request, flow, { transactionId: transaction.id, dialogId: id, conversation: id });
  }

  /** See `EdgeService.respond`. */
  respond(owner: EdgeOwner, transactionId: string, spec: ResponseSpec): Outcome {
    const pending = this.#pending.get(transactionId);
    if (pending === undefined || pending.owner !== owner) return UNKNOWN;
    if (spec.status < 200 && wantsReliable(spec.headers)) return NOT_RELIABLE;
    return attempt(() => this.#send(pending, spec, this.#responseBytes(pending, spec)));
  }

  /** The ACK of a 2xx (RFC 3261 §13.2.2.4). Repeated ones go no further. */
  acknowledged(ack: SipRequest, session: DialogSession, flow: Flow): void {
    const awaited = session.awaitedAck;
    if (awaited === null || awaited.sequence !== ack.cseq.number) return;
    session.heardOver(flow);
    session.settleAck();
    const { id } = session.dialog;
    this.#deliver(session.owner, ack, flow, { transactionId: awaited.transactionId, dialogId: id, conversation: id });
    session.sendHeld();
  }

  /** The caller took its INVITE back (RFC 3261 §9.2). */
  cancelled(cancel: SipRequest, invite: ServerTransaction): void {
    const pending = this.#pending.get(invite.id);
    if (pending === undefined) return;
    const ids = idsOf(pending);
    this.#answer(pending, 487);
    this.#deliver(pending.owner, cancel, invite.flow, ids);
  }

  /** The transaction is over. Without a final response the application is told that nobody waits for one. */
  ended(transaction: ServerTransaction): void {
    const pending = this.#pending.get(transaction.id);
    if (pending !== undefined) this.#withdraw(pending, 408);
  }

  /** The owner is gone: what it left open is answered, what it owned is forgotten. */
  abandon(owner: EdgeOwner): void {
    for (const pending of this.#pending.ownedBy(owner)) {
      this.#answer(pending, pending.transaction.request.toTag === null ? 503 : 481);
    }
    for (const session of [...this.#context.dialogs.values()]) {
      if (session.owner === owner) this.#context.dialogs.remove(session);
    }
  }

  /** Stops every limit; nothing is answered any more. */
  close(): void {
    this.#pending.close();
  }

  #responseBytes(pending: Pending, spec: ResponseSpec): Buffer {
    const { request, flow } = pending.transaction;
    const { session } = pending;
    // Until a tag of ours was sent the application may choose it.
    const wanted = session === null || session.dialog.state === 'trying' ? wantedToTag(spec.headers) : null;
    if (session !== null && wanted !== null) session.dialog = { ...session.dialog, localTag: wanted };
    const local = localFacts(this.#context.options, flow.peer, session?.dialog.secure === true);
    return buildResponse(request, flow.peer, {
      status: spec.status,
      ...(spec.reason === '' ? {} : { reason: spec.reason }),
      toTag: session?.dialog.localTag ?? wanted ?? pending.localTag,
      headers: responseHeaders(request.method, spec.status, spec.headers, spec.body, local),
      body: spec.body,
    });
  }

  #send(pending: Pending, { status }: ResponseSpec, bytes: Buffer): Outcome {
    const { transaction, session, conversation } = pending;
    if (status >= 200) this.#pending.remove(pending);
    else this.#pending.prolong(pending);
    if (!transaction.respond(status, bytes)) {
      this.#pending.remove(pending);
      this.#removeUnlessConfirmed(session);
      return GONE;
    }
    if (session !== null) this.#follow(session, transaction, status, bytes);
    const ids = { transactionId: transaction.id, dialogId: session?.dialog.id ?? null, conversation };
    return { kind: 'sent', sent: { ...ids, bytes, peer: transaction.flow.peer } };
  }

  /** What a response does to its dialog. */
  #follow(session: DialogSession, transaction: ServerTransaction, status: number, bytes: Buffer): void {
    const { request, id } = transaction;
    const accepted = status >= 200 && status < 300;
    if (status >= 200) settle(session, id);
    // RFC 3261 §12.2.2, RFC 3311 §5.2: an accepted target refresh moves the remote target.
    if (accepted && (request.method === 'INVITE' || request.method === 'UPDATE')) {
      session.dialog = retargeted(session.dialog, request);
    }
    if (request.method !== 'INVITE' || status === 100) return;
    session.apply(status < 200 ? 'provisional' : accepted ? 'accepted' : 'refused');
    if (status >= 300) this.#removeUnlessConfirmed(session);
    // Our own BYE may have ended the dialog while the re-INVITE was with the application.
    if (!accepted || session.dialog.state === 'terminated') return;
    const timer = new AcceptedInvite(this.#context.clock, {
      onResend: () => transaction.respond(status, bytes),
      onExpired: () => this.#onAckTimeout(session),
    });
    session.awaitedAck = { transactionId: id, sequence: request.cseq.number, timer };
  }

  /**
   * RFC 3261 §15.1.2: a BYE ends the dialog, and its INVITE without answer gets 487. True when it was answered here:
   * drachtio-srf knows no dialog before the 2xx, so that there the application only sees its INVITE cancelled.
   */
  #endedByBye(bye: ServerTransaction, session: DialogSession): boolean {
    const early = session.dialog.state !== 'confirmed';
    const invite = this.#pending.get(session.remoteInvite);
    if (invite !== undefined) this.#withdraw(invite, 487);
    this.#context.dialogs.remove(session);
    if (early) bye.respond(200, this.#plainResponse(bye, 200, null));
    return early;
  }

  /** Answers in place of the application and tells it that its INVITE is over. */
  #withdraw(pending: Pending, status: number): void {
    const { request, flow } = pending.transaction;
    const ids = idsOf(pending);
    this.#answer(pending, status);
    if (request.method !== 'INVITE') return;
    const bytes = withdrawalOf(request, status);
    pending.owner.deliver({ source: 'network', kind: 'notice', method: 'CANCEL', ...ids, bytes, peer: flow.peer });
  }

  /** Answers in place of the application. */
  #answer(pending: Pending, status: number): void {
    const { transaction, session } = pending;
    this.#pending.remove(pending);
    transaction.respond(status, this.#plainResponse(transaction, status, session?.dialog.localTag ?? pending.localTag));
    if (session === null) return;
    settle(session, transaction.id);
    this.#removeUnlessConfirmed(session);
  }

  #plainResponse({ request, flow }: ServerTransaction, status: number, toTag: string | null): Buffer {
    const { productToken } = this.#context.options;
    return buildResponse(request, flow.peer, {
      status,
      ...(toTag === null ? {} : { toTag }),
      headers: productToken === null ? [] : [['Server', productToken]],
    });
  }

  /** A dialog lives on after a refused re-INVITE, not after a refused INVITE. */
  #removeUnlessConfirmed(session: DialogSession | null): void {
    if (session !== null && session.dialog.state !== 'confirmed') this.#context.dialogs.remove(session);
  }

  #deliver(owner: EdgeOwner, request: SipRequest, flow: Flow, ids: MessageIds): void {
    const { method } = request;
    const kind = method === 'ACK' || method === 'CANCEL' ? 'notice' : 'request';
    const bytes = requestWithReceived(request, flow.peer);
    owner.deliver({ source: 'network', kind, method, ...ids, bytes, peer: flow.peer });
  }
}

type MessageIds = Pick<ApplicationMessage, 'transactionId' | 'dialogId' | 'conversation'>;

/** The dialog id is given once the application can know the dialog. */
function idsOf({ transaction, session, conversation }: Pending): MessageIds {
  const dialogId = session === null || session.dialog.state === 'trying' ? null : session.dialog.id;
  return { transactionId: transaction.id, dialogId, conversation };
}

/** The peer's INVITE or UPDATE of that id has its final response. */
function settle(session: DialogSession, transactionId: string): void {
  if (session.remoteInvite === transactionId) session.remoteInvite = null;
  if (session.remoteUpdate === transactionId) session.remoteUpdate = null;
}
