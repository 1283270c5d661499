import { createWriteStream, type WriteStream } from 'node:fs';
import { GatewayError, messageOf } from '../base/errors.js';

/** Most bytes waiting for a slow disk or pipe; more lines are dropped and counted, so that no call waits for a log. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

/** Writes one JSON object a line to a file (appending, mode 0600) or to stdout, without ever blocking. */
export class LineSink {
  readonly #target: string;
  #stream: WriteStream | NodeJS.WriteStream | null = null;
  #dropped = 0;
  #failure: string | null = null;

  /** `target` is a path, or `-` for stdout. */
  constructor(target: string) {
    this.#target = target;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** What went wrong last, or null. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Opens the target. Throws GatewayError FILE_UNAVAILABLE. */
  async start(): Promise<void> {
    if (this.#target === '-') {
      this.#stream = process.stdout;
      this.#stream.on('error', this.#onError);
      return;
    }
    const stream = createWriteStream(this.#target, { flags: 'a', mode: 0o600 });
    await new Promise<void>((resolve, reject) => {
      stream.once('open', () => resolve());
      stream.once('error', (error) =>
        reject(
          new GatewayError('FILE_UNAVAILABLE', `cannot write ${this.#target}: ${messageOf(error)}`, { cause: error }),
        ),
      );
    });
    stream.on('error', this.#onError);
    this.#stream = stream;
  }

  write(record: object): void {
    const stream = this.#stream;
    if (stream === null || stream.destroyed || stream.writableLength > MAX_PENDING_BYTES) this.#dropped += 1;
    else stream.write(`${JSON.stringify(record)}\n`);
  }

  /** Waits until what was written is handed to the system. */
  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    if (stream === null) return;
    if (stream === process.stdout) {
      await new Promise<void>((resolve) => stream.write('', () => resolve()));
      stream.off('error', this.#onError);
    } else {
      await new Promise<void>((resolve) => stream.end(() => resolve()));
    }
  }

  readonly #onError = (error: Error): void => {
    this.#failure = messageOf(error);
    this.#dropped += 1;
  };
}
