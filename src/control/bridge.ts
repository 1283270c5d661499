import type { Clock } from '../base/clock.js';
import type {
  ApplicationMessage,
  EdgeOwner,
  EdgeService,
  Outcome,
  RequestSpec,
  Sent,
} from '../sip/edge-application.js';
import { type ApplicationText, parseApplicationText } from './application-text.js';
import type { Command } from './commands.js';
import { encodeFrame } from './frames.js';
import { nokMeta, noMeta, sentRequestMeta, sentResponseMeta, sipMeta } from './meta.js';
import type { FramePacer } from './pacer.js';

export type SipCommand = Extract<Command, { readonly kind: 'sip' }>;

/** Where frames of one application go. */
export interface FrameSink {
  /** Frames about one conversation, in order, with room between them. */
  readonly paced: Pick<FramePacer, 'send'>;
  /** An answer that nothing depends on. */
  answer(frame: Buffer): void;
}

/** What drachtio-srf writes as Request-URI when it means the dialog's remote target. */
const PLACEHOLDER = 'sip:placeholder';

type EchoMeta = (commandId: string, sent: Sent, now: number) => string;

/** One application as the edge sees it: its SIP commands become calls of the edge, the edge's messages become frames. */
export class Bridge implements EdgeOwner {
  readonly #edge: EdgeService;
  readonly #sink: FrameSink;
  readonly #clock: Clock;

  constructor(edge: EdgeService, sink: FrameSink, clock: Clock) {
    this.#edge = edge;
    this.#sink = sink;
    this.#clock = clock;
  }

  deliver(message: ApplicationMessage): void {
    const meta = sipMeta(message, this.#clock.now());
    this.#sink.paced.send(message.conversation, encodeFrame(meta, message.bytes));
  }

  /** The application is gone. */
  abandon(): void {
    this.#edge.abandon(this);
  }

  /** Does what a `sip` command asks and answers it. False when the connection is to be closed. */
  sip(command: SipCommand): boolean {
    const text = parseApplicationText(command.message);
    if (text === null) {
      this.#sink.answer(encodeFrame(nokMeta(command.id, 'invalid sip message')));
      return true;
    }
    if (text.kind === 'request') {
      this.#request(command, text);
      return true;
    }
    if (command.transactionId === '') {
      this.#sink.answer(encodeFrame(noMeta(command.id, 'transaction id missing')));
      return false;
    }
    const { status, reason, parts } = text;
    const outcome = this.#edge.respond(this, command.transactionId, { status, reason, ...parts });
    this.#answer(command.id, outcome, sentResponseMeta);
    return true;
  }

  #request(command: SipCommand, text: Extract<ApplicationText, { readonly kind: 'request' }>): void {
    const { id, transactionId, dialogId } = command;
    const { method, uri, parts } = text;
    const answer = (outcome: Outcome) => this.#answer(id, outcome, sentRequestMeta);
    const spec: RequestSpec = { method, uri: uri === PLACEHOLDER ? null : uri, ...parts };
    if (dialogId !== '') {
      // drachtio-srf repeats the INVITE's Request-URI in the ACK; the remote target may have moved since.
      if (method === 'ACK') answer(this.#edge.acknowledge(this, dialogId, { ...spec, uri: null }));
      else this.#edge.request(this, dialogId, spec, answer);
    } else if (transactionId !== '' && method === 'CANCEL') {
      answer(this.#edge.cancel(this, transactionId, parts.headers));
    } else {
      const reason = 'requests outside a dialog are not supported by this version of the server';
      this.#sink.answer(encodeFrame(nokMeta(id, reason)));
    }
  }

  #answer(commandId: string, outcome: Outcome, echoMeta: EchoMeta): void {
    if (outcome.kind === 'refused') {
      this.#sink.answer(encodeFrame(nokMeta(commandId, outcome.reason)));
      return;
    }
    const { sent } = outcome;
    const frame = encodeFrame(echoMeta(commandId, sent, this.#clock.now()), sent.bytes);
    this.#sink.paced.send(sent.conversation, frame);
  }
}
