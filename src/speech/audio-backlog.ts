/** A chunk of audio and where it stands in the session, in bytes since its first audio. */
export interface AudioChunk {
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** Audio that waits for its service, oldest first. Over its bound the oldest is dropped, in whole chunks. */
export class AudioBacklog {
  readonly #maxBytes: number;
  readonly #chunks: AudioChunk[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a copy of the chunk. Returns the number of bytes dropped for it. */
  push(bytes: Uint8Array, position: number): number {
    this.#chunks.push({ bytes: Buffer.from(bytes), position });
    this.#bytes += bytes.length;
    let dropped = 0;
    while (this.#bytes > this.#maxBytes) dropped += this.shift()?.bytes.length ?? 0;
    return dropped;
  }

  /** The oldest chunk, left in its place. */
  peek(): AudioChunk | undefined {
    return this.#chunks[0];
  }

  shift(): AudioChunk | undefined {
    const chunk = this.#chunks.shift();
    this.#bytes -= chunk?.bytes.length ?? 0;
    return chunk;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#bytes = 0;
  }
}
