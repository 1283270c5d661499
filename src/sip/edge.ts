import { randomInt, randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { belongsTo, dialogIdOf } from './dialog/dialog.js';
import { answerInDialog } from './dialog/in-dialog.js';
import type { DialogSession } from './dialog/session.js';
import { DialogTable } from './dialog/table.js';
import type {
  EdgeApplication,
  EdgeOwner,
  EdgeService,
  HeaderLines,
  Outcome,
  RequestSpec,
  ResponseSpec,
} from './edge-application.js';
import type { BoundListener, EdgeHooks, EdgeOptions, EdgeVerdict } from './edge-contract.js';
import { insaneBecause, isStray } from './edge-sanity.js';
import { buildResponse } from './message/response.js';
import type { SipRequest, SipResponse } from './message/types.js';
import { ALLOW } from './outgoing-headers.js';
import type { Admission, Flow, ServerTransaction, TransactionUser } from './transaction/contract.js';
import { TransactionLayer } from './transaction/transaction-layer.js';
import { TransportLayer } from './transport/transport-layer.js';
import { UacCore } from './uac-core.js';
import { UasCore } from './uas-core.js';

export interface EdgeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly hooks: EdgeHooks;
}

/** Seconds a caller is asked to wait when no application is there. */
const NO_APPLICATION_RETRY_SECONDS = 5;
/** RFC 3261 §14.2: Retry-After "with a randomly chosen value of between 0 and 10 seconds". */
const GLARE_RETRY_SECONDS = 10;

/**
 * The SIP edge: transports, transactions and dialogs of this process. It asks its hooks about everything that comes from
 * outside a dialog and hands what they accept to the application; it knows no policy itself.
 */
export class SipEdge implements EdgeService, TransactionUser {
  readonly #options: EdgeOptions;
  readonly #hooks: EdgeHooks;
  readonly #log: Log;
  readonly #dialogs = new DialogTable();
  readonly #transports: TransportLayer;
  readonly #transactions: TransactionLayer;
  readonly #uas: UasCore;
  readonly #uac: UacCore;
  #application: EdgeApplication | null = null;
  #bound: readonly BoundListener[] = [];

