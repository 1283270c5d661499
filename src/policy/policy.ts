import type { ErrorCode } from '../base/errors.js';
import type { NameAddr, Uri } from '../sip/message/types.js';

/** What a rule may look at. Made from our own parse of the raw message and from the socket; never from what a peer claims about itself. */
export interface RequestFacts {
  /** Wall time of arrival, ms since the epoch. */
  readonly time: number;
  readonly method: string;
  readonly callId: string;
  readonly peer: PeerFacts;
  readonly requestUri: Uri;
  readonly from: NameAddr;
  readonly to: NameAddr;
  /** True when the To header has a tag: the request claims to be inside a dialog. */
  readonly inDialog: boolean;
  /** Values of all Authorization header fields. */
  readonly authorization: readonly string[];
  /** Max-Forwards, or null when the request has none (RFC 2543 peers). */
  readonly maxForwards: number | null;
  /** Option tags of Require, lower-case. */
  readonly require: readonly string[];
  /** Content-Type as received, parameters included. */
  readonly contentType: string | null;
  /** Content-Encoding as received. */
  readonly contentEncoding: string | null;
  readonly body: Buffer;
}

/** The other end of the socket. */
export interface PeerFacts {
  /** Canonical text (base/ip). */
  readonly address: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Name of the listener that accepted it. */
  readonly listener: string;
}

/** Name of the rule that decided; `all` when every rule agreed. */
export type RuleName =
  | 'trusted-ip'
  | 'ban'
  | 'rate'
  | 'framing'
  | 'sanity'
  | 'transport'
  | 'draining'
  | 'digest'
  | 'identity'
  | 'tenant'
  | 'from'
  | 'to'
  | 'siprec'
  | 'media'
  | 'capacity'
  | 'method'
  | 'loop'
  | 'internal';

/** A header to put on the answer. */
export type AnswerHeader = readonly [name: string, value: string];

/** The entry of a list that matched, and where it stands. */
export interface MatchedEntry {
  readonly text: string;
  /** Where the operator wrote it: `WHITELIST_FROM_URI[2]`, `portcullis.yaml:14`. */
  readonly origin: string;
}

/** What one rule says. `pass` leaves the word to the next rule and may add what it learned. */
export type RuleResult =
  | {
      readonly kind: 'pass';
      readonly input: string;
      readonly entry?: MatchedEntry;
      readonly user?: string;
      readonly called?: Uri;
    }
  | Refusal;

export type Refusal =
  | {
      readonly kind: 'challenge';
      readonly status: 401;
      readonly input: string;
      readonly reason: string;
      readonly headers: readonly AnswerHeader[];
    }
  | {
      readonly kind: 'deny';
      readonly status: number;
      readonly input: string;
      readonly reason: string;
      readonly code?: ErrorCode;
      readonly headers: readonly AnswerHeader[];
    }
  | { readonly kind: 'drop'; readonly input: string; readonly reason: string };

/** One rule: pure, synchronous, told everything it needs. A rule that throws denies with 500 under the name `internal`. */
export interface Policy {
  readonly name: RuleName;
  /** One sentence for people: what it checks and against what, without secrets. */
  describe(): string;
  judge(facts: RequestFacts): RuleResult;
}

/** The answer of the whole pipeline. */
export interface Verdict {
  readonly verdict: 'allow' | 'challenge' | 'deny' | 'drop';
  readonly rule: RuleName | 'all';
  /** SIP status to send; null for allow and drop. */
  readonly status: number | null;
  readonly reason: string;
  readonly headers: readonly AnswerHeader[];
  readonly entry: MatchedEntry | null;
  /** The authenticated digest user, or null. */
  readonly user: string | null;
  readonly tenant: string | null;
  /** The URI that the To rule matched: what is called. The To URI when there is no such rule. */
  readonly called: Uri | null;
  /** Every rule in order with what it looked at, up to the one that decided. */
  readonly trace: readonly TraceStep[];
  readonly record: DecisionRecord;
}

export interface TraceStep {
  readonly rule: RuleName;
  readonly input: string;
  readonly result: 'pass' | 'challenge' | 'deny' | 'drop';
  readonly reason: string | null;
}

/** One line of the decision log. Field names, order and meaning are public interface. */
export interface DecisionRecord {
  /** RFC 3339 with milliseconds, Z. */
  readonly time: string;
  readonly id: string;
  readonly callId: string | null;
  /** Null for a refused connection. */
  readonly method: string | null;
  /** `ip:port` of the socket. */
  readonly peer: string;
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly listener: string;
  readonly verdict: 'allow' | 'challenge' | 'deny' | 'drop';
  readonly status: number | null;
  readonly rule: RuleName | 'all';
  readonly reason: string;
  readonly entry: MatchedEntry | null;
  readonly tenant: string | null;
  readonly user: string | null;
  /** CPU-side cost of the decision in microseconds. */
  readonly micros: number;
}
