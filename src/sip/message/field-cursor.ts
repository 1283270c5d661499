import { GatewayError } from '../../base/errors.js';
import { isBlank, isIn, sliceTrimmed, TOKEN } from './chars.js';
import { canonicalName } from './names.js';

const COLON = 0x3a;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Walks the header fields of a header block that `HeadScanner` has passed. It is the only reader of header fields in
 * the product: what the framer takes for Content-Length and what policy takes for From are the same fields.
 */
export class FieldCursor {
  /** The header block as latin1: one character a byte. */
  readonly #text: string;
  readonly #ascii: boolean;
  #next: number;
  #lineStart = 0;
  #nameEnd = 0;
  #valueStart = 0;
  #valueEnd = 0;
  #folded = false;

  /**
   * `text` is the block with its empty line, `position` where the first field begins; `ascii` says that values need no
   * decoding because `HeadScanner` saw nothing but ASCII.
   */
  constructor(text: string, position: number, ascii = false) {
    this.#text = text;
    this.#ascii = ascii;
    this.#next = position;
  }

  /**
   * Goes to the next field; false at the empty line.
   * @throws GatewayError SIP_HEADER when the line is not `token HCOLON value`
   */
  next(): boolean {
    const text = this.#text;
    const start = this.#next;
    const lineEnd = text.indexOf('\r', start);
    if (lineEnd <= start) return false;
    this.#lineStart = start;
    this.#nameEnd = start;
    while (isIn(text.charCodeAt(this.#nameEnd), TOKEN)) this.#nameEnd++;
    let colon = this.#nameEnd;
    // RFC 3261 §7.3.1: blanks may stand before the colon, but no fold: the line would look like a continuation.
    while (isBlank(text.charCodeAt(colon))) colon++;
    if (text.charCodeAt(colon) !== COLON || this.#nameEnd === start) {
      throw new GatewayError('SIP_HEADER', 'A header line is not a name, a colon and a value.');
    }
    this.#valueStart = colon + 1;
    this.#valueEnd = this.#endOfFolds(lineEnd);
    this.#folded = this.#valueEnd > lineEnd;
    this.#next = this.#valueEnd + 2;
    return true;
  }

  /** The end of the last line that continues the one ending at `lineEnd`. */
  #endOfFolds(lineEnd: number): number {
    const text = this.#text;
    let end = lineEnd;
    while (isBlank(text.charCodeAt(end + 2))) {
      const nextEnd = text.indexOf('\r', end + 2);
      // A line of blanks ends the header block for some readers and goes on for others.
      if (sliceTrimmed(text, end + 2, nextEnd) === '') throw new GatewayError('SIP_HEADER', 'A header line is blank.');
      end = nextEnd;
    }
    return end;
  }

  /** Name as written. */
  get rawName(): string {
    return this.#text.slice(this.#lineStart, this.#nameEnd);
  }

  /** Canonical name. */
  get name(): string {
    return canonicalName(this.rawName);
  }

  /** Bytes of the field from its name to the last byte of its last line. */
  get size(): number {
    return this.#valueEnd - this.#lineStart;
  }

  /** Where the value stands in the block, blanks and folds included. */
  get valueStart(): number {
    return this.#valueStart;
  }

  get valueEnd(): number {
    return this.#valueEnd;
  }

  /** The value as latin1, unfolded and trimmed. */
  get latin1Value(): string {
    return this.#folded
      ? unfold(this.#text.slice(this.#valueStart, this.#valueEnd))
      : sliceTrimmed(this.#text, this.#valueStart, this.#valueEnd);
  }

  /** The value, unfolded and trimmed. @throws GatewayError SIP_BYTES when it is not UTF-8 */
  get value(): string {
    return this.#ascii ? this.latin1Value : utf8(this.latin1Value);
  }
}

/** Reads latin1 text, one character a byte, as UTF-8. @throws GatewayError SIP_BYTES when it is not UTF-8 */
export function utf8(latin1: string): string {
  for (let index = 0; index < latin1.length; index++) {
    if (latin1.charCodeAt(index) < 0x80) continue;
    try {
      return decoder.decode(Buffer.from(latin1, 'latin1'));
    } catch (cause) {
      throw new GatewayError('SIP_BYTES', 'A header value is not UTF-8.', { cause });
    }
  }
  return latin1;
}

// RFC 3261 §7.3.1: a line end followed by blanks is the same as one space.
function unfold(text: string): string {
  const lines = text.split('\r\n').map((line) => sliceTrimmed(line, 0, line.length));
  return lines[0] === '' ? lines.slice(1).join(' ') : lines.join(' ');
}
