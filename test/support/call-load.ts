import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeWatson, type FakeRecognition } from './fake-watson.js';
import { RunningGateway } from './running-gateway.js';
import { runSipp, type SippResult } from './sipp.js';
import { startTlsBridge } from './tls-bridge.js';

interface Target {
  readonly port: number;
  close(): Promise<void>;
}

export interface LoadOptions {
  /** `tcp`: without authentication; `tls`: digest, sipp through a TLS bridge. */
  readonly kind: 'tcp' | 'tls';
}

/** Bytes after which the speech double says that it understood something: one second. */
const UTTERANCE_BYTES = 8_000;

/** A gateway, a speech double that answers every call once, and sipp that calls it with real RTP. */
export class CallLoad {
  readonly gateway: RunningGateway;
  readonly #kind: LoadOptions['kind'];
  readonly #watson: FakeWatson;
  readonly #audioFile: string;
  readonly #target: Target;

  private constructor(
    options: LoadOptions,
    gateway: RunningGateway,
    watson: FakeWatson,
    target: Target,
    audioFile: string,
  ) {
    this.#kind = options.kind;
    this.gateway = gateway;
    this.#watson = watson;
    this.#target = target;
    this.#audioFile = audioFile;
  }

  static async start(options: LoadOptions): Promise<CallLoad> {
    const watson = await new FakeWatson().start();
    watson.speech = [Buffer.alloc(8_000, 0x55)];
    watson.on('audio', (recognition: FakeRecognition) => {
      if (recognition.audio.length < UTTERANCE_BYTES || recognition.stopped) return;
      recognition.stopped = true;
      recognition.result('thank you');
    });
    watson.on('stop', (recognition: FakeRecognition) => recognition.json({ state: 'listening' }));
    watson.on('gone', () => {
      watson.recognitions.length = 0;
      watson.syntheses.length = 0;
    });
    const url = `http://127.0.0.1:${watson.port}`;
    const gateway = await RunningGateway.start({
      WATSON_STT_URL: url,
      WATSON_TTS_URL: url,
      LOG_LEVEL: 'warn',
      ...(options.kind === 'tcp'
        ? { SIP_AUTH_ENABLED: 'false', SIP_PORT_TCP: '0', SIP_PORT_TLS: 'off' }
        : { SIP_AUTH_ALGORITHMS: 'MD5' }),
    });
    const target =
      options.kind === 'tcp'
        ? { port: gateway.port('tcp'), close: () => Promise.resolve() }
        : await startTlsBridge({ host: '127.0.0.1', port: gateway.port('tls') });
    const audioFile = join(tmpdir(), `portcullis-load-${process.pid}.ulaw`);
    await writeFile(audioFile, tone(16_000));
    return new CallLoad(options, gateway, watson, target, audioFile);
  }

  /** Places calls that each hold for `holdMs`. */
  run(calls: number, perSecond: number, holdMs: number): Promise<SippResult> {
    const { port } = this.#target;
    const digest =
      this.#kind === 'tls'
        ? { user: 'portcullis', password: 'correct horse', authUri: `12345556789@127.0.0.1:${port}` }
        : {};
    return runSipp({
      scenario: this.#kind === 'tls' ? 'call-digest.xml' : 'call.xml',
      host: '127.0.0.1',
      port,
      mode: 'tn',
      calls,
      perSecond,
      keys: { hold: `${holdMs}`, audio: this.#audioFile },
      timeoutSeconds: Math.ceil(calls / perSecond + holdMs / 1000) + 60,
      ...digest,
    });
  }

  async close(): Promise<number | null> {
    const code = await this.gateway.stop();
    await this.#target.close();
    await this.#watson.close();
    return code;
  }
}

/** A 400 Hz square wave in μ-law: loud, and no value that an encoder could see differently. */
function tone(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_unused, index) => (index % 20 < 10 ? 0x10 : 0x90));
}
