import type { MediaEvent } from '../call/ports.js';
import type { AudioFormat, RecognitionSession, RecognitionStream, SpeechToText } from '../speech/adapter.js';

/** Who speaks on a call without recording metadata. */
const PARTICIPANT = 'caller';
/** How long a call that ended waits for the last words. */
const FINISH_MS = 1_500;

export interface LegRecognitionOptions {
  readonly stt: SpeechToText;
  readonly sessionId: string;
  readonly format: AudioFormat;
  readonly interim: boolean;
  /** Milliseconds from the answer to the first audio the recogniser got. */
  readonly offsetMs: () => number;
}

/** The recognition stream of one leg, with its results as events of the call. */
export class LegRecognition {
  readonly #stream: RecognitionStream;

  /** Opens the stream, which connects on its own. */
  constructor(options: LegRecognitionOptions, emit: (event: MediaEvent) => void) {
    const session: RecognitionSession = {
      sessionId: options.sessionId,
      format: options.format,
      interim: options.interim,
    };
    this.#stream = options.stt.open(session, {
      onReady: () => emit({ type: 'speech-ready' }),
      onFailure: ({ code, message, retrying }) =>
        emit({ type: 'speech-failed', service: 'stt', code, message, retrying }),
      onResult: ({ text, final, startMs, endMs, confidence }) => {
        const offsetMs = options.offsetMs();
        emit({
          type: 'transcript',
          participant: PARTICIPANT,
          text,
          final,
          startMs: Math.max(0, Math.round(startMs + offsetMs)),
          endMs: Math.max(0, Math.round(endMs + offsetMs)),
          confidence,
        });
      },
    });
  }

  get droppedBytes(): number {
    return this.#stream.droppedBytes;
  }

  write(frame: Uint8Array): void {
    this.#stream.write(frame);
  }

  /** Waits for the last results, then closes. */
  async finish(): Promise<void> {
    try {
      await this.#stream.finish(FINISH_MS);
    } finally {
      this.#stream.close();
    }
  }
}
