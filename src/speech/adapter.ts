import type { ErrorCode } from '../base/errors.js';

/**
 * The speech contract. One file per service implements it; the media worker consumes it. Adapters run in the media
 * worker thread, reach the network only through `egress/`, and never log text or audio.
 */

/** Audio encodings on the wire between media and adapters: G.711 as received, or 16-bit little-endian PCM. */
export interface AudioFormat {
  readonly encoding: 'mulaw' | 'alaw' | 'l16';
  /** Samples per second: 8000 for G.711. */
  readonly rate: number;
}

/** One recognition result. Times are milliseconds since the first audio of the session. */
export interface SpeechResult {
  readonly text: string;
  readonly final: boolean;
  readonly startMs: number;
  readonly endMs: number;
  /** 0..1, or null where the service gives none. */
  readonly confidence: number | null;
}

export interface SpeechFailure {
  readonly code: ErrorCode;
  /** For the operator's log; never holds credentials, text or headers of the service. */
  readonly message: string;
  /** False: the stream is over and will not reconnect. */
  readonly retrying: boolean;
}

/** What the consumer of a recognition stream is told. Called synchronously from the adapter; must not throw. */
export interface RecognitionListener {
  /** The service is ready for audio, at first and after every reconnect. */
  onReady(): void;
  onResult(result: SpeechResult): void;
  onFailure(failure: SpeechFailure): void;
}

/** A live recognition stream of one call leg. */
export interface RecognitionStream {
  /** Takes a chunk of audio in the agreed format (60–100 ms). Never blocks: over its bound the oldest audio is dropped and counted. */
  write(audio: Uint8Array): void;
  /** No more audio: waits for the last finals, at most `deadlineMs`, then closes. */
  finish(deadlineMs: number): Promise<void>;
  /** Closes at once; idempotent. No listener is called afterwards. */
  close(): void;
  /** Bytes dropped because the service was slow or away. */
  readonly droppedBytes: number;
}

export interface SpeechToText {
  readonly name: string;
  /** True when the service recognises words; false when it only detects utterances. */
  readonly recognises: boolean;
  /** The format this adapter wants for a leg that receives `received`. */
  formatFor(received: AudioFormat): AudioFormat;
  open(session: RecognitionSession, listener: RecognitionListener): RecognitionStream;
}

export interface RecognitionSession {
  /** Correlates with the call; sent as `vgw-session-id` to services that take it. */
  readonly sessionId: string;
  readonly format: AudioFormat;
  readonly interim: boolean;
}

export interface TextToSpeech {
  readonly name: string;
  /**
   * Speaks `text` as audio in `format`, chunk by chunk as it comes. Throws GatewayError (SPEECH_*, EGRESS_*, PROXY_*).
   * Aborting the signal ends it without error.
   */
  synthesize(text: string, format: AudioFormat, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** How to reach the speech services. Plain values, because they cross into the media worker. */
export interface SpeechOptions {
  readonly stt: {
    /** Base URL (`http(s)` or `ws(s)`); `/v1/recognize` is added. */
    readonly url: string;
    readonly username: string | null;
    readonly password: string | null;
    readonly model: string | null;
    readonly interim: boolean;
    /** False when the service only detects utterances. */
    readonly recognises: boolean;
    /** Most audio kept while the service is away or slow, in milliseconds; the oldest goes first. */
    readonly bufferMs: number;
    readonly connectTimeoutMs: number;
  };
  readonly tts: {
    /** Base URL; WebSocket when `ws(s)`, HTTP POST otherwise. */
    readonly url: string;
    readonly username: string | null;
    readonly password: string | null;
    readonly voice: string | null;
    readonly connectTimeoutMs: number;
    /** No audio for so long: the prompt fails. */
    readonly stallMs: number;
  };
}
