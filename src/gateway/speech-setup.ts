import type { Clock } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';
import type { Lifetime } from '../base/lifetime.js';
import type { Log } from '../base/log.js';
import { randomToken } from '../base/random.js';
import type { Config } from '../config/schema.js';
import type { SpeechOptions } from '../speech/adapter.js';
import { startEmbeddedSpeech } from '../speech/embedded/server.js';

/** The speech services of this run, and what to tell the operator about them. */
export interface SpeechSetup {
  readonly options: SpeechOptions;
  readonly describe: readonly string[];
}

/** Starts the embedded service where it is configured, and says how to reach speech. */
export async function setUpSpeech(
  config: Config,
  deps: { clock: Clock; log: Log; life: Lifetime },
): Promise<SpeechSetup> {
  return config.speech.provider === 'embedded' ? embeddedSpeech(config, deps) : watsonSpeech(config);
}

async function embeddedSpeech(config: Config, deps: { clock: Clock; log: Log; life: Lifetime }): Promise<SpeechSetup> {
  const credentials = { username: 'embedded', password: randomToken(24) };
  const service = await startEmbeddedSpeech({ clock: deps.clock, log: deps.log, ...credentials });
  deps.life.defer(() => service.close());
  const options = speechOptions(config, service.stt.recognises);
  return {
    options: {
      // Its own model and voice: names made for another service mean nothing here, and the operator was warned.
      stt: { ...options.stt, url: service.url, ...credentials, model: null },
      tts: { ...options.tts, url: service.url, ...credentials, voice: null },
    },
    describe: [`speech-to-text: ${service.stt.describe}`, `text-to-speech: ${service.tts.describe}`],
  };
}

function watsonSpeech(config: Config): SpeechSetup {
  const options = speechOptions(config, true);
  const where = (url: string): string => new URL(url).host;
  return {
    options,
    describe: [
      `speech-to-text: Watson at ${where(options.stt.url)}`,
      `text-to-speech: Watson at ${where(options.tts.url)}`,
    ],
  };
}

function speechOptions(config: Config, recognises: boolean): SpeechOptions {
  const { stt, tts } = config.speech;
  const embedded = config.speech.provider === 'embedded';
  if (!embedded && (stt.url === null || tts.url === null)) {
    throw new GatewayError('CONFIG_INVALID', 'the watson provider needs WATSON_STT_URL and WATSON_TTS_URL');
  }
  return {
    stt: {
      url: stt.url ?? '',
      username: stt.username,
      password: stt.password?.reveal() ?? null,
      model: stt.model,
      interim: config.transcripts.interim,
      recognises,
      bufferMs: stt.bufferMs,
      connectTimeoutMs: stt.connectTimeoutMs,
    },
    tts: {
      url: tts.url ?? '',
      username: tts.username,
      password: tts.password?.reveal() ?? null,
      voice: tts.voice,
      connectTimeoutMs: tts.connectTimeoutMs,
      stallMs: tts.stallMs,
    },
  };
}
