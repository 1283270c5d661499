import type { Clock } from '../../base/clock.js';
import { GatewayError } from '../../base/errors.js';
import type { SipLimits } from '../../base/limits.js';
import type { Log } from '../../base/log.js';
import type { EdgeRefusal } from '../edge-contract.js';
import type { SipMessage } from '../message/types.js';
import type { SentBy } from './client-messages.js';
import { ClientSide } from './client-side.js';
import type { ClientListener, ClientTransaction, Flow, OutgoingRequest, TransactionUser } from './contract.js';
import { FlowIndex } from './flow-index.js';
import { ServerSide } from './server-side.js';

export interface TransactionLayerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Pick<SipLimits, 'transactionsPerPeer'>;
  readonly user: TransactionUser;
  /** Makes transaction ids (UUIDs). */
  readonly newId: () => string;
  /** Told of requests that the layer refused itself: no branch, merged, too many, a CANCEL of nothing. */
  readonly onRefused: (refusal: EdgeRefusal) => void;
}

/**
 * The transaction layer of RFC 3261 §17: between the transports, which hand it every parsed message, and its user, which
 * sees each request once. It does no I/O of its own; `Flow.send` does.
 */
export class TransactionLayer {
  readonly #flows = new FlowIndex();
  readonly #server: ServerSide;
  readonly #client: ClientSide;
  #closed = false;

  constructor(deps: TransactionLayerDeps) {
    this.#server = new ServerSide({ ...deps, flows: this.#flows });
    this.#client = new ClientSide({ ...deps, flows: this.#flows });
  }

  /** A message from the wire. What the user's callbacks throw is logged, answered 500 where possible, and stays here. */
  receive(message: SipMessage, flow: Flow): void {
    if (this.#closed) return;
    if (message.kind === 'request') this.#server.receive(message, flow);
    else this.#client.receive(message, flow);
  }

  /**
   * Sends a request in a new client transaction over `flow`. `via` names us in Via (default: the flow's local address).
   * The listener hears nothing before this returns. Throws SIP_TRANSPORT when the layer is closed.
   */
  request(outgoing: OutgoingRequest, flow: Flow, listener: ClientListener, via?: SentBy): ClientTransaction {
    if (this.#closed) throw new GatewayError('SIP_TRANSPORT', 'the transaction layer is closed');
    return this.#client.request(outgoing, flow, listener, via);
  }

  /**
   * Sends the ACK of a 2xx, with a branch of its own (RFC 3261 §13.2.2.4). Returns its bytes: `flow.send(bytes)` answers
   * each retransmission of that 2xx, which comes through `onStrayResponse`.
   */
  sendAck2xx(ack: OutgoingRequest, flow: Flow, via?: SentBy): Buffer {
    return this.#client.sendAck2xx(ack, flow, via);
  }

  /** RFC 3261 §17.1.4, §17.2.4: ends every transaction of a connection that closed. */
  flowClosed(flow: Flow): void {
    this.#flows.fail(flow);
  }

  /** How many transactions there are. */
  counts(): { readonly server: number; readonly client: number } {
    return { server: this.#server.size, client: this.#client.size };
  }

  /** Forgets all transactions and stops their timers, telling nobody. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#server.close();
    this.#client.close();
    this.#flows.clear();
  }
}
