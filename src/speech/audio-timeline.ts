/** A run of audio that the service got without a hole: where it began there and in the session. */
interface Run {
  readonly serviceMs: number;
  readonly sessionMs: number;
}

/** Holes of one connection that are remembered; results older than that many holes cannot come any more. */
const MAX_RUNS = 64;

/**
 * Translates the service's time into the session's. A service counts the audio of its own connection only; what was
 * dropped before or in between, and what an earlier connection had, it does not know of.
 */
export class AudioTimeline {
  readonly #bytesPerMs: number;
  #runs: Run[] = [];
  #sentBytes = 0;
  #nextPosition = -1;

  constructor(bytesPerMs: number) {
    this.#bytesPerMs = bytesPerMs;
  }

  /** A new connection: the service counts from zero. */
  restart(): void {
    this.#runs = [];
    this.#sentBytes = 0;
    this.#nextPosition = -1;
  }

  /** Notes that `length` bytes were sent which begin at `position` of the session. */
  sent(position: number, length: number): void {
    if (position !== this.#nextPosition) {
      this.#runs.push({ serviceMs: this.#sentBytes / this.#bytesPerMs, sessionMs: position / this.#bytesPerMs });
      if (this.#runs.length > MAX_RUNS) this.#runs.shift();
    }
    this.#sentBytes += length;
    this.#nextPosition = position + length;
  }

  /** Session milliseconds at the end of what was sent over this connection; 0 before anything was. */
  get endMs(): number {
    return Math.max(0, Math.round(this.#nextPosition / this.#bytesPerMs));
  }

  /** Session milliseconds at which this connection's audio begins. */
  get startMs(): number {
    return Math.round(this.#runs[0]?.sessionMs ?? 0);
  }

  /** Session milliseconds of a moment in the service's time; never beyond what was sent. */
  toSession(serviceMs: number): number {
    const run = this.#runs.findLast((one) => one.serviceMs <= serviceMs) ?? this.#runs[0];
    if (run === undefined) return 0;
    return Math.min(this.endMs, Math.max(0, Math.round(run.sessionMs + serviceMs - run.serviceMs)));
  }
}
