import { GatewayError } from '../base/errors.js';
import { basicAuth } from '../egress/basic-auth.js';
import { codeOfStatus } from '../egress/failures.js';
import { request } from '../egress/http.js';
import type { AudioFormat, SpeechOptions } from './adapter.js';
import type { SpeechDeps } from './watson-connection.js';
import { mediaType } from './watson-protocol.js';

/** Most audio of one prompt: a quarter of an hour of PCM at 8 kHz. */
export const MAX_PROMPT_BYTES = 16_777_216;

/** One prompt to speak. */
export interface SynthesisRequest {
  readonly url: URL;
  readonly options: SpeechOptions['tts'];
  readonly deps: SpeechDeps;
  readonly text: string;
  readonly format: AudioFormat;
  readonly signal: AbortSignal;
}

/** The header fields that both ways of asking share. */
export function ttsHeaders({ username, password }: SpeechOptions['tts']): Record<string, string> {
  const authorization = username === null ? {} : { authorization: basicAuth(username, password ?? '') };
  return { ...authorization, 'x-watson-learning-opt-out': 'true' };
}

/** Speaks over `POST /v1/synthesize`. Throws SPEECH_*, EGRESS_*, PROXY_*, or the signal's reason. */
export async function* synthesizeHttp(prompt: SynthesisRequest): AsyncGenerator<Uint8Array, void, void> {
  const { url, options, deps, text, format } = prompt;
  const accept = mediaType(format);
  const response = await request(
    deps.dialer,
    {
      url,
      service: 'tts',
      method: 'POST',
      headers: { ...ttsHeaders(options), 'content-type': 'application/json', accept },
      body: JSON.stringify({ text }),
      timeoutMs: options.stallMs,
      maxBytes: MAX_PROMPT_BYTES,
      signal: prompt.signal,
    },
    deps.clock,
  );
  try {
    const refusal = refusalOf(response.status, response.headers['content-type']);
    if (refusal !== null) throw refusal;
    yield* response.body;
  } finally {
    response.discard();
  }
}

function refusalOf(status: number, contentType: string | string[] | undefined): GatewayError | null {
  if (status !== 200) {
    return new GatewayError(codeOfStatus(status), `the speech service answered with status ${status}`);
  }
  // An error page must not be played to the caller.
  if (typeof contentType === 'string' && /^(text\/|application\/(json|xml))/i.test(contentType)) {
    return new GatewayError('SPEECH_PROTOCOL', 'the speech service answered with text instead of audio');
  }
  return null;
}
