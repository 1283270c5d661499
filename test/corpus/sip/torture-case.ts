import type { ErrorCode } from '../../../src/base/errors.js';

/** One torture message and what our gateway decides about it. */
export interface TortureCase {
  /** Name of the message in its RFC. */
  readonly name: string;
  readonly section: string;
  readonly bytes: Buffer;
  /** As a datagram: what the parser takes from it, or the code and the status it refuses with. */
  readonly datagram: Accepted | Refused;
  /** On a stream: how many messages are framed, or the code that closes the connection. */
  readonly stream: number | ErrorCode;
}

export interface Accepted {
  /** Method, or status of a response. */
  readonly start: string | number;
  /** Display name, user and host of From. */
  readonly from?: readonly [displayName: string | null, user: string | null, host: string];
  /** Request-URI: user and host. */
  readonly target?: readonly [user: string | null, host: string];
  readonly vias?: number;
  readonly contacts?: number;
  readonly bodyBytes?: number;
}

export interface Refused {
  readonly code: ErrorCode;
  /** Null: never answered. */
  readonly status: number | null;
  /** False when the message lacks what an answer needs. */
  readonly answerable?: boolean;
}

/** A message written with LF line ends after a first empty line; `{length}` becomes the size of its body. */
export function torture(text: string): Buffer {
  const lines = text.slice(1).replaceAll('\n', '\r\n');
  const headEnd = lines.indexOf('\r\n\r\n') + 4;
  return Buffer.from(lines.replace('{length}', String(Buffer.byteLength(lines.slice(headEnd)))));
}

/** The session description that most messages of RFC 4475 carry. */
export const SDP = `v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.3
s=-
c=IN IP4 192.0.2.4
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
`;
