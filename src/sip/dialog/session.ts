import type { EdgeOwner } from '../edge-application.js';
import type { ClientTransaction, Flow } from '../transaction/contract.js';
import type { AcceptedInvite } from './accepted-invite.js';
import { type Dialog, type DialogEvent, transition } from './dialog.js';
import type { OpenExchanges } from './in-dialog.js';

/** A 2xx of ours that waits for its ACK. */
export interface AwaitedAck {
  /** The INVITE's transaction id, under which the application gets the ACK. */
  readonly transactionId: string;
  readonly sequence: number;
  readonly timer: AcceptedInvite;
}

/** A request of ours that RFC 3261 §15 holds back until the ACK. */
export interface HeldRequest {
  send(): void;
  giveUp(): void;
}

/** A live dialog: its data, who owns it, the flow to its peer and the exchanges under way. */
export class DialogSession {
  dialog: Dialog;
  /** Transaction ids of the peer's INVITE and UPDATE without final response. */
  remoteInvite: string | null = null;
  remoteUpdate: string | null = null;
  awaitedAck: AwaitedAck | null = null;
  /** Our re-INVITE without final response. */
  localInvite: ClientTransaction | null = null;
  /** CSeq of our re-INVITE that was answered 2xx, and the ACK once it was sent. */
  answered: { readonly sequence: number; ack: Buffer | null } | null = null;
  heldBye: HeldRequest | null = null;
  /** Our BYE is out. */
  ending = false;
  readonly owner: EdgeOwner;
  #flow: Flow;
  #release: () => void;

  constructor(dialog: Dialog, owner: EdgeOwner, flow: Flow) {
    this.dialog = dialog;
    this.owner = owner;
    this.#flow = flow;
    this.#release = flow.retain();
  }

  get flow(): Flow {
    return this.#flow;
  }

  get open(): OpenExchanges {
    return {
      remoteInvite: this.remoteInvite !== null,
      unacknowledged: this.awaitedAck !== null,
      localInvite: this.localInvite !== null,
      remoteUpdate: this.remoteUpdate !== null,
    };
  }

  apply(event: DialogEvent): void {
    this.dialog = transition(this.dialog, event);
  }

  /** Takes the next CSeq number for a request of ours (RFC 3261 §12.2.1.1). */
  nextSequence(): number {
    this.dialog = { ...this.dialog, localSequence: this.dialog.localSequence + 1 };
    return this.dialog.localSequence;
  }

  /** The peer spoke over `flow`: it replaces a connection that is gone. */
  heardOver(flow: Flow): void {
    if (!this.#flow.closed || flow.id === this.#flow.id) return;
    this.#release();
    this.#flow = flow;
    this.#release = flow.retain();
  }

  /** The ACK of our 2xx came, or waiting for it is over. */
  settleAck(): void {
    this.awaitedAck?.timer.stop();
    this.awaitedAck = null;
  }

  /** Sends what waited for the ACK. False when nothing did. */
  sendHeld(): boolean {
    const held = this.heldBye;
    this.heldBye = null;
    held?.send();
    return held !== null;
  }

  /** The dialog is over: timers stop, the flow is let go. Idempotent. */
  close(): void {
    this.apply('ended');
    this.settleAck();
    const held = this.heldBye;
    this.heldBye = null;
    held?.giveUp();
    this.#release();
  }
}
