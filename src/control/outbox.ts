import type { Socket } from 'node:net';

/** Told that the kernel has the frame. */
export type Written = () => void;

/**
 * Writes all frames of one turn of the event loop at once. One write is one segment on loopback: frames written one by
 * one in a burst would fill the congestion window, wait in our own kernel buffer and reach the reader together with what
 * was written turns later. It also costs one system call instead of many.
 */
export class Outbox {
  readonly #socket: Socket;
  #frames: Buffer[] = [];
  #written: Written[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Bytes that were handed to the socket and not yet to the kernel. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  push(frame: Buffer, written?: Written): void {
    if (this.#frames.length === 0) setImmediate(() => this.flush());
    this.#frames.push(frame);
    if (written !== undefined) this.#written.push(written);
  }

  /** Writes what waits now. */
  flush(): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    const written = this.#written;
    this.#frames = [];
    this.#written = [];
    this.#socket.write(Buffer.concat(frames), () => {
      for (const tell of written) tell();
    });
  }
}
