import type { SpeechOptions } from './adapter.js';
import { type SpeechDeps, WatsonConnection } from './watson-connection.js';
import type { Failure } from './watson-protocol.js';

/**
 * Opens a recognition until the service is ready for audio, and closes it. Resolves with null, or with what stood in
 * the way; takes `connectTimeoutMs` at most.
 */
export function probeStt(options: SpeechOptions['stt'], deps: SpeechDeps): Promise<Failure | null> {
  return new Promise((resolve) => {
    const format = { encoding: 'mulaw', rate: 8_000 } as const;
    const connection = new WatsonConnection(
      options,
      deps,
      { sessionId: 'probe', format, interim: false },
      {
        listening() {
          connection.close();
          resolve(null);
        },
        results() {},
        drained() {},
        ended: resolve,
      },
    );
    connection.start();
  });
}
