import type { Clock } from '../../base/clock.js';
import type { SipResponse } from '../message/types.js';
import { ackOf, requestBytes } from './client-messages.js';
import type { ClientListener, ClientTransaction, Flow, OutgoingRequest } from './contract.js';
import { inviteClient, type InviteClientState } from './invite-client.js';
import type { ClientEvent, EndReason, TimerFired } from './machine.js';
import { MachineRun, type OutwardEffect, type Perform } from './machine-run.js';
import { nonInviteClient, type NonInviteClientState } from './non-invite-client.js';

/** Every event but the timers, which the machine's run makes itself. */
type Fed = Exclude<ClientEvent, TimerFired>;
type InviteMachine = MachineRun<InviteClientState, Fed, SipResponse>;
type NonInviteMachine = MachineRun<NonInviteClientState, Fed, SipResponse>;
type CancelHeaders = readonly (readonly [string, string])[];

/** What a client transaction reports to the layer that keeps it. */
export interface ClientRunEvents {
  /** The user's CANCEL may go out now. */
  cancel(run: ClientRun, headers: CancelHeaders): void;
  /** A further 2xx to an INVITE that has one already. */
  strayResponse(response: SipResponse, run: ClientRun): void;
  ended(run: ClientRun): void;
}

/** What identifies a client transaction. */
export interface ClientIdentity {
  readonly id: string;
  readonly branch: string;
  /** The Via value that stands on the request, its ACK and its CANCEL. */
  readonly via: string;
}

/** One client transaction: an INVITE or a non-INVITE machine, the request and its listener. */
export class ClientRun implements ClientTransaction {
  readonly id: string;
  readonly branch: string;
  readonly bytes: Buffer;
  readonly #via: string;
  readonly #machine: InviteMachine | NonInviteMachine;
  readonly #listener: ClientListener;
  readonly #events: ClientRunEvents;
  readonly #release: () => void;
  #final = false;
  #cancelHeaders: CancelHeaders = [];

  constructor(
    identity: ClientIdentity,
    readonly request: OutgoingRequest,
    readonly flow: Flow,
    clock: Clock,
    listener: ClientListener,
    events: ClientRunEvents,
  ) {
    this.id = identity.id;
    this.branch = identity.branch;
    this.#via = identity.via;
    this.bytes = requestBytes(request, identity.via);
    this.#listener = listener;
    this.#events = events;
    this.#release = flow.retain();
    const perform: Perform<SipResponse> = (effect, response) => this.#perform(effect, response);
    this.#machine =
      request.method === 'INVITE'
        ? new MachineRun(clock, inviteClient, 'calling', flow.reliable, perform)
        : new MachineRun(clock, nonInviteClient, 'trying', flow.reliable, perform);
  }

  /** The Via value on the request, for the CANCEL that must carry the same. */
  get via(): string {
    return this.#via;
  }

  /** Sends the request. A flow that fails at once is reported after the caller has the transaction in hand. */
  begin(): void {
    this.#machine.dispatch({ type: 'begin' });
  }

  cancel(headers: CancelHeaders = []): void {
    this.#cancelHeaders = headers;
    this.#machine.dispatch({ type: 'cancel' });
  }

  receive(response: SipResponse): void {
    this.#machine.dispatch({ type: eventOf(response.status) }, response);
  }

  /** RFC 3261 §17.1.4: the flow is gone. */
  transportFailed(): void {
    this.#machine.dispatch({ type: 'transportError' });
  }

  /** Drops everything without telling anybody: the layer closes. */
  discard(): void {
    this.#machine.halt();
    this.#release();
  }

  #perform(effect: OutwardEffect, response: SipResponse | undefined): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(this.bytes);
      case 'cancel':
        return this.#events.cancel(this, this.#cancelHeaders);
      case 'end':
        return this.#end(effect.why);
    }
    if (response === undefined) return;
    switch (effect.kind) {
      case 'acknowledge':
        return this.#send(ackOf(this.request, this.#via, response));
      case 'stray':
        return this.#events.strayResponse(response, this);
      case 'deliver':
        if (response.status >= 200) this.#final = true;
        return this.#listener.onResponse(response);
    }
  }

  #send(bytes: Buffer): void {
    if (!this.flow.send(bytes)) queueMicrotask(() => this.transportFailed());
  }

  #end(why: EndReason): void {
    this.#release();
    this.#events.ended(this);
    if (why !== 'done' && !this.#final) this.#listener.onFailure(why);
  }
}

function eventOf(status: number): 'trying' | 'provisional' | 'success' | 'failure' {
  if (status === 100) return 'trying';
  if (status < 200) return 'provisional';
  return status < 300 ? 'success' : 'failure';
}
