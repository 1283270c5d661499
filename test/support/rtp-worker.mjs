// A media worker with speech doubles instead of services: the recogniser is ready at once and answers every frame's
// size; saying "crash" ends the thread, saying "hang" blocks it for good, saying "log" writes a line.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../dist/base/clock.js';
import { MediaEngine } from '../../dist/media/media-engine.js';
import { replyLog } from '../../dist/media/worker-log.js';

const reply = (message) => parentPort.postMessage(message);
const log = replyLog(reply);
const stt = {
  name: 'double',
  recognises: true,
  formatFor: (received) => received,
  open(_session, listener) {
    setImmediate(() => listener.onReady());
    return {
      droppedBytes: 0,
      write: (audio) =>
        listener.onResult({ text: String(audio.length), final: true, startMs: 0, endMs: 0, confidence: null }),
      finish: () => Promise.resolve(),
      close() {},
    };
  },
};
const tts = {
  name: 'double',
  async *synthesize(text) {
    if (text === 'crash') setImmediate(() => process.exit(1));
    if (text === 'hang') for (;;);
    if (text === 'log') log.warn({ err: new Error('inside'), env: Object.keys(process.env).length }, 'a line');
    yield new Uint8Array(160);
  },
};
const engine = new MediaEngine(workerData, { stt, tts, clock: systemClock, log, reply });
parentPort.on('message', (command) => engine.handle(command));
await engine.start();
