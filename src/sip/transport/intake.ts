import { GatewayError } from '../../base/errors.js';
import type { SipLimits } from '../../base/limits.js';
import type { FramingError } from '../message/framer.js';
import { parseMessage, type ReplyFields } from '../message/parse.js';
import { buildRefusal } from '../message/response.js';
import { salvage } from '../message/salvage.js';
import type { Flow } from '../transaction/contract.js';
import type { TransportDeps } from './contract.js';

type IntakeDeps = Pick<TransportDeps, 'log' | 'onMessage' | 'onRefused'>;

/** Turns what the sockets framed into messages for the layer above, or into refusals. Common to datagrams and streams. */
export class Intake {
  readonly #limits: SipLimits;
  readonly #deps: IntakeDeps;

  constructor(limits: SipLimits, deps: IntakeDeps) {
    this.#limits = limits;
    this.#deps = deps;
  }

  /**
   * Parses one message and hands it on. Malformed requests are answered where they can be, with at most
   * `maxAnswerBytes`. Returns whether the message was accepted.
   */
  take(bytes: Buffer, flow: Flow, maxAnswerBytes = Infinity): boolean {
    try {
      return this.#take(bytes, flow, maxAnswerBytes);
    } catch (error) {
      // A fault of ours that one message brought out must not end the process for all the others.
      this.#deps.log.error({ err: error }, 'message could not be handled');
      return false;
    }
  }

  #take(bytes: Buffer, flow: Flow, maxAnswerBytes: number): boolean {
    const result = parseMessage(bytes, this.#limits);
    if (result.ok) {
      this.#deps.onMessage(result.message, flow);
      return true;
    }
    const { reply, method, callId } = result;
    const answer = answerTo(reply, result.status, flow);
    const answered = answer !== null && answer.length <= maxAnswerBytes && flow.send(answer);
    const status = answered ? result.status : null;
    this.#deps.onRefused({ peer: flow.peer, rule: 'sanity', reason: result.error.code, status, method, callId });
    return false;
  }

  /** Records a stream that cannot be followed any further. Returns the last answer to send on it, if there is one. */
  framingLost(error: FramingError, flow: Flow): Buffer | null {
    const { reply, method, callId } =
      error.head === null ? { reply: null, method: null, callId: null } : salvage(error.head, this.#limits);
    const answer = answerTo(reply, error.traits.sip, flow);
    const status = answer === null ? null : error.traits.sip;
    this.#deps.onRefused({ peer: flow.peer, rule: 'framing', reason: error.code, status, method, callId });
    return answer;
  }
}

/** The refusal to send, or null where there is nothing to build it from. */
function answerTo(reply: ReplyFields | null, status: number | null, flow: Flow): Buffer | null {
  if (reply === null || status === null) return null;
  try {
    return buildRefusal(reply, flow.peer, status);
  } catch (error) {
    // What was salvaged of the request cannot be sent back: silence.
    if (error instanceof GatewayError) return null;
    throw error;
  }
}
