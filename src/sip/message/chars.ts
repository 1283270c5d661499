/** Character classes of RFC 3261 §25.1 as bits of one table, so that a scanner tests a character with one look-up. */
const TABLE = new Uint8Array(128);

export const TOKEN = 0x01;
export const WORD = 0x02;
export const USER = 0x04;
export const PASSWORD = 0x08;
export const URI_PARAM = 0x10;
export const URI_HEADER = 0x20;
/** What may stand in an absolute URI of a scheme that we do not know (reserved, unreserved; RFC 2396 and IPv6 brackets). */
export const URIC = 0x40;
export const ALPHANUM = 0x80;

const LETTERS_DIGITS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const UNRESERVED = `${LETTERS_DIGITS}-_.!~*'()`;

function mark(characters: string, bit: number): void {
  for (const character of characters) {
    const code = character.charCodeAt(0);
    TABLE[code] = (TABLE[code] ?? 0) | bit;
  }
}

mark(LETTERS_DIGITS, ALPHANUM);
mark(`${LETTERS_DIGITS}-.!%*_+\`'~`, TOKEN);
mark(`${LETTERS_DIGITS}-.!%*_+\`'~()<>:\\"/[]?{}`, WORD);
// `%` is in none of the URI classes: an escape is read as a whole.
mark(`${UNRESERVED}&=+$,;?/`, USER);
mark(`${UNRESERVED}&=+$,`, PASSWORD);
mark(`${UNRESERVED}[]/:&+$`, URI_PARAM);
mark(`${UNRESERVED}[]/?:+$`, URI_HEADER);
mark(`${UNRESERVED};/?:@&=+$,[]`, URIC);

export const SP = 0x20;
export const TAB = 0x09;
export const CR = 0x0d;
export const LF = 0x0a;
export const DEL = 0x7f;

/** Whether the character code belongs to one of the classes in `bits`. Never true beyond ASCII. */
export function isIn(code: number, bits: number): boolean {
  return code < 128 && ((TABLE[code] ?? 0) & bits) !== 0;
}

export function isBlank(code: number): boolean {
  return code === SP || code === TAB;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isHex(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

/** Whether `text` is a token (RFC 3261 §25.1). */
export function isToken(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (!isIn(text.charCodeAt(index), TOKEN)) return false;
  return text.length > 0;
}

/** Whether `text` holds a control character: C0, DEL or C1. */
export function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < SP || (code >= 0x7f && code <= 0x9f)) return true;
  }
  return false;
}

/** `text` from `start` to `end` without spaces and tabs at either end. Unlike `trim` it takes nothing else away. */
export function sliceTrimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** The number that `text` writes in decimal digits, or null when it is anything else or over `max`. */
export function decimal(text: string, max: number): number | null {
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (!isDigit(code)) return null;
    value = value * 10 + code - 0x30;
    if (value > max) return null;
  }
  return text.length === 0 ? null : value;
}
