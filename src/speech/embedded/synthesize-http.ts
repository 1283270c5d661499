import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeWav } from '../../audio/wav.js';
import { encodeAudio } from './audio.js';
import type { Synthesis } from './synthesis.js';
import { MAX_MESSAGE_BYTES, parseSynthesis, type SynthesisRequest } from './synthesize-protocol.js';

type Accepted = Extract<SynthesisRequest, { ok: true }>;

/** `POST /v1/synthesize`: JSON with the text in, audio out, sentence by sentence. Never rejects. */
export async function serveSynthesis(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  synthesis: Synthesis,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const body = await readBody(request);
    if (body === null) return answerError(response, 413, 'The request is too large.');
    const accept = query.get('accept') ?? request.headers.accept ?? null;
    const asked = parseSynthesis(body, accept, query.get('voice'));
    if (!asked.ok) return answerError(response, asked.status, asked.error);
    await speak(asked, response, synthesis, gone.signal);
  } catch {
    // After the first audio the status is sent: only a broken connection tells that the prompt is not whole.
    if (response.headersSent) response.destroy();
    else answerError(response, 503, 'No voice is free.');
  }
}

/** Answers with a status and `{"error"}`; the connection ends, because a body may be left unread. */
export function answerError(response: ServerResponse, status: number, error: string): void {
  if (response.destroyed) return;
  const body = JSON.stringify({ code: status, error });
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  });
  response.end(body);
}

async function speak(asked: Accepted, response: ServerResponse, synthesis: Synthesis, signal: AbortSignal) {
  const { text, type, voice } = asked;
  const spoken: Int16Array[] = [];
  for await (const samples of synthesis.speak(text, voice, type.rate, signal)) {
    if (type.container === 'wav') {
      spoken.push(samples); // the header of a WAV file says how long it is
      continue;
    }
    if (!response.headersSent) response.writeHead(200, { 'content-type': type.mime });
    if (!response.write(encodeAudio(samples, type.encoding))) await once(response, 'drain', { signal });
  }
  if (signal.aborted) return;
  if (!response.headersSent) response.writeHead(200, { 'content-type': type.mime });
  if (type.container === 'wav') response.write(writeWav({ rate: type.rate, samples: join(spoken) }));
  response.end();
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_MESSAGE_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function join(parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
