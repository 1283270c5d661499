import { GatewayError } from '../../base/errors.js';
import { isDigit, isHex } from './chars.js';
import type { TelUri } from './types.js';
import { NO_PARAMS, parseUriParams } from './uri-params.js';

const VISUAL_SEPARATORS = '-.()';

/**
 * Parses a `tel:` URI (RFC 3966 §3). Visual separators are taken out of the number and its hexadecimal digits
 * upper-cased; a local number must say in which context it is one.
 * @throws GatewayError SIP_URI
 */
export function parseTelUri(text: string): TelUri {
  const start = 'tel:'.length;
  const semicolon = text.indexOf(';', start);
  const numberEnd = semicolon < 0 ? text.length : semicolon;
  const global = text.charAt(start) === '+';
  const digits = readDigits(text.slice(global ? start + 1 : start, numberEnd), global);
  const { params, end } = semicolon < 0 ? { params: NO_PARAMS, end: numberEnd } : parseUriParams(text, semicolon);
  if (end !== text.length) throw new GatewayError('SIP_URI', 'A tel URI is malformed.');
  // RFC 3966 §5.1.5: a local number must have a phone-context; on a global one it would contradict the number.
  if (typeof params.get('phone-context') === 'string' ? global : !global) {
    throw new GatewayError('SIP_URI', 'A tel URI has a phone-context too many or too few.');
  }
  return { kind: 'tel', scheme: 'tel', number: (global ? '+' : '') + digits, params, text };
}

function readDigits(text: string, global: boolean): string {
  let digits = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (global ? isDigit(code) : isHex(code) || character === '*' || character === '#') digits += character;
    else if (!VISUAL_SEPARATORS.includes(character)) throw new GatewayError('SIP_URI', 'A tel number is malformed.');
  }
  if (digits === '') throw new GatewayError('SIP_URI', 'A tel URI has no number.');
  return digits.toUpperCase();
}
