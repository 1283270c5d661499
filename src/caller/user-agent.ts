import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';
import { hostPort } from '../base/ip.js';
import { DEFAULT_SIP_LIMITS } from '../base/limits.js';
import type { Log } from '../base/log.js';
import { buildResponse } from '../sip/message/response.js';
import type { SipResponse } from '../sip/message/types.js';
import type { Flow, OutgoingRequest, ServerTransaction, TransactionUser } from '../sip/transaction/contract.js';
import { TransactionLayer } from '../sip/transaction/transaction-layer.js';
import { TransportLayer } from '../sip/transport/transport-layer.js';
import type { CallTarget } from './target.js';

export interface UserAgentOptions {
  /** Address to call from for UDP, which needs a socket of its own before the first packet. */
  readonly udpAddress: string;
  readonly tls: {
    /** PEM of authorities to trust besides nobody; null: the system's. */
    readonly ca: string | null;
    /** False accepts any certificate. */
    readonly verify: boolean;
  };
}

/** The SIP side of a caller: one flow to one server, requests out, BYE in. Built of the gateway's own SIP layers. */
export class UserAgent {
  readonly #options: UserAgentOptions;
  readonly #transports: TransportLayer;
  readonly #transactions: TransactionLayer;
  #flow: Flow | null = null;
  #ack: { readonly bytes: Buffer; readonly callId: string } | null = null;
  #onBye: () => void = () => {};
  #onFlowClosed: () => void = () => {};

  constructor(target: CallTarget, options: UserAgentOptions, deps: { clock: Clock; log: Log }) {
    this.#options = options;
    this.#transactions = new TransactionLayer({
      ...deps,
      limits: DEFAULT_SIP_LIMITS,
      user: this.#user(),
      newId: randomUUID,
      onRefused: () => {},
    });
    const listeners =
      target.transport === 'udp'
        ? [{ name: 'caller', transport: 'udp' as const, address: options.udpAddress, port: 0 }]
        : [];
    this.#transports = new TransportLayer(
      { listeners, limits: DEFAULT_SIP_LIMITS },
      {
        ...deps,
        screen: (peer) => peer.address === target.address,
        trusted: () => true,
        onMessage: (message, flow) => this.#transactions.receive(message, flow),
        onClosed: (flow) => {
          this.#transactions.flowClosed(flow);
          this.#onFlowClosed();
        },
        onRefused: () => {},
      },
    );
  }

  /** Where this caller can be reached, for Contact and SDP. */
  get local(): { readonly address: string; readonly hostPort: string } {
    const peer = this.flow.peer;
    return { address: peer.localAddress, hostPort: hostPort(peer.localAddress, peer.localPort) };
  }

  get flow(): Flow {
    if (this.#flow === null) throw new GatewayError('SIP_TRANSPORT', 'not connected');
    return this.#flow;
  }

  /** Connects. Throws GatewayError SIP_TRANSPORT when the server cannot be reached or its certificate is not trusted. */
  async connect(target: CallTarget): Promise<void> {
    await this.#transports.start();
    const { ca, verify } = this.#options.tls;
    const tls = { servername: target.uri.host, rejectUnauthorized: verify, ...(ca === null ? {} : { ca }) };
    const { transport, address, port } = target;
    this.#flow = await this.#transports.connect({ transport, address, port, ...(transport === 'tls' ? { tls } : {}) });
  }

  /** Sends a request and resolves with its final response. Throws GatewayError SIP_NO_ANSWER, SIP_TRANSPORT. */
  request(outgoing: OutgoingRequest, onProvisional: (response: SipResponse) => void = () => {}): Promise<SipResponse> {
    return new Promise((resolve, reject) => {
      this.#transactions.request(outgoing, this.flow, {
        onResponse: (response) => (response.status >= 200 ? resolve(response) : onProvisional(response)),
        onFailure: (failure) => reject(new GatewayError(failure === 'timeout' ? 'SIP_NO_ANSWER' : 'SIP_TRANSPORT')),
      });
    });
  }

  /** Acknowledges a 2xx, and again whenever that 2xx is repeated. */
  acknowledge(ack: OutgoingRequest, callId: string): void {
    this.#ack = { bytes: this.#transactions.sendAck2xx(ack, this.flow), callId };
  }

  /** Calls `listener` when the server ends the call, by BYE or by closing the connection. */
  onEnded(listener: () => void): void {
    this.#onBye = listener;
    this.#onFlowClosed = listener;
  }

  async close(): Promise<void> {
    this.#transactions.close();
    await this.#transports.close();
  }

  #user(): TransactionUser {
    return {
      admit: () => ({ kind: 'accept' }),
      onRequest: (transaction) => this.#serve(transaction),
      onAck: () => {},
      onCancel: () => {},
      onEnded: () => {},
      onStrayResponse: (response, flow) => {
        if (this.#ack?.callId === response.callId && response.cseq.method === 'INVITE') flow.send(this.#ack.bytes);
      },
    };
  }

  #serve(transaction: ServerTransaction): void {
    const { request, flow } = transaction;
    const bye = request.method === 'BYE';
    const status = bye ? 200 : request.method === 'OPTIONS' ? 200 : 405;
    const headers = status === 405 ? [['Allow', 'BYE, OPTIONS'] as const] : [];
    transaction.respond(status, buildResponse(request, flow.peer, { status, headers }));
    if (bye) this.#onBye();
  }
}
