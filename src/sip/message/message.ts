import type { CSeq, HeaderField, NameAddr, SipRequest, SipResponse, Uri, Via } from './types.js';

/** What requests and responses have in common, parsed and checked. */
export interface Envelope {
  readonly headers: readonly HeaderField[];
  readonly body: Buffer;
  readonly raw: Buffer;
  readonly via: readonly [Via, ...Via[]];
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly contacts: readonly NameAddr[];
}

/** Header fields are looked up by comparing names in a list: no name that a peer chooses can be anything but a name. */
abstract class Message {
  readonly version = 'SIP/2.0';
  readonly headers: readonly HeaderField[];
  readonly body: Buffer;
  readonly raw: Buffer;
  readonly via: readonly [Via, ...Via[]];
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly fromTag: string | null;
  readonly toTag: string | null;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly contacts: readonly NameAddr[];

  constructor(envelope: Envelope) {
    this.headers = envelope.headers;
    this.body = envelope.body;
    this.raw = envelope.raw;
    this.via = envelope.via;
    this.from = envelope.from;
    this.to = envelope.to;
    this.fromTag = envelope.from.params.get('tag') ?? null;
    this.toTag = envelope.to.params.get('tag') ?? null;
    this.callId = envelope.callId;
    this.cseq = envelope.cseq;
    this.contacts = envelope.contacts;
  }

  header(name: string): string | undefined {
    return headerOf(this.headers, name);
  }

  headerAll(name: string): readonly string[] {
    return headersOf(this.headers, name);
  }
}

/** A request that passed the parser. */
export class ParsedRequest extends Message implements SipRequest {
  readonly kind = 'request';
  readonly method: string;
  readonly uri: Uri;
  readonly maxForwards: number | null;
  readonly require: readonly string[];

  constructor(
    line: { readonly method: string; readonly uri: Uri },
    envelope: Envelope,
    maxForwards: number | null,
    require: readonly string[],
  ) {
    super(envelope);
    this.method = line.method;
    this.uri = line.uri;
    this.maxForwards = maxForwards;
    this.require = require;
  }
}

/** A response that passed the parser. */
export class ParsedResponse extends Message implements SipResponse {
  readonly kind = 'response';
  readonly status: number;
  readonly reason: string;

  constructor(line: { readonly status: number; readonly reason: string }, envelope: Envelope) {
    super(envelope);
    this.status = line.status;
    this.reason = line.reason;
  }
}

/** The first value of that canonical name. */
export function headerOf(headers: readonly HeaderField[], name: string): string | undefined {
  for (const field of headers) if (field.name === name) return field.value;
  return undefined;
}

/** Every value of that canonical name, in order. */
export function headersOf(headers: readonly HeaderField[], name: string): string[] {
  const values: string[] = [];
  for (const field of headers) if (field.name === name) values.push(field.value);
  return values;
}
