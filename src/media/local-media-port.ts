import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { MediaEvent, MediaOpenOptions, MediaPort, MediaSession } from '../call/ports.js';
import type { SpeechToText, TextToSpeech } from '../speech/adapter.js';
import type { BuiltInPrompts } from './built-in-prompts.js';
import { MediaClient } from './media-client.js';
import { MediaEngine } from './media-engine.js';
import type { MediaWorkerOptions } from './worker-options.js';
import type { MediaCounts, PlainFailure } from './worker-protocol.js';

export interface LocalMediaDeps {
  readonly stt: SpeechToText;
  readonly tts: TextToSpeech;
  readonly clock: Clock;
  readonly log: Log;
  readonly prompts?: BuiltInPrompts;
}

/** A media engine in the caller's own thread, behind the same port as a worker's: for tests and small tools. */
export class LocalMediaPort implements MediaPort {
  readonly #engine: MediaEngine;
  readonly #client: MediaClient;

  constructor(options: MediaWorkerOptions, deps: LocalMediaDeps) {
    this.#client = new MediaClient((command) => this.#engine.handle(command), deps.clock);
    this.#engine = new MediaEngine(options, { ...deps, reply: (reply) => this.#client.receive(reply) });
  }

  start(): Promise<void> {
    return this.#engine.start();
  }

  /** Closes every leg. Idempotent. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  open(options: MediaOpenOptions, listener: (event: MediaEvent) => void): Promise<MediaSession> {
    return this.#client.open(options, listener);
  }

  probeSpeech(): Promise<PlainFailure | null> {
    return this.#client.probeSpeech();
  }

  counts(): Promise<MediaCounts> {
    return this.#client.counts();
  }
}
