/** Runs `task` when at least one whole turn of the event loop has passed. */
export type Turn = (task: () => void) => void;

/**
 * Two immediates have a whole poll phase between them: an application in this thread has read what its loopback socket
 * held, and the promises that waited for it have run, before `task` does. One in another process gets what a network
 * would give it: separate writes, and no promise.
 */
export const nextTurn: Turn = (task) => {
  setImmediate(() => setImmediate(task));
};

/** Writes one frame; `written` is called when the kernel has it, or when the connection is gone. */
export type WriteFrame = (frame: Buffer, written: () => void) => void;

/**
 * Puts a turn of the event loop between two frames about the same dialog. drachtio-srf handles all frames of one read
 * without a break, and an application that awaits `createUAS` attaches its handlers only after that: an ACK or BYE in
 * the same read as the echo of the 200 would find nobody listening. Frames of one key keep their order; different keys
 * do not wait for each other.
 */
export class FramePacer {
  readonly #write: WriteFrame;
  readonly #turn: Turn;
  readonly #waiting = new Map<string, Buffer[]>();

  constructor(write: WriteFrame, turn: Turn = nextTurn) {
    this.#write = write;
    this.#turn = turn;
  }

  /** Writes `frame` now, or after the frames about `key` that are under way. */
  send(key: string, frame: Buffer): void {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.push(frame);
      return;
    }
    this.#waiting.set(key, []);
    this.#writeThenRest(key, frame);
  }

  /** Forgets what still waits. */
  clear(): void {
    this.#waiting.clear();
  }

  #writeThenRest(key: string, frame: Buffer): void {
    this.#write(frame, () => {
      this.#turn(() => {
        const next = this.#waiting.get(key)?.shift();
        if (next === undefined) this.#waiting.delete(key);
        else this.#writeThenRest(key, next);
      });
    });
  }
}
