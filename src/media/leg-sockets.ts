import type { Clock } from '../base/clock.js';
import { GatewayError, messageOf } from '../base/errors.js';
import { isUnspecified, parseIp } from '../base/ip.js';
import type { PortPool } from './port-pool.js';
import type { Datagram, Sink } from './stage.js';
import { UdpSocket } from './udp-socket.js';

/** Pairs tried when another program holds some of our range. */
const MAX_TRIES = 16;

/**
 * The RTP and RTCP sockets of one leg and where they send: to the address of the SDP until the source is locked, then
 * to the locked source (RFC 4961), RTCP one port above.
 */
export class LegSockets {
  readonly rtpPort: number;
  readonly #rtp: UdpSocket;
  readonly #rtcp: UdpSocket;
  readonly #release: () => void;
  readonly #clock: Clock;
  #address = '';
  #port = 0;
  #aimed = '';
  #reachable = false;
  #rtcpSource = 0;

  private constructor(rtpPort: number, rtp: UdpSocket, rtcp: UdpSocket, release: () => void, clock: Clock) {
    this.rtpPort = rtpPort;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#release = release;
    this.#clock = clock;
  }

  /** Binds a pair of the pool on `address`. Throws GatewayError MEDIA_NO_PORT; the pair goes back when the sockets close. */
  static async open(address: string, pool: PortPool, clock: Clock): Promise<LegSockets> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const port = pool.acquire();
      const opened: UdpSocket[] = [];
      try {
        for (const each of [port, port + 1]) opened.push(await UdpSocket.bind(address, each));
        const [rtp, rtcp] = opened as [UdpSocket, UdpSocket];
        return new LegSockets(port, rtp, rtcp, () => pool.release(port), clock);
      } catch (cause) {
        await Promise.all(opened.map((socket) => socket.close()));
        pool.release(port);
        if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
          throw new GatewayError('MEDIA_NO_PORT', `RTP cannot be bound: ${messageOf(cause)}`, { cause });
        }
      }
    }
    throw new GatewayError('MEDIA_NO_PORT', 'The RTP ports tried are used by other programs.');
  }

  get drops(): Readonly<Record<string, number>> {
    return { rtcp_source: this.#rtcpSource, udp_errors: this.#rtp.errors + this.#rtcp.errors };
  }

  /** Hands on what comes; RTCP only from the address of the stream. */
  receive(rtp: Sink<Datagram>, rtcp: Sink<Datagram>): void {
    this.#rtp.receive(rtp, this.#clock);
    this.#rtcp.receive(
      {
        push: (datagram) => {
          if (datagram.address === this.#address) rtcp.push(datagram);
          else this.#rtcpSource += 1;
        },
      },
      this.#clock,
    );
  }

  /** Sends to what the SDP says. A target that changed undoes the lock. */
  aim(address: string, port: number): void {
    const target = `${address} ${port}`;
    if (target === this.#aimed) return;
    this.#aimed = target;
    this.#rtp.disconnect();
    this.#send(address, port);
  }

  /** The source is known: send there, and let the kernel drop everybody else. */
  lock(address: string, port: number): void {
    this.#send(address, port);
    this.#rtp.connect(address, port);
  }

  sendRtp(packet: Buffer): void {
    if (this.#reachable) this.#rtp.send(packet, this.#address, this.#port);
  }

  sendRtcp(packet: Buffer): void {
    if (this.#reachable) this.#rtcp.send(packet, this.#address, this.#port + 1);
  }

  /** Closes both sockets, then gives the pair back. Idempotent. */
  async close(): Promise<void> {
    await Promise.all([this.#rtp.close(), this.#rtcp.close()]);
    this.#release();
  }

  #send(address: string, port: number): void {
    const ip = parseIp(address);
    // RFC 3264 §8.4: neither RTP nor RTCP goes to 0.0.0.0; the kernel would take it for this machine.
    this.#reachable = ip !== null && !isUnspecified(ip);
    this.#address = address;
    this.#port = port;
  }
}
