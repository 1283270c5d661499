import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWav } from '../../src/audio/wav.js';
import { NetstringReader, netstring } from './netstring.js';
import type { NetworkNamespace } from './netns.js';
import { programPath } from './peer.js';
import { Program } from './program.js';

const MODULE_DIRECTORY = '/usr/lib/baresip/modules';
const CONTROL_PORT = 4444;

/** In the order of loading. stdio is not among them, for there is no terminal; sndfile records both directions. */
const MODULES = ['g711', 'aufile', 'sndfile', 'srtp'];
const APPLICATION_MODULES = ['menu', 'ctrl_tcp'];

/** The files without which it is another baresip than ours. */
export const BARESIP_FILES = [...MODULES, ...APPLICATION_MODULES].map((name) => `${MODULE_DIRECTORY}/${name}.so`);

export interface BaresipOptions {
  readonly netns: NetworkNamespace;
  /** Its own address of record, `user@host`. */
  readonly from: string;
  readonly username: string;
  readonly password: string;
  /** What its microphone hears: a WAV file of 8,000 samples per second, mono, 16 bits. The call ends with the file. */
  readonly microphone: Uint8Array;
  /** `srtp-mand` offers encrypted audio only. */
  readonly mediaEncryption?: 'srtp-mand';
}

/** What baresip tells on its control connection: the SIP call id, and what there is to say. */
export interface BaresipEvent {
  readonly type: string;
  readonly id: string;
  readonly param: string;
}

/** Samples at baresip's codec: before the encoder, and after the decoder (lost packets leave no gap). */
export interface Recordings {
  readonly sent: Int16Array;
  readonly heard: Int16Array;
}

/**
 * A real baresip in a network namespace, with a WAV file for a microphone. Emits the events of its control connection by
 * their type (`CALL_ESTABLISHED`, `CALL_CLOSED` …) as a BaresipEvent.
 */
export class Baresip extends EventEmitter {
  readonly program: Program;
  readonly #home: string;
  readonly #control: Socket;
  #stopped: Promise<void> | null = null;
  #recordings: Recordings | null = null;

  private constructor(program: Program, home: string, control: Socket) {
    super();
    this.program = program;
    this.#home = home;
    this.#control = control;
    const reader = new NetstringReader();
    control.on('error', () => {});
    control.on('data', (chunk: Buffer) => {
      for (const text of reader.push(chunk)) {
        const message = JSON.parse(text) as Partial<BaresipEvent>;
        if (message.type !== undefined) this.emit(message.type, message);
      }
    });
  }

  static async start(options: BaresipOptions): Promise<Baresip> {
    const home = mkdtempSync(join(tmpdir(), 'baresip-'));
    writeFileSync(join(home, 'microphone.wav'), options.microphone);
    writeFileSync(join(home, 'config'), configText(home, options.netns));
    writeFileSync(join(home, 'accounts'), accountText(options));
    const [command = '', ...enter] = options.netns.enter;
    const program = new Program(command, [...enter, programPath('baresip') ?? 'baresip', '-4', '-s', '-f', home]);
    try {
      await program.waitFor(/baresip is ready/);
      const control = connect(CONTROL_PORT, options.netns.address);
      await once(control, 'connect');
      return new Baresip(program, home, control);
    } catch (error) {
      await program.stop('SIGKILL');
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  /** A command of its menu, such as `dial` with a URI: without `transport`, which it takes from its account. */
  command(name: string, params?: string): void {
    this.#control.write(netstring(JSON.stringify({ command: name, params })));
  }

  /** The status codes that it received, in order. */
  get statuses(): number[] {
    return [...this.program.output.matchAll(/^SIP\/2\.0 (\d{3}) /gm)].map(([, status]) => Number(status));
  }

  /** What was recorded of its one call; there when it has stopped. */
  get recordings(): Recordings {
    if (this.#recordings === null) throw new Error(`nothing was recorded:\n${this.program.output}`);
    return this.#recordings;
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#end();
    await this.#stopped;
  }

  async #end(): Promise<void> {
    this.#control.destroy();
    await this.program.stop('SIGTERM', 5_000);
    const [sent, heard] = [this.#recording('enc'), this.#recording('dec')];
    if (sent !== null && heard !== null) this.#recordings = { sent, heard };
    rmSync(this.#home, { recursive: true, force: true });
  }

  #recording(direction: 'enc' | 'dec'): Int16Array | null {
    const name = readdirSync(this.#home).find((file) => file.endsWith(`-${direction}.wav`));
    return name === undefined ? null : readWav(readFileSync(join(this.#home, name))).samples;
  }
}

function configText(home: string, netns: NetworkNamespace): string {
  return [
    `net_interface ${netns.device}`,
    `module_path ${MODULE_DIRECTORY}`,
    ...MODULES.map((name) => `module ${name}.so`),
    'module_tmp account.so',
    ...APPLICATION_MODULES.map((name) => `module_app ${name}.so`),
    `ctrl_tcp_listen ${netns.address}:${CONTROL_PORT}`,
    `audio_source aufile,${home}/microphone.wav`,
    `snd_path ${home}`,
    'jitter_buffer_delay 5-100',
    'ringback_disabled yes',
    'statmode_default off',
    '',
  ].join('\n');
}

function accountText({ from, username, password, mediaEncryption }: BaresipOptions): string {
  const parameters = [`auth_user=${username}`, `auth_pass="${password}"`, 'regint=0', 'audio_codecs=PCMU/8000/1'];
  if (mediaEncryption !== undefined) parameters.push(`mediaenc=${mediaEncryption}`);
  return `<sip:${from};transport=tls>;${parameters.join(';')}\n`;
}
