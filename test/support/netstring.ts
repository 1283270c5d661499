/** Frames `length:text,` as baresip's control connection uses them; ASCII or UTF-8. */
export function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

/** Takes netstrings out of a stream, however that is cut. Throws on anything else. */
export class NetstringReader {
  #rest = Buffer.alloc(0);

  push(chunk: Uint8Array): string[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const texts: string[] = [];
    for (;;) {
      const colon = this.#rest.indexOf(':');
      if (colon < 0) return texts;
      const start = colon + 1;
      const end = start + Number(this.#rest.toString('latin1', 0, colon));
      if (Number.isNaN(end)) throw new Error('not a netstring');
      if (this.#rest.length <= end) return texts;
      if (this.#rest[end] !== 0x2c) throw new Error('a netstring without its end');
      texts.push(this.#rest.toString('utf8', start, end));
      this.#rest = this.#rest.subarray(end + 1);
    }
  }
}
