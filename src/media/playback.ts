import type { PromptOutcome } from '../call/ports.js';
import { G711_RATE } from '../audio/g711.js';
import type { FrameSource } from './paced-sender.js';

/** Audio of a prompt in the codec of the leg, chunk by chunk; ends early, without error, when the signal aborts. */
export type PromptSource = (signal: AbortSignal) => AsyncIterable<Uint8Array>;

export interface PlaybackListener {
  onEnded(promptId: number, outcome: PromptOutcome): void;
  /** The source of a prompt threw; `onEnded` with `failed` follows. */
  onError(error: unknown): void;
}

const BYTES_PER_MS = G711_RATE / 1_000;
/** Audio read ahead of the one playing; beyond it the source waits. */
const AHEAD_BYTES = 2_000 * BYTES_PER_MS;
/** A prompt begins with so much in hand, or with all of it, so that an uneven source does not stutter at once. */
const PREROLL_BYTES = 60 * BYTES_PER_MS;
/** Prompts that may wait; one more fails at once. */
const MAX_WAITING = 64;

interface Prompt {
  readonly id: number;
  readonly source: PromptSource;
  readonly abort: AbortController;
  readonly chunks: Uint8Array[];
  bytes: number;
  offset: number;
  started: boolean;
  end: PromptOutcome | null;
  wake: (() => void) | null;
}

/** Plays prompts one after the other. The sender reads; sources are read ahead by a bounded amount. */
export class Playback implements FrameSource {
  readonly #listener: PlaybackListener;
  readonly #queue: Prompt[] = [];

  constructor(listener: PlaybackListener) {
    this.#listener = listener;
  }

  /** Prompts playing or waiting. */
  get length(): number {
    return this.#queue.length;
  }

  enqueue(promptId: number, source: PromptSource): void {
    if (this.#queue.length >= MAX_WAITING) {
      this.#listener.onEnded(promptId, 'failed');
      return;
    }
    this.#queue.push({
      id: promptId,
      source,
      abort: new AbortController(),
      chunks: [],
      bytes: 0,
      offset: 0,
      started: false,
      end: null,
      wake: null,
    });
    if (this.#queue.length === 1) this.#begin();
  }

  /** Ends what plays and what waits, now; each outcome is `interrupted`. */
  stop(): void {
    for (const prompt of this.#queue.splice(0)) {
      prompt.abort.abort();
      prompt.wake?.();
      this.#listener.onEnded(prompt.id, 'interrupted');
    }
  }

  read(out: Uint8Array): number {
    let prompt = this.#queue[0];
    // A prompt ends one packet after its last one, so that who hangs up then cuts nothing off.
    while (prompt !== undefined && prompt.bytes === 0 && prompt.end !== null) {
      this.#finish(prompt, prompt.end);
      prompt = this.#queue[0];
    }
    if (prompt === undefined) return 0;
    prompt.started ||= prompt.end !== null || prompt.bytes >= PREROLL_BYTES;
    if (!prompt.started) return 0;
    const filled = take(prompt, out);
    if (prompt.bytes < AHEAD_BYTES) prompt.wake?.();
    return filled;
  }

  #begin(): void {
    const prompt = this.#queue[0];
    if (prompt === undefined) return;
    void this.#pump(prompt).then((end) => {
      if (prompt.abort.signal.aborted) return;
      prompt.end = end;
      if (prompt.bytes === 0) this.#finish(prompt, end);
    });
  }

  /** Reads the source to its end; says how the prompt ends once all of it has been played. */
  async #pump(prompt: Prompt): Promise<PromptOutcome> {
    const { signal } = prompt.abort;
    try {
      for await (const chunk of prompt.source(signal)) {
        if (chunk.length > 0) prompt.chunks.push(chunk);
        prompt.bytes += chunk.length;
        while (prompt.bytes >= AHEAD_BYTES && !signal.aborted) await drained(prompt);
        if (signal.aborted) return 'interrupted';
      }
      return 'played';
    } catch (error) {
      if (!signal.aborted) this.#listener.onError(error);
      return 'failed';
    }
  }

  #finish(prompt: Prompt, outcome: PromptOutcome): void {
    if (this.#queue[0] !== prompt) return;
    this.#queue.shift();
    this.#listener.onEnded(prompt.id, outcome);
    this.#begin();
  }
}

function drained(prompt: Prompt): Promise<void> {
  return new Promise((resolve) => {
    prompt.wake = () => {
      prompt.wake = null;
      resolve();
    };
  });
}

function take(prompt: Prompt, out: Uint8Array): number {
  let filled = 0;
  for (let chunk = prompt.chunks[0]; chunk !== undefined && filled < out.length; chunk = prompt.chunks[0]) {
    const count = Math.min(out.length - filled, chunk.length - prompt.offset);
    for (let index = 0; index < count; index += 1) out[filled + index] = chunk[prompt.offset + index] ?? 0;
    filled += count;
    prompt.offset += count;
    if (prompt.offset < chunk.length) break;
    prompt.chunks.shift();
    prompt.offset = 0;
  }
  prompt.bytes -= filled;
  return filled;
}
