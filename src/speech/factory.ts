import type { SpeechOptions, SpeechToText, TextToSpeech } from './adapter.js';
import type { SpeechDeps } from './watson-connection.js';
import { recognizeUrl, synthesizeUrl } from './watson-protocol.js';
import { WatsonStt } from './watson-stt.js';
import { WatsonTts } from './watson-tts.js';

/** The speech services of a media worker. Opens nothing. Throws CONFIG_INVALID for a URL that is not one. */
export function createSpeech(options: SpeechOptions, deps: SpeechDeps): { stt: SpeechToText; tts: TextToSpeech } {
  recognizeUrl(options.stt.url, options.stt.model);
  synthesizeUrl(options.tts.url, options.tts.voice);
  return { stt: new WatsonStt(options.stt, deps), tts: new WatsonTts(options.tts, deps) };
}
