import { GatewayError } from '../../base/errors.js';
import { CR, isIn, SP, TOKEN } from './chars.js';

const SLASH = 0x2f;
const VERSION = [0x53, 0x49, 0x50, SLASH]; // SIP/
const CASE_BIT = 0x20;

/**
 * Tells a stream that is not SIP (HTTP, a TLS record, a PROXY header, noise) as early as its bytes allow, so that
 * nothing of it is kept or answered. It only asks for a token or `SIP/` first and for `SIP/` in the last word: what is
 * SIP but malformed is left to the parser, which can answer it.
 */
export class StartProbe {
  #phase: 'first-word' | 'rest' | 'done' = 'first-word';
  /** How many characters of the current word agree with `SIP/`; -1 after one that does not. */
  #matched = 0;
  #lastWordIsVersion = false;
  #anyCharacter = false;

  /**
   * Reads the next bytes of the stream; what comes after the start line is passed over.
   * @throws GatewayError SIP_FRAMING
   */
  read(bytes: Uint8Array, from: number, to: number): void {
    for (let index = from; index < to && this.#phase !== 'done'; index++) {
      const byte = bytes[index] as number;
      if (byte === CR) this.#endOfLine();
      else if (byte === SP) this.#endOfWord();
      else this.#character(byte);
    }
  }

  #character(byte: number): void {
    this.#anyCharacter = true;
    const before = this.#matched;
    if (before >= 0 && before < 4) {
      const upper = byte >= 0x61 ? byte & ~CASE_BIT : byte;
      this.#matched = upper === VERSION[before] ? before + 1 : -1;
    }
    this.#lastWordIsVersion = this.#matched === 4;
    if (this.#phase !== 'first-word' || this.#matched === 4) return;
    if (!isIn(byte, TOKEN)) throw new GatewayError('SIP_FRAMING');
  }

  #endOfWord(): void {
    if (!this.#anyCharacter) throw new GatewayError('SIP_FRAMING');
    if (this.#phase === 'first-word' && this.#matched === 4) this.#phase = 'done';
    else this.#phase = 'rest';
    this.#matched = 0;
  }

  #endOfLine(): void {
    if (!this.#lastWordIsVersion) throw new GatewayError('SIP_FRAMING');
    this.#phase = 'done';
  }
}
