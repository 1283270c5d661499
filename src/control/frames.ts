import { GatewayError } from '../base/errors.js';

const CRLF = '\r\n';
const HASH = 0x23;
const ZERO = 0x30;
const NINE = 0x39;

/** Digits a client may write before `#`: frames of up to 99,999 bytes. */
const MAX_LENGTH_DIGITS = 5;

/**
 * Reads `<decimal byte length>#<payload>` frames from a byte stream cut anywhere. The length is checked before anything
 * is allocated, so a client can make us hold at most one frame.
 */
export class FrameReader {
  #digits = 0;
  #size = 0;
  #filled = 0;
  #payload: Buffer | null = null;

  /**
   * Takes the next bytes and yields every payload that is now complete. Throws `CONTROL_PROTOCOL` at the first byte that
   * is no frame; the reader is of no use afterwards.
   */
  *push(chunk: Buffer): Generator<Buffer, void, undefined> {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#payload === null) {
        this.#readLengthByte(chunk[offset++] ?? 0);
        continue;
      }
      const copied = chunk.copy(this.#payload, this.#filled, offset);
      offset += copied;
      this.#filled += copied;
      if (this.#filled === this.#size) yield this.#take(this.#payload);
    }
  }

  #readLengthByte(byte: number): void {
    if (byte === HASH && this.#size > 0) {
      this.#payload = Buffer.allocUnsafe(this.#size);
      return;
    }
    if (byte < ZERO || byte > NINE || this.#digits === MAX_LENGTH_DIGITS) {
      throw new GatewayError('CONTROL_PROTOCOL', 'a control frame has no valid length');
    }
    this.#digits += 1;
    this.#size = this.#size * 10 + byte - ZERO;
  }

  #take(payload: Buffer): Buffer {
    this.#payload = null;
    this.#digits = 0;
    this.#size = 0;
    this.#filled = 0;
    return payload;
  }
}

/** One frame: the meta line, and after CRLF the SIP message when there is one. The length counts bytes. */
export function encodeFrame(meta: string, message: Buffer | null = null): Buffer {
  const line = Buffer.from(message === null ? meta : meta + CRLF, 'utf8');
  const size = line.length + (message?.length ?? 0);
  const head = Buffer.from(`${size}#`, 'latin1');
  return Buffer.concat(message === null ? [head, line] : [head, line, message]);
}
