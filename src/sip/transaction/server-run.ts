import type { Clock } from '../../base/clock.js';
import type { SipRequest } from '../message/types.js';
import type { Flow, ServerTransaction } from './contract.js';
import { inviteServer, type InviteServerState } from './invite-server.js';
import type { EndReason, ServerEvent, TimerFired } from './machine.js';
import { MachineRun, type OutwardEffect, type Perform } from './machine-run.js';
import { nonInviteServer, type NonInviteServerState } from './non-invite-server.js';

/** What a server transaction reports to the layer that keeps it. */
export interface ServerRunEvents {
  /** The INVITE was answered with a 2xx: only RFC 6026's timer L holds the transaction now. */
  accepted(run: ServerRun): void;
  /** The ACK of our 2xx came with the INVITE's own branch. */
  strayAck(ack: SipRequest, run: ServerRun): void;
  ended(run: ServerRun, why: EndReason): void;
}

/** Every event but the timers, which the machine's run makes itself. */
type Fed = Exclude<ServerEvent, TimerFired>;
type InviteMachine = MachineRun<InviteServerState, Fed, Message>;
type NonInviteMachine = MachineRun<NonInviteServerState, Fed, Message>;
/** What an event brings along. */
type Message = { readonly response: Buffer } | { readonly ack: SipRequest };

/** One server transaction: an INVITE or a non-INVITE machine, its last response and its flow. */
export class ServerRun implements ServerTransaction {
  /** Set once the user was told of the CANCEL. */
  cancelled = false;
  readonly #machine: InviteMachine | NonInviteMachine;
  readonly #events: ServerRunEvents;
  readonly #release: () => void;
  #last: Buffer | undefined;
  #answered = false;
  #ended = false;
  #failed = false;

  constructor(
    readonly id: string,
    readonly key: string,
    readonly request: SipRequest,
    readonly flow: Flow,
    clock: Clock,
    events: ServerRunEvents,
  ) {
    this.#events = events;
    this.#release = flow.retain();
    const perform: Perform<Message> = (effect, message) => this.#perform(effect, message);
    this.#machine =
      request.method === 'INVITE'
        ? new MachineRun(clock, inviteServer, 'proceeding', flow.reliable, perform)
        : new MachineRun(clock, nonInviteServer, 'trying', flow.reliable, perform);
    this.#machine.dispatch({ type: 'begin' });
  }

  get answered(): boolean {
    return this.#answered || this.#ended;
  }

  respond(status: number, bytes: Buffer): boolean {
    const success = status >= 200 && status < 300;
    const repeats = this.#answered;
    // RFC 6026 §7.1: in Accepted the user may send its 2xx again; nothing else may follow a final response.
    if (repeats && !(success && this.#machine.state === 'accepted')) return false;
    if (this.#ended) return false;
    if (status >= 200) this.#answered = true;
    this.#machine.dispatch(
      { type: status < 200 ? 'provisional' : success ? 'success' : 'failure' },
      { response: bytes },
    );
    if (!repeats && this.#machine.state === 'accepted') this.#events.accepted(this);
    return !this.#failed;
  }

  /** The same request came again. */
  retransmitted(): void {
    this.#machine.dispatch({ type: 'request' });
  }

  /** An ACK for this INVITE. */
  acknowledged(ack: SipRequest): void {
    this.#machine.dispatch({ type: 'ack' }, { ack });
  }

  /** RFC 3261 §17.2.4: the flow is gone. */
  transportFailed(): void {
    this.#machine.dispatch({ type: 'transportError' });
  }

  /** Drops everything without telling anybody: the layer closes. */
  discard(): void {
    this.#ended = true;
    this.#machine.halt();
    this.#release();
  }

  #perform(effect: OutwardEffect, message: Message | undefined): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(message);
      case 'stray':
        if (message !== undefined && 'ack' in message) this.#events.strayAck(message.ack, this);
        return;
      case 'end':
        this.#ended = true;
        this.#failed = effect.why === 'transport';
        this.#release();
        return this.#events.ended(this, effect.why);
      default:
        return;
    }
  }

  #send(message: Message | undefined): void {
    if (message !== undefined && 'response' in message) this.#last = message.response;
    if (this.#last !== undefined && !this.flow.send(this.#last)) this.transportFailed();
  }
}
