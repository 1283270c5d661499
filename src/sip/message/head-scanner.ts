import { GatewayError } from '../../base/errors.js';
import type { SipLimits } from '../../base/limits.js';
import { CR, DEL, LF, SP, TAB } from './chars.js';

const LINE_START = 0;
const LINE = 1;
const AFTER_CR = 2;
const AFTER_LAST_CR = 3;

/**
 * Finds the end of a header block and refuses the bytes that must not stand in one: control characters, NUL, DEL, and
 * CR or LF that are no CRLF pair. Resumable at any byte, so that datagrams and streams are read by the same code.
 */
export class HeadScanner {
  #state = LINE_START;
  #ascii = true;

  /** Whether every byte read so far is ASCII. */
  get ascii(): boolean {
    return this.#ascii;
  }

  /**
   * Reads `bytes` from `from` to `to`. Returns the index after the empty line, or -1 when it is still to come.
   * @throws GatewayError SIP_BYTES
   */
  scan(bytes: Uint8Array, from: number, to: number): number {
    let state = this.#state;
    for (let index = from; index < to; index++) {
      const byte = bytes[index] as number;
      if (state === LINE && byte > SP && byte < DEL) continue; // nearly every byte
      if (state >= AFTER_CR) {
        if (byte !== LF) throw new GatewayError('SIP_BYTES', 'A CR stands without LF.');
        if (state === AFTER_LAST_CR) return index + 1;
        state = LINE_START;
      } else if (byte >= SP ? byte !== DEL : byte === TAB) {
        state = LINE;
        if (byte > DEL) this.#ascii = false;
      } else if (byte === CR) {
        state = state === LINE ? AFTER_CR : AFTER_LAST_CR;
      } else {
        throw new GatewayError('SIP_BYTES');
      }
    }
    this.#state = state;
    return -1;
  }
}

/** The refusal of a header block that is over its limit: when it is the start line that does not end, 414. */
export function oversizeHead(bytes: Buffer, limits: SipLimits): GatewayError {
  const lineEnd = bytes.subarray(0, limits.headerLineBytes).indexOf(CR);
  return lineEnd < 0 ? new GatewayError('SIP_URI_TOO_LONG') : new GatewayError('SIP_TOO_LARGE');
}
