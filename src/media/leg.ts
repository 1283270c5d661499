import type { Clock } from '../base/clock.js';
import { codeOf, GatewayError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { MediaEvent, MediaOpenOptions, MediaPlan, MediaStats } from '../call/ports.js';
import type { SpeechToText, TextToSpeech } from '../speech/adapter.js';
import type { BuiltInName, BuiltInPrompts } from './built-in-prompts.js';
import { formatOf } from './framer.js';
import { directionOf, type LegDirection, SilenceWatch } from './leg-direction.js';
import { LegRecognition } from './leg-recognition.js';
import type { LegSockets } from './leg-sockets.js';
import { statsOf } from './media-stats.js';
import { PacedSender } from './paced-sender.js';
import { Playback } from './playback.js';
import { ReceivePath } from './receive-path.js';
import { RtcpSession } from './rtcp-session.js';
import type { Ticker } from './ticker.js';

export interface LegDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly ticker: Ticker;
  readonly stt: SpeechToText;
  readonly tts: TextToSpeech;
  readonly prompts: BuiltInPrompts;
  readonly silenceMs: number;
  readonly holdMs: number;
  readonly sttFrameMs: number;
  readonly interim: boolean;
}

/**
 * The media of one call leg: sockets ⇄ stages ⇄ recogniser and prompts. It owns all of them and closes them in this
 * order: tick, prompts, receive path (what it holds goes to the recogniser), sockets, recogniser.
 */
export class MediaLeg {
  readonly #deps: LegDeps;
  readonly #emit: (event: MediaEvent) => void;
  readonly #sockets: LegSockets;
  readonly #receive: ReceivePath;
  readonly #recognition: LegRecognition;
  readonly #playback: Playback;
  readonly #sender: PacedSender;
  readonly #rtcp: RtcpSession;
  readonly #watch: SilenceWatch;
  readonly #initial: MediaPlan['direction'];
  readonly #untick: () => void;
  #plan: MediaPlan;
  #direction: LegDirection;
  #answeredMs: number | null = null;
  #firstPacketMs: number | null = null;
  #toldStarted = false;
  #failed = false;
  #closing: Promise<MediaStats> | null = null;

