import type { Clock } from '../../base/clock.js';
import { GatewayError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { newBranch } from '../message/ids.js';
import type { SipResponse } from '../message/types.js';
import { cancelOf, requestBytes, viaValue, type SentBy } from './client-messages.js';
import { ClientRun, type ClientIdentity, type ClientRunEvents } from './client-run.js';
import type { ClientListener, ClientTransaction, Flow, OutgoingRequest, TransactionUser } from './contract.js';
import type { FlowIndex } from './flow-index.js';
import { clientKey, transactionBranch } from './keys.js';

export interface ClientSideDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly user: Pick<TransactionUser, 'onStrayResponse'>;
  readonly newId: () => string;
  readonly flows: FlowIndex;
}

const NOBODY: ClientListener = { onResponse() {}, onFailure() {} };

/** The client transactions (RFC 3261 §17.1): sends requests, matches responses. */
export class ClientSide {
  readonly #deps: ClientSideDeps;
  readonly #runs = new Map<string, ClientRun>();
  readonly #events: ClientRunEvents;

  constructor(deps: ClientSideDeps) {
    this.#deps = deps;
    this.#events = {
      cancel: (run, headers) => {
        this.#start(cancelOf(run.request, headers), run.flow, NOBODY, run);
      },
      strayResponse: (response, run) => this.#stray(response, run.flow),
      ended: (run) => {
        this.#runs.delete(clientKey(run.branch, run.request.method));
        deps.flows.remove(run);
      },
    };
  }

  get size(): number {
    return this.#runs.size;
  }

  /** See `TransactionLayer.request`. */
  request(
    outgoing: OutgoingRequest,
    flow: Flow,
    listener: ClientListener,
    sentBy: SentBy | undefined,
  ): ClientTransaction {
    // RFC 3261 §17.1.1.3: "the client transaction does not" send ACKs of 2xx; they have no transaction at all.
    if (outgoing.method === 'ACK') throw new GatewayError('INTERNAL', 'an ACK makes no transaction');
    const branch = newBranch();
    return this.#start(outgoing, flow, listener, { branch, via: viaValue(flow.peer, branch, sentBy) });
  }

  /** See `TransactionLayer.sendAck2xx`. */
  sendAck2xx(ack: OutgoingRequest, flow: Flow, sentBy: SentBy | undefined): Buffer {
    const bytes = requestBytes(ack, viaValue(flow.peer, newBranch(), sentBy));
    flow.send(bytes);
    return bytes;
  }

  receive(response: SipResponse, flow: Flow): void {
    // RFC 3261 §8.1.3.3: a response with more than one Via was misrouted and is discarded.
    if (response.via.length !== 1) return;
    const branch = transactionBranch(response);
    const run = branch === null ? undefined : this.#runs.get(clientKey(branch, response.cseq.method));
    if (run === undefined) this.#stray(response, flow);
    else if (answers(flow, run.flow)) run.receive(response);
  }

  /** Forgets every transaction without telling anybody. */
  close(): void {
    for (const run of this.#runs.values()) run.discard();
    this.#runs.clear();
  }

  #start(
    outgoing: OutgoingRequest,
    flow: Flow,
    listener: ClientListener,
    name: Pick<ClientIdentity, 'branch' | 'via'>,
  ): ClientRun {
    const identity = { id: this.#deps.newId(), branch: name.branch, via: name.via };
    const careful: ClientListener = {
      onResponse: (response) => this.#guard(() => listener.onResponse(response)),
      onFailure: (failure) => this.#guard(() => listener.onFailure(failure)),
    };
    const run = new ClientRun(identity, outgoing, flow, this.#deps.clock, careful, this.#events);
    this.#runs.set(clientKey(run.branch, outgoing.method), run);
    this.#deps.flows.add(run);
    run.begin();
    return run;
  }

  #stray(response: SipResponse, flow: Flow): void {
    this.#guard(() => this.#deps.user.onStrayResponse(response, flow));
  }

  /** Runs a callback of the user. What it throws is our fault and must not reach a timer or a socket. */
  #guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#deps.log.error({ err: error }, 'transaction user failed');
    }
  }
}

/**
 * Whether a response that came over `flow` may answer a request sent over `sent`. A response over another connection, or
 * from another address, is not the peer's we asked, whatever branch it names (threat 63).
 */
function answers(flow: Flow, sent: Flow): boolean {
  if (sent.reliable || flow.reliable) return flow === sent;
  return flow.peer.address === sent.peer.address;
}
