import { pendingTimers, type Clock } from '../base/clock.js';
import { codeOf, GatewayError } from '../base/errors.js';
import { isUnspecified, parseIp } from '../base/ip.js';
import type { Log } from '../base/log.js';
import { collectGarbage } from '../base/memory.js';
import type { MediaOpenOptions } from '../call/ports.js';
import type { SpeechToText, TextToSpeech } from '../speech/adapter.js';
import { BuiltInPrompts } from './built-in-prompts.js';
import { MediaLeg } from './leg.js';
import { LegSockets } from './leg-sockets.js';
import { PortPool } from './port-pool.js';
import { probeRecognition } from './speech-probe.js';
import { Ticker } from './ticker.js';
import type { MediaWorkerOptions } from './worker-options.js';
import type { MediaCommand, MediaCounts, MediaReply } from './worker-protocol.js';

export interface MediaEngineDeps {
  readonly stt: SpeechToText;
  readonly tts: TextToSpeech;
  readonly clock: Clock;
  readonly log: Log;
  readonly reply: (reply: MediaReply) => void;
  readonly prompts?: BuiltInPrompts;
}

/** How long a probe waits for the recogniser. */
const PROBE_MS = 2_000;

/** A leg that is open, or still opening: then `closed` says whether it must not open any more. */
interface Entry {
  leg: MediaLeg | null;
  closed: boolean;
}

/**
 * All legs of one thread. It is told what to do by commands and says what happens by replies, so that a worker thread
 * and a test drive it alike.
 */
export class MediaEngine {
  readonly #options: MediaWorkerOptions;
  readonly #deps: MediaEngineDeps;
  readonly #ticker: Ticker;
  readonly #pool: PortPool;
  readonly #prompts: BuiltInPrompts;
  readonly #legs = new Map<number, Entry>();
  #closing: Promise<void> | null = null;

  constructor(options: MediaWorkerOptions, deps: MediaEngineDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#prompts = deps.prompts ?? new BuiltInPrompts();
    this.#pool = new PortPool(options.portRange, options.quarantineMs, deps.clock);
    this.#ticker = new Ticker(deps.clock, (err) => deps.log.error({ err }, 'a media tick failed'));
  }

  /** Reads the packaged prompts, then says `ready`. */
  async start(): Promise<void> {
    await this.#prompts.load(this.#deps.log);
    this.#deps.reply({ type: 'ready' });
  }

  /** Carries out a command. Never throws; a command for a leg that is not there does nothing, but `close` is answered. */
  handle(command: MediaCommand): void {
    switch (command.type) {
      case 'open':
        void this.#open(command.leg, command.options);
        break;
      case 'close':
        void this.#close(command.leg);
        break;
      case 'probe':
        void this.#probe(command.request);
        break;
      case 'counts':
        this.#deps.reply({ type: 'counted', request: command.request, counts: this.counts() });
        break;
      case 'tidy':
        collectGarbage();
        break;
      case 'shutdown':
        void this.close();
        break;
      default:
        this.#instruct(command);
    }
  }

  counts(): MediaCounts {
    const { inUse, resting } = this.#pool.counts();
    return { legs: this.#legs.size, portsInUse: inUse, portsResting: resting, timers: pendingTimers() };
  }

  /** Closes every leg, then says `stopped`. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#legs.keys()].map((leg) => this.#close(leg))).then(() =>
      this.#deps.reply({ type: 'stopped' }),
    );
    return this.#closing;
  }

  #instruct(command: Extract<MediaCommand, { type: 'update' | 'start' | 'say' | 'play' | 'stop-playback' }>): void {
    const leg = this.#legs.get(command.leg)?.leg;
    if (leg === undefined || leg === null) return;
    try {
      if (command.type === 'update') leg.update(command.plan);
      else if (command.type === 'start') leg.start();
      else if (command.type === 'say') leg.say(command.promptId, command.text);
      else if (command.type === 'play') leg.playBuiltIn(command.promptId, command.name);
      else leg.stopPlayback();
    } catch (err) {
      this.#deps.log.error({ err, command: command.type }, 'a media command failed');
      this.#deps.reply({
        type: 'event',
        leg: command.leg,
        event: { type: 'lost', code: 'INTERNAL', message: 'A media command failed.' },
      });
    }
  }

  async #open(id: number, options: MediaOpenOptions): Promise<void> {
    const { clock, log, stt, tts, reply } = this.#deps;
    const entry: Entry = { leg: null, closed: this.#closing !== null };
    this.#legs.set(id, entry);
    let sockets: LegSockets | null = null;
    try {
      const address = bindAddress(options);
      sockets = await LegSockets.open(address, this.#pool, clock);
      if (entry.closed) throw new GatewayError('MEDIA_WORKER', 'The leg was closed while it opened.');
      const { silenceMs, holdMs, sttFrameMs, speech } = this.#options;
      const deps = { clock, stt, tts, silenceMs, holdMs, sttFrameMs, interim: speech.stt.interim };
      entry.leg = new MediaLeg(
        options,
        sockets,
        { ...deps, ticker: this.#ticker, prompts: this.#prompts, log: log.child({ callId: options.callId }) },
        (event) => reply({ type: 'event', leg: id, event }),
      );
      reply({ type: 'opened', leg: id, local: { address, rtpPort: sockets.rtpPort } });
    } catch (error) {
      await sockets?.close();
      this.#legs.delete(id);
      const message = error instanceof GatewayError ? error.message : 'The leg could not be opened.';
      if (!(error instanceof GatewayError)) log.error({ err: error }, 'a media leg could not be opened');
      reply({ type: 'open-failed', leg: id, failure: { code: codeOf(error), message } });
    }
  }

  async #close(id: number): Promise<void> {
    const entry = this.#legs.get(id);
    if (entry === undefined) return;
    entry.closed = true;
    if (entry.leg === null) return; // `open-failed` answers
    const stats = await entry.leg.close();
    if (this.#legs.delete(id)) this.#deps.reply({ type: 'closed', leg: id, stats });
  }

  async #probe(request: number): Promise<void> {
    const failure = await probeRecognition(this.#deps.stt, this.#deps.clock, PROBE_MS);
    this.#deps.reply({ type: 'probed', request, failure });
  }
}

/** "All addresses" is taken in the family of the peer. Throws GatewayError MEDIA_ADDRESS when the families differ. */
function bindAddress({ localAddress, plan }: MediaOpenOptions): string {
  const local = parseIp(localAddress);
  const remote = parseIp(plan.remoteAddress);
  if (local === null || remote === null) throw new GatewayError('MEDIA_ADDRESS', 'Not an IP address.');
  if (isUnspecified(local)) return remote.family === 6 ? '::' : '0.0.0.0';
  if (local.family !== remote.family) {
    throw new GatewayError('MEDIA_ADDRESS', 'The media address is of another family than ours.');
  }
  return local.text;
}