  /** Takes over bound sockets and opens the recognition stream. */
  constructor(options: MediaOpenOptions, sockets: LegSockets, deps: LegDeps, emit: (event: MediaEvent) => void) {
    const { plan } = options;
    this.#deps = deps;
    this.#emit = emit;
    this.#sockets = sockets;
    this.#plan = plan;
    this.#initial = plan.direction;
    this.#direction = directionOf(this.#initial, plan);
    this.#watch = new SilenceWatch(deps);
    const format = deps.stt.formatFor(formatOf(plan.codec));
    this.#receive = new ReceivePath(
      { plan, signalingAddress: options.signalingAddress, format, frameMs: deps.sttFrameMs },
      {
        onLock: (address, port) => sockets.lock(address, port),
        onPacket: (receivedMs) => this.#heard(receivedMs),
        onKey: () => emit({ type: 'dtmf' }),
        onFrame: (frame) => this.#recognition.write(frame),
      },
    );
    this.#playback = new Playback({
      onEnded: (promptId, outcome) => emit({ type: 'prompt-ended', promptId, outcome }),
      onError: (error) => this.#speechFailed(error),
    });
    this.#sender = new PacedSender(this.#playback, plan, (packet) => sockets.sendRtp(packet));
    this.#rtcp = new RtcpSession(deps.clock, {
      sender: () => ({
        ssrc: this.#sender.ssrc,
        packetsSent: this.#sender.packetsSent,
        bytesSent: this.#sender.bytesSent,
        timestamp: this.#sender.timestamp,
      }),
      reception: () => this.#receive.reception(),
      send: (packet) => sockets.sendRtcp(packet),
    });
    this.#recognition = new LegRecognition(
      { stt: deps.stt, sessionId: options.sessionId, format, interim: deps.interim, offsetMs: () => this.#offsetMs() },
      emit,
    );
    this.#point();
    sockets.receive(
      { push: (datagram) => this.#guarded(() => this.#receive.head.push(datagram)) },
      { push: (datagram) => this.#rtcp.receive(datagram) },
    );
    this.#untick = deps.ticker.add((nowMs, steps) => this.#guarded(() => this.#tick(nowMs, steps)));
  }

  /** The call is answered: time counts, prompts play. */
  start(): void {
    if (this.#closing !== null || this.#answeredMs !== null) return;
    this.#answeredMs = this.#deps.clock.monotonic();
    this.#watch.heard(this.#answeredMs);
    this.#rtcp.start();
    this.#tellStarted();
  }

  /** Applies a re-negotiated plan. Prompts in another codec than the new one are ended. */
  update(plan: MediaPlan): void {
    if (this.#closing !== null) return;
    const before = this.#plan;
    this.#plan = plan;
    this.#direction = directionOf(this.#initial, plan);
    if (plan.codec !== before.codec) this.#playback.stop();
    this.#receive.update(plan);
    this.#sender.configure(plan);
    this.#watch.heard(this.#deps.clock.monotonic());
    this.#point();
  }

  say(promptId: number, text: string): void {
    const { tts } = this.#deps;
    const format = formatOf(this.#plan.codec);
    this.#play(promptId, (signal) => tts.synthesize(text, format, signal));
  }

  playBuiltIn(promptId: number, name: BuiltInName): void {
    const audio = this.#deps.prompts.audio(name, this.#plan.codec);
    if (audio !== null) this.#play(promptId, () => once(audio));
    else if (this.#closing === null) this.#emit({ type: 'prompt-ended', promptId, outcome: 'failed' });
  }

  stopPlayback(): void {
    this.#playback.stop();
  }

  /** Ends everything and gives the final counters. Idempotent. */
  close(): Promise<MediaStats> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<MediaStats> {
    this.#untick();
    this.#playback.stop();
    this.#rtcp.bye();
    this.#receive.close();
    await this.#sockets.close();
    try {
      await this.#recognition.finish();
    } catch (err) {
      this.#deps.log.warn({ err }, 'the recognition stream did not end well');
    }
    return statsOf(this.#receive.reception(), this.#sender.packetsSent, [
      ...this.#receive.drops,
      this.#rtcp.drops,
      this.#sockets.drops,
      { stt_bytes: this.#recognition.droppedBytes },
    ]);
  }

  #tick(nowMs: number, steps: number): void {
    this.#receive.tick(nowMs, this.#answeredMs);
    if (this.#answeredMs === null) return;
    this.#sender.tick(steps);
    this.#rtcp.tick(nowMs);
    const silentMs = this.#watch.check(nowMs, this.#direction.listening);
    if (silentMs !== null) this.#emit({ type: 'silent', silentMs, onHold: !this.#direction.listening });
  }

  #heard(receivedMs: number): void {
    this.#watch.heard(receivedMs);
    if (this.#firstPacketMs !== null) return;
    this.#firstPacketMs = receivedMs;
    this.#tellStarted();
  }

  #tellStarted(): void {
    if (this.#toldStarted || this.#answeredMs === null || this.#firstPacketMs === null) return;
    this.#toldStarted = true;
    this.#emit({ type: 'media-started', afterMs: Math.max(0, Math.round(this.#firstPacketMs - this.#answeredMs)) });
  }

  /** Applies the direction and the destination of the plan in force. */
  #point(): void {
    this.#sockets.aim(this.#plan.remoteAddress, this.#plan.remotePort);
    this.#receive.listen(this.#direction.listening);
    this.#sender.enable(this.#direction.sending);
  }

  #offsetMs(): number {
    const { beginMs } = this.#receive;
    return beginMs === null || this.#answeredMs === null ? 0 : beginMs - this.#answeredMs;
  }

  #play(promptId: number, source: (signal: AbortSignal) => AsyncIterable<Uint8Array>): void {
    if (this.#closing === null) this.#playback.enqueue(promptId, source);
  }

  #speechFailed(error: unknown): void {
    // Only messages of our own errors are known to hold no text.
    const message = error instanceof GatewayError ? error.message : 'The speech adapter failed.';
    this.#emit({ type: 'speech-failed', service: 'tts', code: codeOf(error), message, retrying: false });
  }

  /** A fault of ours in one leg ends that leg, not the worker. */
  #guarded(work: () => void): void {
    if (this.#failed) return;
    try {
      work();
    } catch (err) {
      this.#failed = true;
      this.#deps.log.error({ err }, 'a media leg failed');
      this.#emit({ type: 'lost', code: 'INTERNAL', message: 'The media leg failed.' });
    }
  }
}

async function* once(audio: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(audio);
}
