import { readFile } from 'node:fs/promises';
import type { CodecName } from '../call/ports.js';
import type { Log } from '../base/log.js';
import { encodeG711 } from '../audio/g711.js';
import { readWav, toTelephone } from '../audio/wav.js';

export type BuiltInName = 'apology' | 'greeting';

/** Where the packaged prompts lie: beside `src` and `dist` alike. */
const ASSETS = new URL('../../assets/', import.meta.url);

/** The packaged prompts, read once and kept in both codecs. A file that cannot be read is a prompt that fails. */
export class BuiltInPrompts {
  readonly #directory: URL;
  readonly #audio = new Map<BuiltInName, Readonly<Record<CodecName, Uint8Array>>>();

  constructor(directory: URL = ASSETS) {
    this.#directory = directory;
  }

  async load(log: Log): Promise<void> {
    for (const name of ['apology', 'greeting'] as const) {
      try {
        const samples = toTelephone(readWav(await readFile(new URL(`${name}.wav`, this.#directory))));
        this.#audio.set(name, { PCMU: encoded('PCMU', samples), PCMA: encoded('PCMA', samples) });
      } catch (err) {
        log.warn({ err, prompt: name }, 'a packaged prompt cannot be read');
      }
    }
  }

  /** The prompt in `codec`, or null when it could not be read. */
  audio(name: BuiltInName, codec: CodecName): Uint8Array | null {
    return this.#audio.get(name)?.[codec] ?? null;
  }
}

function encoded(codec: CodecName, samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  encodeG711(codec, samples, bytes);
  return bytes;
}
