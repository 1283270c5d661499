import type { WebSocket } from 'ws';
import type { Clock } from '../../base/clock.js';
import { encodeAudio } from './audio.js';
import { errorMessage } from './recognize-protocol.js';
import type { Synthesis } from './synthesis.js';
import { MAX_MESSAGE_BYTES, parseSynthesis } from './synthesize-protocol.js';

/** A client that asks for nothing is not kept. */
const FIRST_MESSAGE_MS = 10_000;
/** Audio per binary message. */
const CHUNK_BYTES = 8_192;

/**
 * `/v1/synthesize` over WebSocket: one text message in, then `{"binary_streams"}`, audio in binary messages, and the
 * server's close as the end of the audio.
 */
export function serveSynthesisSocket(socket: WebSocket, query: URLSearchParams, synthesis: Synthesis, clock: Clock) {
  const gone = new AbortController();
  const cancelWait = clock.after(FIRST_MESSAGE_MS, () => fail(socket, 'Session timed out.'));
  socket.once('close', () => {
    cancelWait();
    gone.abort();
  });
  socket.once('message', (data, isBinary) => {
    cancelWait();
    const message = data as Buffer; // ws's default binaryType: one Buffer a message
    if (isBinary || message.length > MAX_MESSAGE_BYTES) return fail(socket, 'The first message must be JSON text.');
    void speak(socket, message.toString('utf8'), query.get('voice'), synthesis, gone.signal);
  });
}

async function speak(
  socket: WebSocket,
  message: string,
  voice: string | null,
  synthesis: Synthesis,
  signal: AbortSignal,
): Promise<void> {
  const asked = parseSynthesis(message, null, voice);
  if (!asked.ok) return fail(socket, asked.error);
  const { text, type } = asked;
  if (type.container === 'wav') return fail(socket, 'Ask for a bare stream: a WAV file cannot be sent as it is made.');
  try {
    await send(socket, JSON.stringify({ binary_streams: [{ content_type: type.mime }] }));
    for await (const samples of synthesis.speak(text, asked.voice, type.rate, signal)) {
      await sendAudio(socket, encodeAudio(samples, type.encoding));
    }
    socket.close(1000);
  } catch {
    fail(socket, 'No voice is free.');
  }
}

async function sendAudio(socket: WebSocket, audio: Buffer): Promise<void> {
  for (let from = 0; from < audio.length; from += CHUNK_BYTES) {
    await send(socket, audio.subarray(from, from + CHUNK_BYTES));
  }
}

/** Resolves when the message has left for the socket, which is what slows us down to a slow client. */
function send(socket: WebSocket, data: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(data, (error) => (error ? reject(error) : resolve()));
  });
}

function fail(socket: WebSocket, error: string): void {
  if (socket.readyState === socket.OPEN) socket.send(errorMessage(error));
  socket.close(1011);
}
