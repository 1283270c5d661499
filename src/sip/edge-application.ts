import type { BoundListener, EdgePeer } from './edge-contract.js';

/**
 * The contract between the SIP edge and the application behind it (control/ carries it over the control protocol). The
 * edge owns transactions, dialogs and timers; the application answers requests and sends its own inside dialogs.
 */

/** Header fields in order. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/** A SIP message for the application. */
export interface ApplicationMessage {
  /** `application`: the edge did it itself and only tells (transaction id `unsolicited`). */
  readonly source: 'network' | 'application';
  /** A `request` waits for `respond`; a `response` belongs to a request of the application; a `notice` needs nothing. */
  readonly kind: 'request' | 'response' | 'notice';
  /** Method of the request, or of the request that is answered. */
  readonly method: string;
  readonly transactionId: string;
  /** `<Call-ID>;from-tag=<tag of the dialog-creating request>`, or null outside a dialog. */
  readonly dialogId: string | null;
  /** The dialog id that this message has or would have: what must arrive in order shares it. */
  readonly conversation: string;
  readonly bytes: Buffer;
  readonly peer: EdgePeer;
}

/** Who serves a request and all that follows from it. Compared by identity. */
export interface EdgeOwner {
  deliver(message: ApplicationMessage): void;
}

export interface EdgeApplication {
  /** Who gets a new request of `method` outside a dialog; null when nobody serves it, and the edge answers 503. */
  route(method: string): EdgeOwner | null;
}

/** A message that was sent for the application, for the echo. */
export interface Sent {
  readonly transactionId: string;
  readonly dialogId: string | null;
  readonly conversation: string;
  /** The message as sent. */
  readonly bytes: Buffer;
  readonly peer: EdgePeer;
}

/** `refused` says why in words for the application's developer. */
export type Outcome =
  { readonly kind: 'sent'; readonly sent: Sent } | { readonly kind: 'refused'; readonly reason: string };

export interface ResponseSpec {
  readonly status: number;
  /** Empty: the standard phrase. */
  readonly reason: string;
  readonly headers: HeaderLines;
  readonly body: Buffer | null;
}

export interface RequestSpec {
  readonly method: string;
  /** Null: the dialog's remote target. */
  readonly uri: string | null;
  readonly headers: HeaderLines;
  readonly body: Buffer | null;
}

/** What the edge does for an application. An owner can only act on what was delivered to it. */
export interface EdgeService {
  attach(application: EdgeApplication): void;
  /** Where the edge listens, and the host it advertises instead of the bound address. */
  addresses(): { readonly bound: readonly BoundListener[]; readonly advertisedHost: string | null };
  /** Answers a request. Refused when the transaction is unknown, answered or gone. */
  respond(owner: EdgeOwner, transactionId: string, spec: ResponseSpec): Outcome;
  /**
   * Sends a request inside a dialog. `done` is called once, before any response is delivered; later when RFC 3261 §15
   * makes a BYE wait for the ACK.
   */
  request(owner: EdgeOwner, dialogId: string, spec: RequestSpec, done: (outcome: Outcome) => void): void;
  /** Sends the ACK of a 2xx to a re-INVITE of ours. */
  acknowledge(owner: EdgeOwner, dialogId: string, spec: RequestSpec): Outcome;
  /** Cancels a re-INVITE of ours. */
  cancel(owner: EdgeOwner, transactionId: string, headers: HeaderLines): Outcome;
  /** The owner is gone: its open requests are answered 503, its dialogs forgotten (what comes for them is a stray, 481). */
  abandon(owner: EdgeOwner): void;
}
