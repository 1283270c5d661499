/**
 * What a parsed SIP message looks like (RFC 3261 §7, §19, §20). Everything above reads these objects and never the
 * bytes again: what policy judged is exactly what is acted on.
 */

/**
 * Parameters in order of appearance; names lower-case; null when there is no `=`. Values of header parameters are as
 * written with quotes removed; names and values of URI parameters have their %-escapes decoded once.
 */
export type Params = ReadonlyMap<string, string | null>;

/** A `sip:` or `sips:` URI. */
export interface SipUri {
  readonly kind: 'sip';
  readonly scheme: 'sip' | 'sips';
  /** User part with %-escapes decoded once, or null when the URI has no user part. */
  readonly user: string | null;
  /** User part as written. */
  readonly rawUser: string | null;
  /** Whether a password stood in the URI. Its value is never kept. */
  readonly hasPassword: boolean;
  /**
   * Host in canonical form: lower-case without trailing dot, dotted quad, or RFC 5952 without brackets. An IPv4-mapped
   * IPv6 address is its dotted quad.
   */
  readonly host: string;
  readonly hostType: 'name' | 'ipv4' | 'ipv6';
  readonly port: number | null;
  readonly params: Params;
  /** URI headers (`?name=value`), decoded once. Refused in From, To and Request-URI. */
  readonly headers: Params;
  /** The URI as written, without the password. */
  readonly text: string;
}

/** A `tel:` URI (RFC 3966). `number` has visual separators removed; global numbers begin with `+`. */
export interface TelUri {
  readonly kind: 'tel';
  readonly scheme: 'tel';
  readonly number: string;
  readonly params: Params;
  readonly text: string;
}

/** Any other absolute URI. It can never match an allowlist entry written for sip, sips or tel. */
export interface OtherUri {
  readonly kind: 'other';
  readonly scheme: string;
  readonly text: string;
}

export type Uri = SipUri | TelUri | OtherUri;

/** `name-addr` or `addr-spec` with header parameters (From, To, Contact, Route, Record-Route …). */
export interface NameAddr {
  readonly displayName: string | null;
  readonly uri: Uri;
  readonly params: Params;
}

export interface Via {
  /** Transport token, upper-case: UDP, TCP, TLS … What the peer claims; the socket decides. */
  readonly transport: string;
  readonly host: string;
  readonly port: number | null;
  readonly params: Params;
  /** The whole Via value as written. */
  readonly text: string;
}

export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/** One header field. `name` is canonical: lower-case, compact forms expanded (`v` → `via`). `value` is unfolded and trimmed. */
export interface HeaderField {
  readonly name: string;
  readonly rawName: string;
  readonly value: string;
}

interface MessageCore {
  readonly version: 'SIP/2.0';
  readonly headers: readonly HeaderField[];
  readonly body: Buffer;
  /** The message as received: start line to the last body byte. */
  readonly raw: Buffer;
  /** All Via values, topmost first; at least one. */
  readonly via: readonly [Via, ...Via[]];
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly fromTag: string | null;
  readonly toTag: string | null;
  readonly callId: string;
  readonly cseq: CSeq;
  /** Value of a header field by canonical name: the first where several are allowed; undefined when absent. */
  header(name: string): string | undefined;
  /** Values of all header fields of that canonical name, in order, not split at commas. */
  headerAll(name: string): readonly string[];
}

export interface SipRequest extends MessageCore {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: Uri;
  readonly maxForwards: number | null;
  /** Contact values (empty for `*`). */
  readonly contacts: readonly NameAddr[];
  /** Option tags of Require, lower-case. */
  readonly require: readonly string[];
}

export interface SipResponse extends MessageCore {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  readonly contacts: readonly NameAddr[];
}

export type SipMessage = SipRequest | SipResponse;
