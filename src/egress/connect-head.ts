import type { Destination } from './destination.js';

/** Most bytes of a proxy's answer to CONNECT before its empty line. */
export const MAX_CONNECT_HEAD_BYTES = 16_384;

const STATUS_LINE = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: [^\0]*)?$/;
const FIELD_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0]*$/;

/** What the bytes received so far of an answer to CONNECT mean. */
export type ConnectHead =
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed' }
  /** `early`: what followed the head; it belongs to the tunnel. */
  | { readonly kind: 'answer'; readonly status: number; readonly early: Buffer };

/** The CONNECT request for `destination`; `authorization` is a Proxy-Authorization value. RFC 9110 §9.3.6. */
export function connectRequest(destination: Destination, authorization: string | null): string {
  const { authority } = destination;
  const credentials = authorization === null ? '' : `Proxy-Authorization: ${authorization}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`;
}

/** Reads the head of an answer to CONNECT strictly: no folding, no bare CR or LF, at most 16 KiB. */
export function parseConnectHead(bytes: Buffer): ConnectHead {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return { kind: bytes.length >= MAX_CONNECT_HEAD_BYTES ? 'malformed' : 'more' };
  if (end + 4 > MAX_CONNECT_HEAD_BYTES) return { kind: 'malformed' };
  const [statusLine = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = STATUS_LINE.exec(statusLine)?.[1];
  const clean = [statusLine, ...fields].every((line) => !/[\r\n]/.test(line));
  if (status === undefined || !clean || !fields.every((line) => FIELD_LINE.test(line))) return { kind: 'malformed' };
  return { kind: 'answer', status: Number(status), early: bytes.subarray(end + 4) };
}
