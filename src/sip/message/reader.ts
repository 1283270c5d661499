import { GatewayError } from '../../base/errors.js';
import { parseIp } from '../../base/ip.js';
import { isBlank, isIn, TOKEN } from './chars.js';
import type { Params } from './types.js';
import { NO_PARAMS } from './uri-params.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Parameters whose value is an identifier or an address: between quotes other readers would take it for another value. */
const NEVER_QUOTED: ReadonlySet<string> = new Set(['tag', 'branch', 'received', 'rport', 'maddr', 'ttl']);

/**
 * A position in one unfolded header field value. Every method consumes what the grammar of RFC 3261 §25.1 says, or
 * throws GatewayError SIP_HEADER; nothing is skipped.
 */
export class Reader {
  readonly text: string;
  position = 0;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  skipBlanks(): void {
    while (isBlank(this.text.charCodeAt(this.position))) this.position++;
  }

  /** Consumes `character` with the blanks around it (SEMI, COMMA, EQUAL, SLASH …), or nothing. */
  take(character: string): boolean {
    const start = this.position;
    this.skipBlanks();
    if (this.text.charCodeAt(this.position) !== character.charCodeAt(0)) {
      this.position = start;
      return false;
    }
    this.position++;
    this.skipBlanks();
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) throw new GatewayError('SIP_HEADER');
  }

  /** A token; an empty one is refused. */
  token(): string {
    const start = this.position;
    while (isIn(this.text.charCodeAt(this.position), TOKEN)) this.position++;
    if (this.position === start) throw new GatewayError('SIP_HEADER');
    return this.text.slice(start, this.position);
  }

  /** A quoted-string from its opening quote, without quotes and backslashes. */
  quoted(): string {
    if (this.text.charCodeAt(this.position) !== QUOTE) throw new GatewayError('SIP_HEADER');
    let value = '';
    let start = ++this.position;
    for (; this.position < this.text.length; this.position++) {
      const code = this.text.charCodeAt(this.position);
      if (code === QUOTE) {
        value += this.text.slice(start, this.position++);
        return value;
      }
      if (code !== BACKSLASH) continue;
      value += this.text.slice(start, this.position);
      start = ++this.position;
      // RFC 3261 §25.1 quoted-pair: a backslash escapes ASCII only.
      if (this.text.charCodeAt(start) > 0x7f) throw new GatewayError('SIP_HEADER');
    }
    throw new GatewayError('SIP_HEADER', 'A quoted string does not end.');
  }

  /** `*( SEMI generic-param )`. RFC 3261 §7.3.1: a parameter name must not appear more than once. */
  params(): Params {
    if (!this.take(';')) return NO_PARAMS;
    const params = new Map<string, string | null>();
    do {
      const name = this.token().toLowerCase();
      if (params.has(name)) throw new GatewayError('SIP_HEADER', 'A header parameter stands twice.');
      params.set(name, this.take('=') ? this.#paramValue(name) : null);
    } while (this.take(';'));
    return params;
  }

  /** gen-value: a token, an IPv6 reference or a quoted-string. */
  #paramValue(name: string): string {
    const code = this.text.charCodeAt(this.position);
    if (code === QUOTE && !NEVER_QUOTED.has(name)) return this.quoted();
    if (name === 'received' || code === 0x5b) return this.#address();
    return this.token();
  }

  // RFC 5118 §4.5: `received` is met with and without brackets; both are read, and kept as written.
  #address(): string {
    const start = this.position;
    let end = start;
    while (end < this.text.length && !isBlank(this.text.charCodeAt(end)) && !';,'.includes(this.text.charAt(end)))
      end++;
    const written = this.text.slice(start, end);
    const bare = written.startsWith('[') && written.endsWith(']') ? written.slice(1, -1) : written;
    if (parseIp(bare) === null) throw new GatewayError('SIP_HEADER', 'A header parameter is no address.');
    this.position = end;
    return written;
  }
}
