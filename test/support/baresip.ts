import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWav } from '../../src/media/wav.js';
import { NetstringReader, netstring } from './netstring.js';
import type { NetworkNamespace } from './netns.js';
import { programPath } from './peer.js';
import { Program } from './program.js';

/** Debian keeps baresip's modules here, whatever the architecture. */
export const BARESIP_MODULES = '/usr/lib/baresip/modules';

const CONTROL_PORT = 4444;

export interface BaresipOptions {
  readonly netns: NetworkNamespace;
  /** Its own address of record, `user@host`. */
  readonly from: string;
  readonly username: string;
  readonly password: string;
  /** What its microphone hears: 8,000 samples per second, mono, 16 bits. The call ends with the file. */
  readonly microphone: Uint8Array;
}

/** What baresip tells on its control connection. */
export interface BaresipEvent {
  readonly type: string;
  /** The SIP call id, and what else there is to say. */
  readonly id?: string;
  readonly param?: string;
}

/**
 * A real baresip in a network namespace, with a WAV file for a microphone and a recording of both directions. Emits every
 * event of its control connection under its type (`CALL_ESTABLISHED`, `CALL_CLOSED` …) as a BaresipEvent.
 */
export class Baresip extends EventEmitter {
  readonly program: Program;
  readonly #home: string;
  readonly #control: Socket;

  private constructor(program: Program, home: string, control: Socket) {
    super();
    this.program = program;
    this.#home = home;
    this.#control = control;
    const reader = new NetstringReader();
    control.on('data', (chunk: Buffer) => {
      for (const text of reader.push(chunk)) this.#take(JSON.parse(text) as BaresipEvent & { event?: boolean });
    });
    control.on('error', () => {});
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

  dial(uri: string): void {
    this.#control.write(netstring(JSON.stringify({ command: 'dial', params: uri })));
  }

  hangUp(): void {
    this.#control.write(netstring(JSON.stringify({ command: 'hangup' })));
  }

  /** SIP status lines it received, in order. */
  statuses(): number[] {
    return [...this.program.output.matchAll(/^SIP\/2\.0 (\d{3}) /gm)].map(([, status]) => Number(status));
  }

  /** What it sent, before its encoder; complete when the call is over. */
  sent(): Int16Array {
    return this.#recording('enc');
  }

  /** What it received, after its decoder, without pauses for lost packets; complete when the call is over. */
  heard(): Int16Array {
    return this.#recording('dec');
  }

  async stop(): Promise<void> {
    this.#control.destroy();
    await this.program.stop('SIGTERM', 5_000);
    rmSync(this.#home, { recursive: true, force: true });
  }

  #recording(direction: 'enc' | 'dec'): Int16Array {
    const names = readdirSync(this.#home).filter((name) => name.endsWith(`-${direction}.wav`));
    const [name] = names;
    if (name === undefined || names.length > 1) throw new Error(`${names.length} recordings:\n${this.program.output}`);
    return readWav(readFileSync(join(this.#home, name))).samples;
  }

  #take(event: BaresipEvent & { event?: boolean }): void {
    if (event.event === true) this.emit(event.type, event);
  }
}

/** stdio.so stays out, for there is no terminal; sndfile.so records both directions, since 1.0 plays into no file. */
function configText(home: string, netns: NetworkNamespace): string {
  const modules = ['ctrl_tcp', 'g711', 'aufile', 'sndfile'];
  return [
    `net_interface ${netns.device}`,
    `module_path ${BARESIP_MODULES}`,
    ...modules.slice(1).map((name) => `module ${name}.so`),
    'module_tmp account.so',
    'module_app menu.so',
    'module_app ctrl_tcp.so',
    `ctrl_tcp_listen ${netns.address}:${CONTROL_PORT}`,
    `audio_source aufile,${home}/microphone.wav`,
    `snd_path ${home}`,
    'rtp_stats yes',
    'ringback_disabled yes',
    '',
  ].join('\n');
}

function accountText({ from, username, password }: BaresipOptions): string {
  const parameters = [`auth_user=${username}`, `auth_pass=${password}`, 'regint=0', 'audio_codecs=PCMU/8000/1'];
  return `<sip:${from};transport=tls>;${parameters.join(';')}\n`;
}
