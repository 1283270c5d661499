import type { Clock } from '../base/clock.js';
import { systemClock } from '../base/clock.js';
import { PacedSender } from './paced-sender.js';
import { RtpReader } from './rtp.js';
import type { RtpPacket } from './stage.js';
import { TICK_MS, Ticker } from './ticker.js';
import { UdpSocket } from './udp-socket.js';

/** A packet that came, with bytes of its own. */
export type ReceivedRtp = Readonly<RtpPacket>;

export interface RtpRemote {
  readonly address: string;
  readonly port: number;
}

/** A plain RTP party for test callers: one socket, what came, and paced sending of G.711. */
export class RtpEndpoint {
  /** What came, in order of arrival. */
  readonly received: ReceivedRtp[] = [];
  readonly #clock: Clock;
  readonly #reader: RtpReader;
  #socket: UdpSocket | null = null;
  #waiting: (() => void)[] = [];
  #remote: RtpRemote = { address: '', port: 0 };
  #audio: Uint8Array = new Uint8Array(0);
  #sender: PacedSender | null = null;
  #pausedMs = 0;
  #ticker: { readonly clock: Clock; readonly ticker: Ticker } | null = null;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#reader = new RtpReader({ push: (packet) => this.#keep(packet) });
  }

  /** Binds to any free port of `localAddress`. */
  async open(localAddress: string): Promise<{ port: number }> {
    this.#socket = await UdpSocket.bind(localAddress, 0);
    this.#socket.receive(this.#reader, this.#clock);
    return { port: this.#socket.port };
  }

  /**
   * Sends G.711 bytes in packets of 20 ms, one every 20 ms of `clock`; resolves when the last is out. The pieces may be
   * of any length; the last packet is filled with silence. Calls follow each other as talkspurts of one stream.
   */
  async sendG711(
    payloads: Iterable<Uint8Array>,
    pt: number,
    remote: RtpRemote,
    clock: Clock = this.#clock,
  ): Promise<void> {
    this.#audio = Buffer.concat([...payloads]);
    this.#remote = remote;
    const sender = this.#resume(pt, clock);
    const ticker = this.#tickerOf(clock);
    await new Promise<void>((resolve) => {
      const stop = ticker.add((nowMs, steps) => {
        for (let left = Math.min(steps, 2); left > 0 && this.#audio.length > 0; left -= 1) sender.tick(1);
        if (this.#audio.length > 0) return;
        stop();
        this.#pausedMs = nowMs;
        resolve();
      });
    });
  }

  /** Resolves when `count` packets have come. */
  async receivedAtLeast(count: number): Promise<void> {
    while (this.received.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The payloads of one payload type, in the order of their timestamps. */
  audio(pt: number): Uint8Array {
    const packets = this.received.filter(({ payloadType }) => payloadType === pt);
    const first = packets[0]?.timestamp ?? 0;
    packets.sort((a, b) => ((a.timestamp - first) | 0) - ((b.timestamp - first) | 0));
    return Buffer.concat(packets.map(({ payload }) => payload));
  }

  /** Closes the socket. Idempotent. */
  async close(): Promise<void> {
    await this.#socket?.close();
    this.#socket = null;
  }

  /** The one stream of this party, with the time since its last packet counted in the timestamps. */
  #resume(pt: number, clock: Clock): PacedSender {
    const format = { codec: pt === 8 ? ('PCMA' as const) : ('PCMU' as const), payloadType: pt, ptimeMs: TICK_MS };
    if (this.#sender === null) {
      const send = (packet: Buffer): void => this.#socket?.send(packet, this.#remote.address, this.#remote.port);
      this.#sender = new PacedSender({ read: (out) => this.#read(out) }, format, send);
    } else {
      this.#sender.configure(format);
      this.#sender.enable(false);
      this.#sender.tick(Math.floor((clock.monotonic() - this.#pausedMs) / TICK_MS));
      this.#sender.enable(true);
    }
    return this.#sender;
  }

  /** One grid for all calls, so that pieces sent one after the other keep the pace of one stream. */
  #tickerOf(clock: Clock): Ticker {
    if (this.#ticker?.clock !== clock) this.#ticker = { clock, ticker: new Ticker(clock, () => {}) };
    return this.#ticker.ticker;
  }

  #read(out: Uint8Array): number {
    const piece = this.#audio.subarray(0, out.length);
    out.set(piece);
    this.#audio = this.#audio.subarray(piece.length);
    return piece.length;
  }

  #keep(packet: RtpPacket): void {
    this.received.push({ ...packet, payload: Uint8Array.from(packet.payload) });
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
