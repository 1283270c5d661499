import type { Clock } from '../../base/clock.js';
import type { SipLimits } from '../../base/limits.js';
import type { Log } from '../../base/log.js';
import type { EdgeRefusal } from '../edge-contract.js';
import { buildResponse } from '../message/response.js';
import type { SipRequest } from '../message/types.js';
import type { Admission, Flow, TransactionUser } from './contract.js';
import type { FlowIndex } from './flow-index.js';
import { mergeKey, serverKey, transactionBranch } from './keys.js';
import { ServerRun, type ServerRunEvents } from './server-run.js';
import { ServerTable } from './server-table.js';

/** Seconds that a peer with too many transactions is asked to wait; the oldest of them end in that time. */
const RETRY_AFTER_SECONDS = 32;

export interface ServerSideDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Pick<SipLimits, 'transactionsPerPeer'>;
  readonly user: TransactionUser;
  readonly newId: () => string;
  readonly onRefused: (refusal: EdgeRefusal) => void;
  readonly flows: FlowIndex;
}

interface Refused {
  readonly status: number;
  readonly rule: EdgeRefusal['rule'];
  readonly reason: string;
}

const NO_BRANCH: Refused = { status: 400, rule: 'sanity', reason: 'via-branch' };
const MERGED: Refused = { status: 482, rule: 'loop', reason: 'merged-request' };
const TOO_MANY: Refused = { status: 503, rule: 'rate', reason: 'transactions-per-peer' };
const NOTHING_TO_CANCEL: Refused = { status: 481, rule: 'sanity', reason: 'cancel-unmatched' };

/** The server transactions (RFC 3261 §17.2): absorbs retransmissions, matches ACK and CANCEL, asks before keeping state. */
export class ServerSide {
  readonly #deps: ServerSideDeps;
  readonly #table: ServerTable;
  readonly #userEvents: ServerRunEvents;
  readonly #cancelEvents: ServerRunEvents;

  constructor(deps: ServerSideDeps) {
    this.#deps = deps;
    this.#table = new ServerTable(deps.limits.transactionsPerPeer);
    const forget = (run: ServerRun) => {
      this.#table.remove(run);
      deps.flows.remove(run);
    };
    this.#userEvents = {
      accepted: (run) => this.#table.accepted(run),
      strayAck: (ack, run) => this.#guard(() => deps.user.onAck(ack, run.flow)),
      ended: (run, why) => {
        forget(run);
        this.#guard(() => deps.user.onEnded(run, why));
      },
    };
    // A CANCEL's own transaction is the layer's affair: the user hears of it through `onCancel` alone.
    this.#cancelEvents = { accepted() {}, strayAck() {}, ended: forget };
  }

  get size(): number {
    return this.#table.size;
  }

  receive(request: SipRequest, flow: Flow): void {
    const branch = transactionBranch(request);
    if (branch === null) return this.#refuse(request, flow, NO_BRANCH);
    if (request.method === 'ACK') return this.#ack(request, flow, branch);
    const key = serverKey(branch, request.via[0], request.method, flow.peer);
    const known = this.#table.get(key);
    if (known !== undefined) return known.retransmitted();
    if (request.method === 'CANCEL') return this.#cancel(request, flow, branch, key);
    const merge = mergeKey(request);
    // RFC 3261 §8.2.2.2: the same request by another path: "the UAS core SHOULD generate a 482"
    if (merge !== null && this.#table.merged(merge) !== undefined) return this.#refuse(request, flow, MERGED);
    if (this.#table.full(flow.peer.address)) return this.#refuse(request, flow, TOO_MANY);
    this.#admit(request, flow, key);
  }

  /** Forgets every transaction without telling anybody. */
  close(): void {
    for (const run of this.#table.values()) run.discard();
    this.#table.clear();
  }

  #admit(request: SipRequest, flow: Flow, key: string): void {
    const id = this.#deps.newId();
    const admission = this.#ask(request, flow, id);
    // RFC 3261 §8.2.7: an answer without state; the ACK it may bring matches nothing and goes to the user as a stray.
    if (admission.kind === 'answer') flow.send(admission.bytes);
    if (admission.kind !== 'accept') return;
    const run = this.#open(request, flow, id, key, this.#userEvents);
    // RFC 3261 §17.2.1: a 100 within 200 ms unless the user answers; the application may take longer, so at once.
    if (request.method === 'INVITE') run.respond(100, buildResponse(request, flow.peer, { status: 100 }));
    if (run.answered) return;
    this.#guard(() => this.#deps.user.onRequest(run), run);
  }

  #ask(request: SipRequest, flow: Flow, id: string): Admission {
    try {
      return this.#deps.user.admit(request, flow, id);
    } catch (error) {
      this.#deps.log.error({ err: error }, 'admission failed');
      return { kind: 'answer', bytes: buildResponse(request, flow.peer, { status: 500 }) };
    }
  }

  #ack(ack: SipRequest, flow: Flow, branch: string): void {
    const run = this.#table.get(serverKey(branch, ack.via[0], 'INVITE', flow.peer));
    if (run === undefined) this.#guard(() => this.#deps.user.onAck(ack, flow));
    else run.acknowledged(ack);
  }

  #cancel(cancel: SipRequest, flow: Flow, branch: string, key: string): void {
    const invite = this.#table.get(serverKey(branch, cancel.via[0], 'INVITE', flow.peer));
    // Threat 58: only the connection that brought the INVITE may cancel it (over UDP: the address, part of the key).
    if (invite === undefined || (flow.reliable && flow !== invite.flow)) {
      return this.#refuse(cancel, flow, NOTHING_TO_CANCEL);
    }
    const run = this.#open(cancel, flow, this.#deps.newId(), key, this.#cancelEvents);
    run.respond(200, buildResponse(cancel, flow.peer, { status: 200 }));
    // RFC 3261 §9.2: a CANCEL "has no effect" once a final response went out
    if (invite.answered || invite.cancelled) return;
    invite.cancelled = true;
    this.#guard(() => this.#deps.user.onCancel(cancel, invite));
  }

  #open(request: SipRequest, flow: Flow, id: string, key: string, events: ServerRunEvents): ServerRun {
    const run = new ServerRun(id, key, request, flow, this.#deps.clock, events);
    this.#table.add(run);
    this.#deps.flows.add(run);
    return run;
  }

  #refuse(request: SipRequest, flow: Flow, { status, rule, reason }: Refused): void {
    // RFC 3261 §17.1.1.3: an ACK is never answered.
    const answered = request.method !== 'ACK';
    if (answered) {
      const headers = status === 503 ? { headers: [['Retry-After', String(RETRY_AFTER_SECONDS)] as const] } : {};
      flow.send(buildResponse(request, flow.peer, { status, ...headers }));
    }
    const { method, callId } = request;
    this.#deps.onRefused({ peer: flow.peer, rule, reason, status: answered ? status : null, method, callId });
  }

  /** Runs a callback of the user. What it throws is our fault and must not reach the socket it came from. */
  #guard(callback: () => void, run?: ServerRun): void {
    try {
      callback();
    } catch (error) {
      this.#deps.log.error({ err: error }, 'transaction user failed');
      if (run?.answered !== false) return;
      const { request, flow } = run;
      run.respond(500, buildResponse(request, flow.peer, { status: 500 }));
    }
  }
}
