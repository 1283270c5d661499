import type { Clock } from '../../base/clock.js';
import type { Log } from '../../base/log.js';
import { Lifetime } from '../../base/lifetime.js';
import { type FindProgram, findInstalled, findPocketsphinx, Pocketsphinx } from './pocketsphinx.js';
import { SpeechListener } from './speech-listener.js';
import { Synthesis } from './synthesis.js';

export interface EmbeddedSpeechDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** What clients must send as HTTP Basic credentials. */
  readonly username: string;
  readonly password: string;
  /** Where programs are, instead of Debian's directories. */
  readonly find?: FindProgram;
  /** Path of a JSGF grammar instead of the built-in one; its words must stand in the model's dictionary. */
  readonly grammar?: string;
}

/** A running speech service on loopback that speaks Watson's protocols. */
export interface EmbeddedSpeech {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly stt: {
    readonly name: string;
    /** True when words are recognised; false when only utterances are detected. */
    readonly recognises: boolean;
    /** One sentence for the operator. */
    readonly describe: string;
  };
  readonly tts: { readonly name: string; readonly describe: string };
  /** Ends the service, its voice and its recognisers, and waits for them. */
  close(): Promise<void>;
}

const DETECTION_ONLY = {
  name: 'utterances',
  recognises: false,
  describe:
    'utterance detection: it reports that somebody spoke as [speech 1.4 s] and recognises no words ' +
    '(the Debian packages pocketsphinx and pocketsphinx-en-us add a recogniser)',
};

const VOICE = {
  name: 'flite',
  describe: 'flite with the compiled-in voices slt, rms and awb (English)',
};

/** Starts the service. Throws SPEECH_UNAVAILABLE when no voice is there, PORT_UNAVAILABLE when it cannot listen. */
export async function startEmbeddedSpeech(deps: EmbeddedSpeechDeps): Promise<EmbeddedSpeech> {
  const { clock, log } = deps;
  const life = new Lifetime((err) => log.warn({ err }, 'the embedded speech service did not end cleanly'));
  try {
    const synthesis = new Synthesis(clock);
    life.defer(() => synthesis.close());
    const recogniser = await startRecogniser(deps);
    life.defer(async () => recogniser?.close());
    const listener = new SpeechListener({ ...deps, synthesis, recogniser });
    life.defer(() => listener.close());
    const port = await listener.start();
    const stt =
      recogniser === null ? DETECTION_ONLY : { name: 'pocketsphinx', recognises: true, describe: recogniser.describe };
    log.info({ port, stt: stt.describe, tts: VOICE.describe }, 'embedded speech service started');
    return { url: `http://127.0.0.1:${port}`, stt, tts: VOICE, close: () => life.end() };
  } catch (error) {
    await life.end();
    throw error;
  }
}

async function startRecogniser(deps: EmbeddedSpeechDeps): Promise<Pocketsphinx | null> {
  const files = findPocketsphinx(deps.find ?? findInstalled, deps.grammar ?? null);
  if (files === null) return null;
  const recogniser = new Pocketsphinx(files, deps);
  if (await recogniser.works()) return recogniser;
  deps.log.warn({ grammar: files.grammar }, 'pocketsphinx is installed but does not run with this grammar');
  return null;
}
