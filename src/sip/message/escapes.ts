import { GatewayError } from '../../base/errors.js';
import { hasControl, isHex, isIn } from './chars.js';

const PERCENT = 0x25;

/**
 * The end of the longest run from `start` of characters of the class `bits` and of whole %-escapes.
 * @throws GatewayError SIP_URI at an escape that is not two hexadecimal digits
 */
export function endOfRun(text: string, start: number, bits: number): number {
  let index = start;
  for (; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isIn(code, bits)) continue;
    if (code !== PERCENT) break;
    if (!isHex(text.charCodeAt(index + 1)) || !isHex(text.charCodeAt(index + 2))) {
      throw new GatewayError('SIP_URI', 'A URI holds a malformed escape.');
    }
    index += 2;
  }
  return index;
}

/**
 * `text` with its %-escapes decoded exactly once. The result is refused when it is not UTF-8 or holds a control
 * character: readers that stop at a NUL or a line end would see another value than we do.
 * @throws GatewayError SIP_URI
 */
export function decodeEscapes(text: string): string {
  if (!text.includes('%')) return text;
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch (cause) {
    throw new GatewayError('SIP_URI', 'Escapes of a URI are not UTF-8.', { cause });
  }
  if (hasControl(decoded)) throw new GatewayError('SIP_URI', 'A URI holds an escaped control character.');
  return decoded;
}

/** `text` with every character outside the class `bits` escaped as UTF-8: the inverse of `decodeEscapes`. */
export function encodeEscapes(text: string, bits: number): string {
  let encoded = '';
  for (const character of text) {
    if (isIn(character.charCodeAt(0), bits)) encoded += character;
    else for (const byte of Buffer.from(character)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
