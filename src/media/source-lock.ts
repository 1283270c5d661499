import type { Datagram, Sink, Stage } from './stage.js';
import { RTP_HEADER_BYTES } from './rtp.js';

/** From whom RTP may come, as the signalling said it. */
export interface SourceExpectation {
  /** SDP c= and m=. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Where the peer's signalling comes from. */
  readonly signalingAddress: string;
  /** Payload types agreed on; a datagram of another cannot take the lock. */
  readonly payloadTypes: readonly number[];
}

/**
 * Lets through one source only. Until the first valid RTP packet that source may be the address and port of the SDP or,
 * when the SDP names another address than the one the peer signals from (it sits behind a NAT), any port of the
 * signalling address. Then it is fixed until `arm` is called for a new description: a stream never follows whoever
 * sent last.
 */
export class SourceLock implements Stage<Datagram> {
  readonly name = 'source-lock';
  readonly drops = { source: 0, not_rtp: 0 };
  readonly #next: Sink<Datagram>;
  readonly #onLock: (address: string, port: number) => void;
  #expected: SourceExpectation;
  #address: string | null = null;
  #port = 0;

  constructor(
    next: Sink<Datagram>,
    expected: SourceExpectation,
    onLock: (address: string, port: number) => void = () => {},
  ) {
    this.#next = next;
    this.#expected = expected;
    this.#onLock = onLock;
  }

  get locked(): boolean {
    return this.#address !== null;
  }

  /** Takes a new description. The lock stays when the peer's media address did not change. */
  arm(expected: SourceExpectation): void {
    const moved =
      expected.remoteAddress !== this.#expected.remoteAddress || expected.remotePort !== this.#expected.remotePort;
    this.#expected = expected;
    if (moved) this.#address = null;
  }

  push(datagram: Datagram): void {
    if (this.#address === null) this.#learn(datagram);
    else if (datagram.port === this.#port && datagram.address === this.#address) this.#next.push(datagram);
    else this.drops.source += 1;
  }

  close(): void {}

  #learn(datagram: Datagram): void {
    if (!mayBeSource(this.#expected, datagram.address, datagram.port)) {
      this.drops.source += 1;
      return;
    }
    if (!looksLikeRtp(datagram.data, this.#expected.payloadTypes)) {
      this.drops.not_rtp += 1;
      return;
    }
    this.#address = datagram.address;
    this.#port = datagram.port;
    this.#onLock(datagram.address, datagram.port);
    this.#next.push(datagram);
  }
}

/** Whether a datagram from `address:port` may become the source of the stream. */
export function mayBeSource(expected: SourceExpectation, address: string, port: number): boolean {
  if (address === expected.remoteAddress) return port === expected.remotePort;
  return address === expected.signalingAddress;
}

function looksLikeRtp(data: Buffer, payloadTypes: readonly number[]): boolean {
  return (
    data.length >= RTP_HEADER_BYTES && data.readUInt8(0) >> 6 === 2 && payloadTypes.includes(data.readUInt8(1) & 0x7f)
  );
}
