import { DEFAULT_SIP_LIMITS } from '../../../../src/base/limits.js';
import { silentLog } from '../../../../src/base/log.js';
import type { EdgePeer, EdgeRefusal } from '../../../../src/sip/edge-contract.js';
import { parseMessage } from '../../../../src/sip/message/parse.js';
import type { SipRequest, SipResponse } from '../../../../src/sip/message/types.js';
import type {
  Admission,
  ClientListener,
  Flow,
  OutgoingRequest,
  ServerTransaction,
  TransactionUser,
} from '../../../../src/sip/transaction/contract.js';
import { TransactionLayer } from '../../../../src/sip/transaction/transaction-layer.js';
import { FakeClock } from '../../../support/fake-clock.js';

/** A flow that keeps what is sent over it. */
export class FakeFlow implements Flow {
  readonly sent: Buffer[] = [];
  readonly id: string;
  readonly peer: EdgePeer;
  closed = false;
  retained = 0;

  constructor(
    readonly reliable: boolean,
    peer: Partial<EdgePeer> = {},
  ) {
    this.peer = {
      address: '192.0.2.1',
      port: 5060,
      transport: reliable ? 'tls' : 'udp',
      listener: 'test',
      localAddress: '198.51.100.1',
      localPort: 5061,
      ...peer,
    };
    this.id = `${this.peer.transport}:${this.peer.address}:${this.peer.port}`;
  }

  send(bytes: Buffer): boolean {
    if (this.closed) return false;
    this.sent.push(bytes);
    return true;
  }

  retain(): () => void {
    this.retained += 1;
    return () => {
      this.retained -= 1;
    };
  }

  /** First lines of what was sent since last asked, without `SIP/2.0 `. */
  lines(): string[] {
    return this.sent.splice(0).map((bytes) => firstLine(bytes).replace('SIP/2.0 ', ''));
  }
}

export function firstLine(bytes: Buffer): string {
  return bytes.toString().split('\r\n', 1)[0] ?? '';
}

export interface Shape {
  readonly branch?: string | null;
  readonly callId?: string;
  readonly cseq?: number;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly sentBy?: string;
}

export function request(method: string, shape: Shape = {}): SipRequest {
  const branch = shape.branch === null ? '' : `;branch=${shape.branch ?? 'z9hG4bKone'}`;
  const text = [
    `${method} sip:bot@gateway.example SIP/2.0`,
    `Via: SIP/2.0/TLS ${shape.sentBy ?? 'phone.example:5061'}${branch}`,
    'Max-Forwards: 70',
    `From: <sip:alice@phone.example>;tag=${shape.fromTag ?? 'alice'}`,
    `To: <sip:bot@gateway.example>${shape.toTag === undefined ? '' : `;tag=${shape.toTag}`}`,
    `Call-ID: ${shape.callId ?? 'call-1'}`,
    `CSeq: ${shape.cseq ?? 1} ${method}`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  return parsed(Buffer.from(text)) as SipRequest;
}

/** The peer's response to a request of ours. */
export function response(sent: Buffer, status: number, toTag = 'peer', moreVia = ''): SipResponse {
  const lines = sent.toString().split('\r\n');
  const kept = lines.filter((line) => /^(Via|From|Call-ID|CSeq):/i.test(line));
  const to = lines.find((line) => line.startsWith('To:')) ?? '';
  const text = [`SIP/2.0 ${status} Whatever`, ...kept, `${to};tag=${toTag}`, `${moreVia}Content-Length: 0`, '', ''];
  return parsed(Buffer.from(text.join('\r\n'))) as SipResponse;
}

export function parsed(bytes: Buffer): SipRequest | SipResponse {
  const result = parseMessage(bytes, DEFAULT_SIP_LIMITS);
  if (!result.ok) throw result.error;
  return result.message;
}

export function answer(transaction: ServerTransaction, status: number): boolean {
  return transaction.respond(status, Buffer.from(`SIP/2.0 ${status} Answer\r\n\r\n`));
}

export const OUTGOING: OutgoingRequest = {
  method: 'INVITE',
  uri: 'sip:alice@phone.example',
  headers: [
    ['Max-Forwards', '70'],
    ['Route', '<sip:edge.example;lr>'],
    ['From', '<sip:bot@gateway.example>;tag=ours'],
    ['To', '<sip:alice@phone.example>'],
    ['Call-ID', 'out-1'],
    ['CSeq', '7 INVITE'],
    ['Contact', '<sip:bot@198.51.100.1:5061>'],
  ],
  body: null,
};

export const OUTGOING_INFO: OutgoingRequest = {
  ...OUTGOING,
  method: 'INFO',
  headers: OUTGOING.headers.map(([name, value]) => [name, name === 'CSeq' ? '7 INFO' : value] as const),
};

/** A transaction layer with a user that writes down what it hears. */
export class Bench implements TransactionUser {
  readonly clock = new FakeClock();
  readonly heard: string[] = [];
  readonly transactions: ServerTransaction[] = [];
  readonly refusals: EdgeRefusal[] = [];
  readonly layer: TransactionLayer;
  admission: () => Admission = () => ({ kind: 'accept' });
  onRequestHook: (transaction: ServerTransaction) => void = () => {};

  constructor(transactionsPerPeer = 1_000) {
    let ids = 0;
    this.layer = new TransactionLayer({
      clock: this.clock,
      log: silentLog,
      limits: { transactionsPerPeer },
      user: this,
      newId: () => `id-${++ids}`,
      onRefused: (refusal) => this.refusals.push(refusal),
    });
  }

  /** What the user heard since last asked. */
  news(): string[] {
    return this.heard.splice(0);
  }

  get last(): ServerTransaction {
    const transaction = this.transactions.at(-1);
    if (transaction === undefined) throw new Error('no transaction yet');
    return transaction;
  }

  /** A listener that writes down what it hears, under a name. */
  listener(name = 'client'): ClientListener {
    return {
      onResponse: ({ status }) => this.heard.push(`${name} ${status}`),
      onFailure: (failure) => this.heard.push(`${name} ${failure}`),
    };
  }

  admit(request: SipRequest, _flow: Flow, id: string): Admission {
    this.heard.push(`admit ${request.method} ${id}`);
    return this.admission();
  }

  onRequest(transaction: ServerTransaction): void {
    this.heard.push(`request ${transaction.request.method} ${transaction.id}`);
    this.transactions.push(transaction);
    this.onRequestHook(transaction);
  }

  onAck(ack: SipRequest): void {
    this.heard.push(`ack ${ack.cseq.number}`);
  }

  onCancel(_cancel: SipRequest, invite: ServerTransaction): void {
    this.heard.push(`cancel ${invite.id}`);
  }

  onEnded(transaction: ServerTransaction, why: string): void {
    this.heard.push(`ended ${transaction.id} ${why}`);
  }

  onStrayResponse(stray: SipResponse): void {
    this.heard.push(`stray ${stray.status}`);
  }
}
