import { GatewayError } from '../../base/errors.js';
import { decimal } from './chars.js';

/**
 * The value of a Content-Length field: decimal digits and nothing else (RFC 3261 §20.14). More than any limit of ours
 * is still a number; the caller compares it with what it has.
 * @throws GatewayError SIP_CONTENT_LENGTH
 */
export function parseContentLength(value: string): number {
  const length = decimal(value, Number.MAX_SAFE_INTEGER);
  if (length === null) throw new GatewayError('SIP_CONTENT_LENGTH');
  return length;
}
