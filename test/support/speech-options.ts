import type { SpeechOptions } from '../../src/speech/adapter.js';

/** Options for a recognition service at `url`. */
export function sttOptions(url: string, more: Partial<SpeechOptions['stt']> = {}): SpeechOptions['stt'] {
  return {
    url,
    username: null,
    password: null,
    model: null,
    interim: false,
    recognises: true,
    bufferMs: 2_000,
    connectTimeoutMs: 3_000,
    ...more,
  };
}

export function ttsOptions(url: string, more: Partial<SpeechOptions['tts']> = {}): SpeechOptions['tts'] {
  return { url, username: null, password: null, voice: null, connectTimeoutMs: 3_000, stallMs: 3_000, ...more };
}
