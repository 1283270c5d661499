/** One auth-param (RFC 3261 §25.1): `quoted` tells `name="value"` from `name=token`; escapes are removed. */
export interface AuthParam {
  readonly value: string;
  readonly quoted: boolean;
}

/** A challenge or credentials before their meaning is looked at. Names are lower-case. */
export interface AuthFields {
  /** Lower-case, as schemes are case-insensitive. */
  readonly scheme: string;
  readonly params: ReadonlyMap<string, AuthParam>;
}

const MAX_TEXT_CHARS = 4_096;
const MAX_PARAMS = 24;
const MAX_VALUE_CHARS = 1_024;
const TOKEN = /[A-Za-z0-9\-.!%*_+`'~]+/y;
const COMMA = /[ \t]*,[ \t]*/y;
const EQUAL = /[ \t]*=[ \t]*/y;
const BLANKS = /[ \t]+/y;

/**
 * Splits the value of an Authorization or WWW-Authenticate field by the grammar of RFC 3261 §25.1. Null when anything
 * does not fit: unbalanced quotes, control characters, a parameter twice, empty list members, or a size over its cap.
 */
export function parseAuthFields(text: string): AuthFields | null {
  if (text.length > MAX_TEXT_CHARS) return null;
  const scanner = new Scanner(text);
  const scheme = scanner.take(TOKEN);
  if (scheme === null || scanner.take(BLANKS) === null) return null;
  const params = new Map<string, AuthParam>();
  do {
    const name = scanner.take(TOKEN)?.toLowerCase();
    if (name === undefined || params.has(name) || params.size === MAX_PARAMS) return null;
    if (scanner.take(EQUAL) === null) return null;
    const param = scanner.param();
    if (param === null || param.value.length > MAX_VALUE_CHARS) return null;
    params.set(name, param);
  } while (scanner.take(COMMA) !== null);
  return scanner.atEnd ? { scheme: scheme.toLowerCase(), params } : null;
}

/** The scheme of an Authorization value, lower-case; null when no scheme followed by a blank begins it. */
export function authScheme(text: string): string | null {
  const scanner = new Scanner(text);
  const scheme = scanner.take(TOKEN);
  return scheme === null || scanner.take(BLANKS) === null ? null : scheme.toLowerCase();
}

/** `text` as quoted-string; null when it holds a control character, which no quoted-string of ours may carry. */
export function quoteString(text: string): string | null {
  return hasControl(text) ? null : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Whether `text` holds a C0 control character or DEL. */
export function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** A position in a text. Every pattern is sticky and consumes greedily without backtracking: linear on any input. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return null;
    this.#at += found.length;
    return found;
  }

  param(): AuthParam | null {
    const quoted = this.#text[this.#at] === '"';
    const value = quoted ? this.#quotedString() : this.take(TOKEN);
    return value === null ? null : { value, quoted };
  }

  /** RFC 3261 §25.1: quoted-string; `\` takes the next character as it is. Control characters are refused either way. */
  #quotedString(): string | null {
    let value = '';
    for (let index = this.#at + 1; index < this.#text.length; index++) {
      const char = this.#text.charAt(index);
      if (char === '"') {
        this.#at = index + 1;
        return value;
      }
      const taken = char === '\\' ? this.#text.charAt(++index) : char;
      if (taken === '' || (hasControl(taken) && taken !== '\t')) return null;
      value += taken;
    }
    return null;
  }
}