  constructor(options: EdgeOptions, { clock, log, hooks }: EdgeDeps) {
    this.#options = options;
    this.#hooks = hooks;
    this.#log = log;
    const onRefused = hooks.onRefused.bind(hooks);
    this.#transactions = new TransactionLayer({
      clock,
      log,
      limits: options.limits,
      user: this,
      newId: randomUUID,
      onRefused,
    });
    this.#transports = new TransportLayer(options, {
      clock,
      log,
      screen: (peer) => hooks.screen(peer),
      trusted: (address) => hooks.trusted(address),
      onMessage: (message, flow) => this.#transactions.receive(message, flow),
      onClosed: (flow) => this.#transactions.flowClosed(flow),
      onRefused,
    });
    const context = { options, clock, log, dialogs: this.#dialogs };
    this.#uac = new UacCore(context, this.#transactions);
    this.#uas = new UasCore(context, (session) => this.#onAckTimeout(session));
  }

  /** Opens every listener. Throws GatewayError PORT_UNAVAILABLE. */
  async start(): Promise<readonly BoundListener[]> {
    this.#bound = await this.#transports.start();
    return this.#bound;
  }

  /** Closes listeners and connections and forgets all calls without a word to the peers. Idempotent. */
  async close(): Promise<void> {
    this.#uas.close();
    this.#uac.close();
    for (const session of [...this.#dialogs.values()]) this.#dialogs.remove(session);
    this.#transactions.close();
    await this.#transports.close();
  }

  counts(): { readonly dialogs: number; readonly transactions: number; readonly connections: number } {
    const { server, client } = this.#transactions.counts();
    return { dialogs: this.#dialogs.size, transactions: server + client, connections: this.#transports.connections };
  }

  attach(application: EdgeApplication): void {
    this.#application = application;
  }

  addresses(): { readonly bound: readonly BoundListener[]; readonly advertisedHost: string | null } {
    return { bound: this.#bound, advertisedHost: this.#options.advertisedHost };
  }

  respond(owner: EdgeOwner, transactionId: string, spec: ResponseSpec): Outcome {
    return this.#uas.respond(owner, transactionId, spec);
  }

  request(owner: EdgeOwner, dialogId: string, spec: RequestSpec, done: (outcome: Outcome) => void): void {
    this.#uac.request(owner, dialogId, spec, done);
  }

  acknowledge(owner: EdgeOwner, dialogId: string, spec: RequestSpec): Outcome {
    return this.#uac.acknowledge(owner, dialogId, spec);
  }

  cancel(owner: EdgeOwner, transactionId: string, headers: HeaderLines): Outcome {
    return this.#uac.cancel(owner, transactionId, headers);
  }

  abandon(owner: EdgeOwner): void {
    this.#uac.abandon(owner);
    this.#uas.abandon(owner);
  }

  admit(request: SipRequest, flow: Flow, transactionId: string): Admission {
    const insane = insaneBecause(request);
    if (insane !== null) return this.#refuse(request, flow, 400, insane);
    const session = this.#dialogOf(request, flow);
    if (session !== undefined) return this.#admitInDialog(session, request, flow);
    const verdict = this.#judge(request, flow, transactionId);
    if (verdict.kind === 'drop') return verdict;
    if (verdict.kind === 'answer') return this.#answer(request, flow, verdict.status, verdict.headers);
    if (isStray(request)) return this.#answer(request, flow, 481);
    // One Call-ID and From tag name one dialog of ours: a second INVITE with them waits until the first is over.
    if (request.method === 'INVITE' && this.#dialogs.get(idOf(request)) !== undefined) {
      return this.#answer(request, flow, 491);
    }
    return verdict;
  }

  onRequest(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    const session = this.#dialogOf(request, flow);
    if (session !== undefined) return this.#uas.beginInDialog(transaction, session);
    const owner = this.#application?.route(request.method) ?? null;
    if (owner !== null) return this.#uas.begin(transaction, owner);
    const headers: HeaderLines = [['Retry-After', String(NO_APPLICATION_RETRY_SECONDS)]];
    transaction.respond(503, this.#responseBytes(request, flow, 503, headers));
  }

  onAck(ack: SipRequest, flow: Flow): void {
    const session = this.#dialogOf(ack, flow);
    if (session !== undefined) this.#uas.acknowledged(ack, session, flow);
  }

  onCancel(cancel: SipRequest, invite: ServerTransaction): void {
    this.#uas.cancelled(cancel, invite);
  }

  onEnded(transaction: ServerTransaction): void {
    this.#uas.ended(transaction);
  }

  onStrayResponse(response: SipResponse): void {
    if (response.cseq.method === 'INVITE' && response.status >= 200 && response.status < 300) {
      this.#uac.repeated2xx(response);
    }
  }

  /** The dialog that `request` belongs to; one of another peer is none at all (threat 59). */
  #dialogOf(request: SipRequest, flow: Flow): DialogSession | undefined {
    if (request.toTag === null) return undefined;
    const session = this.#dialogs.match(idOf(request), request.toTag);
    return session !== undefined && belongsTo(session.dialog, flow.peer) ? session : undefined;
  }

  #admitInDialog(session: DialogSession, request: SipRequest, flow: Flow): Admission {
    const answer = answerInDialog(session.dialog, request, session.open);
    if (answer === null) return { kind: 'accept' };
    const retryAfter = answer.retryLater ? String(randomInt(GLARE_RETRY_SECONDS + 1)) : null;
    return this.#refuse(request, flow, answer.status, answer.reason, retryAfter);
  }

  #judge(request: SipRequest, flow: Flow, transactionId: string): EdgeVerdict {
    try {
      return this.#hooks.judge(request, flow.peer, transactionId);
    } catch (error) {
      this.#log.error({ err: error, callId: request.callId }, 'the policy failed on a request');
      return { kind: 'answer', status: 500, headers: [] };
    }
  }

  /** A refusal of the edge's own, for the decision record. */
  #refuse(
    request: SipRequest,
    flow: Flow,
    status: number,
    reason: string,
    retryAfter: string | null = null,
  ): Admission {
    const { method, callId } = request;
    this.#hooks.onRefused({ peer: flow.peer, rule: 'sanity', reason, status, method, callId });
    return this.#answer(request, flow, status, retryAfter === null ? [] : [['Retry-After', retryAfter]]);
  }

  #answer(request: SipRequest, flow: Flow, status: number, headers: HeaderLines = []): Admission {
    return { kind: 'answer', bytes: this.#responseBytes(request, flow, status, headers) };
  }

  #responseBytes(request: SipRequest, flow: Flow, status: number, given: HeaderLines): Buffer {
    const headers = [...given];
    const missing = (name: string) => !given.some(([other]) => other.toLowerCase() === name);
    // RFC 3261 §21.4.6: a 405 MUST say what is allowed.
    if (status === 405 && missing('allow')) headers.push(['Allow', ALLOW]);
    const { productToken } = this.#options;
    if (productToken !== null && missing('server')) headers.push(['Server', productToken]);
    return buildResponse(request, flow.peer, { status, headers });
  }

  #onAckTimeout(session: DialogSession): void {
    session.settleAck();
    // RFC 3261 §13.3.1.4: without ACK the session "SHOULD be terminated … by a BYE"; the application may have asked.
    if (!session.sendHeld()) this.#uac.terminate(session, 'ACK timeout');
  }
}

/** The dialog id that a peer's request names. */
function idOf(request: SipRequest): string {
  return dialogIdOf(request.callId, request.fromTag ?? '');
}
