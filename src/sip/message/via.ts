import { GatewayError } from '../../base/errors.js';
import { decimal, isBlank, isDigit, isIn, sliceTrimmed, TOKEN } from './chars.js';
import { parseHost, parsePort } from './host.js';
import { Reader } from './reader.js';
import type { Params, Via } from './types.js';

/**
 * Parses one Via header field value and appends its entries to `into`, which may not grow beyond `maxCount`
 * (RFC 3261 §20.42).
 * @throws GatewayError SIP_HEADER, SIP_TOO_MANY
 */
export function readVias(value: string, into: Via[], maxCount: number): void {
  const reader = new Reader(value);
  do {
    if (into.length >= maxCount) throw new GatewayError('SIP_TOO_MANY', 'The message has too many Vias.');
    into.push(readVia(reader));
  } while (reader.take(','));
  if (!reader.atEnd) throw new GatewayError('SIP_HEADER', 'Something follows a Via.');
}

function readVia(reader: Reader): Via {
  reader.skipBlanks();
  const start = reader.position;
  const name = reader.token();
  reader.expect('/');
  const version = reader.token();
  reader.expect('/');
  const transport = reader.token().toUpperCase();
  if (name.toUpperCase() !== 'SIP' || version !== '2.0' || !isBlank(reader.text.charCodeAt(reader.position))) {
    throw new GatewayError('SIP_HEADER', 'A Via does not begin with SIP/2.0 and a transport.');
  }
  reader.skipBlanks();
  const host = readSentByHost(reader);
  const port = reader.take(':') ? readPort(reader) : null;
  const params = reader.params();
  checkParams(params);
  const text = sliceTrimmed(reader.text, start, reader.position);
  reader.skipBlanks();
  return { transport, host, port, params, text };
}

function readSentByHost(reader: Reader): string {
  const { text, position } = reader;
  let end = position;
  if (text.charAt(position) === '[') end = text.indexOf(']', position) + 1;
  else while (isIn(text.charCodeAt(end), TOKEN)) end++;
  reader.position = end;
  return asHeaderError(() => parseHost(text.slice(position, end)).host);
}

function readPort(reader: Reader): number {
  const start = reader.position;
  while (isDigit(reader.text.charCodeAt(reader.position))) reader.position++;
  return asHeaderError(() => parsePort(reader.text.slice(start, reader.position)));
}

// The branch names a transaction and rport is answered to: neither may be something that another reader skips.
function checkParams(params: Params): void {
  const rport = params.get('rport');
  if (params.get('branch') === null || (typeof rport === 'string' && decimal(rport, 65_535) === null)) {
    throw new GatewayError('SIP_HEADER', 'A Via parameter is malformed.');
  }
  if (params.get('received') === null) throw new GatewayError('SIP_HEADER', 'A Via parameter is malformed.');
}

function asHeaderError<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new GatewayError('SIP_HEADER', 'The sent-by of a Via is malformed.', { cause });
  }
}
