import { GatewayError } from '../base/errors.js';
import type { AudioFormat, SpeechOptions, TextToSpeech } from './adapter.js';
import type { SpeechDeps } from './watson-connection.js';
import { MAX_TEXT_BYTES, synthesizeUrl } from './watson-protocol.js';
import { synthesizeHttp, type SynthesisRequest } from './watson-tts-http.js';
import { synthesizeWebSocket } from './watson-tts-websocket.js';

/** Text-to-speech over the Watson interface: HTTP POST, or WebSocket when the URL's scheme is `ws(s)`. */
export class WatsonTts implements TextToSpeech {
  readonly name = 'watson';
  readonly #options: SpeechOptions['tts'];
  readonly #deps: SpeechDeps;

  constructor(options: SpeechOptions['tts'], deps: SpeechDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async *synthesize(text: string, format: AudioFormat, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    if (Buffer.byteLength(text) > MAX_TEXT_BYTES) {
      throw new GatewayError('SPEECH_REFUSED', `a prompt has at most ${MAX_TEXT_BYTES} bytes`);
    }
    const url = synthesizeUrl(this.#options.url, this.#options.voice);
    const request: SynthesisRequest = { url, options: this.#options, deps: this.#deps, text, format, signal };
    const speak = url.protocol.startsWith('ws') ? synthesizeWebSocket : synthesizeHttp;
    try {
      yield* speak(request);
    } catch (error) {
      // The contract: an aborted prompt just ends.
      if (!signal.aborted) throw error;
    }
  }
}
