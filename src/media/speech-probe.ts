import type { Clock } from '../base/clock.js';
import { codeOf, GatewayError } from '../base/errors.js';
import type { RecognitionStream, SpeechToText } from '../speech/adapter.js';
import { formatOf } from './framer.js';
import type { PlainFailure } from './worker-protocol.js';

/** Opens a recognition stream, waits until it is ready and closes it. Null when the service answered in time. */
export async function probeRecognition(
  stt: SpeechToText,
  clock: Clock,
  deadlineMs: number,
): Promise<PlainFailure | null> {
  let stream: RecognitionStream | null = null;
  let cancel = (): void => {};
  try {
    return await new Promise<PlainFailure | null>((resolve) => {
      cancel = clock.after(deadlineMs, () =>
        resolve({ code: 'SPEECH_UNAVAILABLE', message: 'The speech service did not get ready in time.' }),
      );
      stream = stt.open(
        { sessionId: 'probe', format: stt.formatFor(formatOf('PCMU')), interim: false },
        {
          onReady: () => resolve(null),
          onFailure: ({ code, message }) => resolve({ code, message }),
          onResult: () => {},
        },
      );
    });
  } catch (error) {
    return { code: codeOf(error), message: error instanceof GatewayError ? error.message : 'The speech probe failed.' };
  } finally {
    cancel();
    (stream as RecognitionStream | null)?.close();
  }
}
