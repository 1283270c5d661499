import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock } from './base/clock.js';
import { createDialer } from './egress/dialer.js';
import { MediaEngine } from './media/media-engine.js';
import { replyLog } from './media/worker-log.js';
import type { MediaWorkerOptions } from './media/worker-options.js';
import type { MediaCommand, MediaReply } from './media/worker-protocol.js';
import { createSpeech } from './speech/factory.js';

/** Builds the engine of this thread from its options and joins it to the main thread. */
async function serve(port: MessagePort, options: MediaWorkerOptions): Promise<void> {
  const reply = (message: MediaReply): void => port.postMessage(message);
  const log = replyLog(reply);
  const clock = systemClock;
  try {
    const dialer = createDialer(options.egress, { log, clock });
    const { stt, tts } = createSpeech(options.speech, { dialer, clock, log });
    const engine = new MediaEngine(options, { stt, tts, clock, log, reply });
    port.on('message', (command: MediaCommand) => engine.handle(command));
    await engine.start();
  } catch (err) {
    log.error({ err }, 'the media worker cannot start');
    port.close(); // nothing keeps the thread then
  }
}

if (parentPort !== null) await serve(parentPort, workerData as MediaWorkerOptions);
