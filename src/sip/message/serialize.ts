import { GatewayError } from '../../base/errors.js';
import { isToken, SP, TAB } from './chars.js';
import { canonicalName } from './names.js';
import { reasonPhrase } from './reasons.js';

declare const checked: unique symbol;

/** Text that may stand in a header field: no CR, LF, NUL or other control character, and encodable as UTF-8. */
export type HeaderValue = string & { readonly [checked]: 'header value' };

/** Header fields in order, as name and value. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Passes a text that may stand in a header field. @throws GatewayError SIP_HEADER */
export function headerValue(text: string): HeaderValue {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if ((code < SP && code !== TAB) || code === 0x7f) {
      throw new GatewayError('SIP_HEADER', 'A header value to send holds a control character.');
    }
    if (code >= 0xd800 && code <= 0xdfff && !isPair(text, index)) {
      throw new GatewayError('SIP_HEADER', 'A header value to send is not Unicode.');
    }
  }
  return text as HeaderValue;
}

/** A quoted-string (RFC 3261 §25.1) that reads as `name`. @throws GatewayError SIP_HEADER */
export function quoteDisplayName(name: string): HeaderValue {
  return headerValue(`"${name.replace(/["\\]/g, '\\$&')}"`);
}

/**
 * A request as bytes. Content-Length is set here; one given in `headers` is left out.
 * @throws GatewayError SIP_START_LINE, SIP_URI, SIP_HEADER
 */
export function serializeRequest(request: {
  readonly method: string;
  readonly uri: string;
  readonly headers: HeaderList;
  readonly body: Buffer | null;
}): Buffer {
  if (!isToken(request.method)) throw new GatewayError('SIP_START_LINE', 'A method to send is not a token.');
  for (let index = 0; index < request.uri.length; index++) {
    const code = request.uri.charCodeAt(index);
    // The delimiters of the places where a URI stands: it must not be able to end itself.
    if (code <= SP || code >= 0x7f || code === 0x3c || code === 0x3e || code === 0x22) {
      throw new GatewayError('SIP_URI', 'A Request-URI to send holds characters that it may not.');
    }
  }
  if (!request.uri.includes(':')) throw new GatewayError('SIP_URI', 'A Request-URI to send has no scheme.');
  return assemble(`${request.method} ${request.uri} SIP/2.0`, request.headers, request.body);
}

/**
 * A response as bytes. Content-Length is set here; one given in `headers` is left out.
 * @throws GatewayError SIP_START_LINE, SIP_HEADER
 */
export function serializeResponse(response: {
  readonly status: number;
  readonly reason?: string;
  readonly headers: HeaderList;
  readonly body: Buffer | null;
}): Buffer {
  const { status, reason = reasonPhrase(status) } = response;
  if (!Number.isInteger(status) || status < 100 || status > 699) {
    throw new GatewayError('SIP_START_LINE', 'A status to send is not from 100 to 699.');
  }
  return assemble(`SIP/2.0 ${status} ${headerValue(reason)}`, response.headers, response.body);
}

function assemble(startLine: string, headers: HeaderList, body: Buffer | null): Buffer {
  let head = `${startLine}\r\n`;
  for (const [name, value] of headers) {
    if (!isToken(name)) throw new GatewayError('SIP_HEADER', 'A header name to send is not a token.');
    if (canonicalName(name) !== 'content-length') head += `${name}: ${headerValue(value)}\r\n`;
  }
  head += `Content-Length: ${body?.length ?? 0}\r\n\r\n`;
  return body === null ? Buffer.from(head) : Buffer.concat([Buffer.from(head), body]);
}

function isPair(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  const isLow = (other: number): boolean => other >= 0xdc00 && other <= 0xdfff;
  const isHigh = (other: number): boolean => other >= 0xd800 && other <= 0xdbff;
  return isHigh(code) ? isLow(text.charCodeAt(index + 1)) : isHigh(text.charCodeAt(index - 1));
}
