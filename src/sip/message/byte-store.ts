const FIRST_CAPACITY = 1_024;

/** Collects bytes of one message; its memory doubles as bytes arrive, so that what a peer merely announces costs nothing. */
export class ByteStore {
  #bytes = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(source: Buffer, from: number, to: number): void {
    const needed = this.#length + to - from;
    if (needed > this.#bytes.length) this.#grow(needed);
    source.copy(this.#bytes, this.#length, from, to);
    this.#length = needed;
  }

  /** What was collected, valid until the next call. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was collected, for the caller to keep; the store is empty after that. */
  take(): Buffer {
    const taken = this.view();
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }

  #grow(needed: number): void {
    const capacity = Math.max(needed, this.#bytes.length * 2, FIRST_CAPACITY);
    const grown = Buffer.allocUnsafe(capacity);
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
