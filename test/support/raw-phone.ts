import { parseMessage } from '../../src/sip/message/parse.js';
import type { SipMessage, SipRequest, SipResponse } from '../../src/sip/message/types.js';
import { offerText, type RawTarget, sipText } from './raw-sip.js';
import { ANSWER_LIMITS, openSipSocket, type SipReceiver, type SipSocket } from './sip-socket.js';

export interface InDialogOptions {
  /** Default: the next one. */
  readonly cseq?: number;
  /** Default: the tag of the 200. */
  readonly toTag?: string;
  readonly branch?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

const WAIT_MS = 10_000;
let count = 0;

/** A phone that does nothing by itself but answer BYE: every message of a call is the test's own. */
export class RawPhone implements SipReceiver {
  /** Everything that came, in order. */
  readonly received: SipMessage[] = [];
  readonly faults: string[] = [];
  readonly #waiting = new Set<() => void>();
  #socket: SipSocket | null = null;

  static async open(target: RawTarget): Promise<RawPhone> {
    const phone = new RawPhone();
    phone.#socket = await openSipSocket(target, phone);
    return phone;
  }

  send(text: string): void {
    void this.#socket?.write(Buffer.from(text));
  }

  /** The first message that came, or comes in time, and is what `wanted` says. */
  async first<T extends SipMessage>(wanted: (message: SipMessage) => message is T, waitMs = WAIT_MS): Promise<T> {
    const found = this.received.find(wanted);
    if (found !== undefined) return found;
    const came = new Promise<T>((resolve) => {
      const look = (): void => {
        const message = this.received.find(wanted);
        if (message === undefined) return;
        this.#waiting.delete(look);
        resolve(message);
      };
      this.#waiting.add(look);
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const seen = (): string => this.received.map(({ raw }) => raw.toString().split('\r\n', 1)[0]).join('\n');
      timer = setTimeout(() => reject(new Error(`nothing of that kind came, but:\n${seen()}`)), waitMs);
    });
    return Promise.race([came, late]).finally(() => clearTimeout(timer));
  }

  /** The first response, or the first of that kind. */
  response(wanted: (response: SipResponse) => boolean = () => true): Promise<SipResponse> {
    return this.first((message): message is SipResponse => message.kind === 'response' && wanted(message));
  }

  /** Gone without a word. */
  vanish(): void {
    this.#socket?.vanish();
  }

  async close(): Promise<void> {
    await this.#socket?.close();
  }

  fault(problem: string): void {
    this.faults.push(problem);
  }

  message(bytes: Buffer): void {
    const parsed = parseMessage(bytes, ANSWER_LIMITS);
    if (!parsed.ok) return this.fault(parsed.error.message);
    if (parsed.message.kind === 'request') this.send(okTo(parsed.message));
    this.received.push(parsed.message);
    for (const look of [...this.#waiting]) look();
  }
}

/** One call over a phone, or over several: dialogs are not bound to connections. */
export class RawCall {
  readonly callId = `abandoned-${process.pid}-${++count}`;
  readonly branch = `z9hG4bK${this.callId}`;
  readonly #phone: RawPhone;
  #cseq = 1;
  #toTag: string | null = null;

  constructor(phone: RawPhone) {
    this.#phone = phone;
  }

  /** The INVITE as text: sent by the test, whole or not. */
  inviteText(body = offerText(40_000)): string {
    return this.#text('INVITE', 1, this.branch, '', ['Content-Type: application/sdp'], body);
  }

  cancelText(): string {
    return this.#text('CANCEL', 1, this.branch, '');
  }

  /** Calls and waits for the 200. */
  async answered(): Promise<SipResponse> {
    this.#phone.send(this.inviteText());
    const ok = await this.final('INVITE', 1);
    if (ok.status !== 200) throw new Error(`the call got ${ok.status}`);
    this.#toTag = ok.toTag;
    return ok;
  }

  /** Calls, waits for the 200 and acknowledges it. */
  async up(): Promise<SipResponse> {
    const ok = await this.answered();
    this.ack(1);
    return ok;
  }

  ack(cseq = this.#cseq): void {
    this.#phone.send(this.#text('ACK', cseq, `${this.branch}-ack${cseq}`, this.#tag()));
  }

  /** The ACK of a refused INVITE, which belongs to its transaction (RFC 3261 §17.1.1.3). */
  ackRefusal({ toTag }: SipResponse): void {
    this.#phone.send(this.#text('ACK', 1, this.branch, `;tag=${toTag ?? ''}`));
  }

  /** A request inside the dialog, and its final answer. */
  async ask(method: string, options: InDialogOptions = {}, over: RawPhone = this.#phone): Promise<SipResponse> {
    const cseq = options.cseq ?? ++this.#cseq;
    const tag = options.toTag === undefined ? this.#tag() : `;tag=${options.toTag}`;
    const branch = options.branch ?? `${this.branch}-${method}${cseq}-${++count}`;
    over.send(this.#text(method, cseq, branch, tag, options.headers, options.body));
    return over.response((response) => isFinal(response, branch));
  }

  /** The final answer to what was sent with the INVITE's branch. */
  final(method: 'INVITE' | 'CANCEL', cseq: number): Promise<SipResponse> {
    return this.#phone.response(
      (response) => isFinal(response, this.branch) && response.cseq.method === method && response.cseq.number === cseq,
    );
  }

  /** The BYE with which the gateway ends the call. */
  bye(waitMs?: number): Promise<SipRequest> {
    return this.#phone.first(
      (message): message is SipRequest =>
        message.kind === 'request' && message.method === 'BYE' && message.callId === this.callId,
      waitMs,
    );
  }

  #tag(): string {
    return this.#toTag === null ? '' : `;tag=${this.#toTag}`;
  }

  #text(
    method: string,
    cseq: number,
    branch: string,
    toTag: string,
    headers: readonly string[] = [],
    body = '',
  ): string {
    const text = sipText({
      ...{ method, callId: this.callId, branch, headers, body },
      to: `<sip:12345556789@example.com>${toTag}`,
    });
    return text.replace(/^CSeq: .*$/m, `CSeq: ${cseq} ${method}`).replace(/;tag=raw\d+/, `;tag=${this.callId}`);
  }
}

function isFinal({ status, via }: SipResponse, branch: string): boolean {
  return status >= 200 && via[0].params.get('branch') === branch;
}

/** The 200 to a request of the gateway. */
export function okTo(request: SipRequest): string {
  const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].flatMap((name) =>
    request.headerAll(name.toLowerCase()).map((value) => `${name}: ${value}`),
  );
  return ['SIP/2.0 200 OK', ...copied, 'Content-Length: 0', '', ''].join('\r\n');
}
