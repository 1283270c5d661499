import type { CodecName } from '../call/ports.js';
import { GatewayError } from '../base/errors.js';
import type { AudioFormat } from '../speech/adapter.js';
import { DECODE, G711_RATE, TRANSCODE } from '../audio/g711.js';
import type { Sink, Stage } from './stage.js';

const CODEC_OF = { mulaw: 'PCMU', alaw: 'PCMA' } as const;

/** A codec of the media path as the speech contract names it. */
export function formatOf(codec: CodecName): AudioFormat {
  return { encoding: codec === 'PCMU' ? 'mulaw' : 'alaw', rate: G711_RATE };
}

/**
 * Collects G.711 bytes into frames of `frameMs` in the format of the recogniser: as received where that is the format
 * (bit for bit), else through a table. Every frame is a buffer of its own, because the recogniser may keep it.
 */
export class Framer implements Stage<Uint8Array> {
  readonly name = 'framer';
  readonly drops = {};
  readonly #next: Sink<Uint8Array>;
  readonly #format: AudioFormat;
  readonly #frameBytes: number;
  #codec: CodecName;
  #frame: Buffer;
  #filled = 0;

  /** Throws GatewayError INTERNAL when the recogniser wants another rate than 8,000. */
  constructor(next: Sink<Uint8Array>, codec: CodecName, format: AudioFormat, frameMs: number) {
    if (format.rate !== G711_RATE) throw new GatewayError('INTERNAL', 'The recogniser wants a rate we do not make.');
    this.#next = next;
    this.#codec = codec;
    this.#format = format;
    this.#frameBytes = frameMs * (G711_RATE / 1_000) * (format.encoding === 'l16' ? 2 : 1);
    this.#frame = Buffer.allocUnsafeSlow(this.#frameBytes);
  }

  /** The codec of a re-negotiated stream. */
  accept(codec: CodecName): void {
    this.#codec = codec;
  }

  push(audio: Uint8Array): void {
    if (this.#format.encoding === 'l16') this.#pushLinear(audio);
    else if (CODEC_OF[this.#format.encoding] === this.#codec) this.#pushBytes(audio, null);
    else this.#pushBytes(audio, TRANSCODE[CODEC_OF[this.#format.encoding]]);
  }

  /** Hands on the frame begun. */
  close(): void {
    if (this.#filled > 0) this.#hand(this.#frame.subarray(0, this.#filled));
  }

  #pushBytes(audio: Uint8Array, table: Uint8Array | null): void {
    for (let index = 0; index < audio.length; index += 1) {
      const byte = audio[index] ?? 0;
      this.#frame[this.#filled++] = table === null ? byte : (table[byte] ?? 0);
      if (this.#filled === this.#frameBytes) this.#hand(this.#frame);
    }
  }

  #pushLinear(audio: Uint8Array): void {
    const table = DECODE[this.#codec];
    for (let index = 0; index < audio.length; index += 1) {
      const sample = table[audio[index] ?? 0] ?? 0;
      this.#frame[this.#filled++] = sample & 0xff;
      this.#frame[this.#filled++] = (sample >> 8) & 0xff;
      if (this.#filled === this.#frameBytes) this.#hand(this.#frame);
    }
  }

  #hand(frame: Uint8Array): void {
    this.#frame = Buffer.allocUnsafeSlow(this.#frameBytes);
    this.#filled = 0;
    this.#next.push(frame);
  }
}
