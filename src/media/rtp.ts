import type { Datagram, RtpPacket, Sink, Stage } from './stage.js';

/** RFC 3550 §5.1: bytes of the fixed header. */
export const RTP_HEADER_BYTES = 12;
/** Longest datagram we look at: 120 ms of G.711 with room for extensions; a flood of full-size frames is refused unread. */
export const MAX_RTP_BYTES = 1_024;

export type RtpRefusal = 'rtp_short' | 'rtp_version' | 'rtp_csrc' | 'rtp_extension' | 'rtp_padding' | 'rtp_oversize';

/** A packet object to be filled again and again. */
export function emptyRtpPacket(): RtpPacket {
  return {
    payloadType: 0,
    marker: false,
    sequence: 0,
    timestamp: 0,
    ssrc: 0,
    payload: new Uint8Array(0),
    receivedMs: 0,
  };
}

/** Bytes with ready-made views of every length in use, so that a payload of a usual length costs no allocation. */
export class PayloadStore {
  readonly #bytes = new Uint8Array(MAX_RTP_BYTES);
  readonly #views: (Uint8Array | undefined)[] = [];

  /** Copies `source[start, end)` here and returns a view of the copy, valid until the next call. */
  hold(source: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start;
    for (let index = 0; index < length; index += 1) this.#bytes[index] = source[start + index] ?? 0;
    return (this.#views[length] ??= this.#bytes.subarray(0, length));
  }
}

/**
 * Parses an RTP datagram (RFC 3550 §5.1) into `packet`, its payload into `store`. Returns null, or why it is refused;
 * then `packet` is undefined.
 */
export function parseRtp(data: Buffer, packet: RtpPacket, store: PayloadStore): RtpRefusal | null {
  if (data.length < RTP_HEADER_BYTES) return 'rtp_short';
  if (data.length > MAX_RTP_BYTES) return 'rtp_oversize';
  const flags = data.readUInt8(0);
  if (flags >> 6 !== 2) return 'rtp_version';
  let start = RTP_HEADER_BYTES + (flags & 0x0f) * 4;
  if (start > data.length) return 'rtp_csrc';
  if ((flags & 0x10) !== 0) {
    // RFC 3550 §5.3.1: a 16-bit profile value, then the length in 32-bit words without these four bytes.
    if (start + 4 > data.length) return 'rtp_extension';
    start += 4 + data.readUInt16BE(start + 2) * 4;
    if (start > data.length) return 'rtp_extension';
  }
  let end = data.length;
  if ((flags & 0x20) !== 0) {
    // RFC 3550 §5.1: the last byte counts the padding, itself included.
    const padding = end > start ? data.readUInt8(end - 1) : 0;
    if (padding === 0 || padding > end - start) return 'rtp_padding';
    end -= padding;
  }
  const second = data.readUInt8(1);
  packet.marker = (second & 0x80) !== 0;
  packet.payloadType = second & 0x7f;
  packet.sequence = data.readUInt16BE(2);
  packet.timestamp = data.readUInt32BE(4);
  packet.ssrc = data.readUInt32BE(8);
  packet.payload = store.hold(data, start, end);
  return null;
}

/** Header fields of a packet we send. */
export type RtpHeader = Pick<RtpPacket, 'payloadType' | 'marker' | 'sequence' | 'timestamp' | 'ssrc'>;

/** Writes the fixed header into the first 12 bytes of `buffer`; the payload follows it. */
export function writeRtpHeader(buffer: Buffer, header: RtpHeader): void {
  buffer.writeUInt8(0x80, 0);
  buffer.writeUInt8((header.marker ? 0x80 : 0) | header.payloadType, 1);
  buffer.writeUInt16BE(header.sequence, 2);
  buffer.writeUInt32BE(header.timestamp, 4);
  buffer.writeUInt32BE(header.ssrc, 8);
}

/** The stage that makes packets of datagrams. */
export class RtpReader implements Stage<Datagram> {
  readonly name = 'rtp-reader';
  readonly drops = { rtp_short: 0, rtp_version: 0, rtp_csrc: 0, rtp_extension: 0, rtp_padding: 0, rtp_oversize: 0 };
  readonly #next: Sink<RtpPacket>;
  readonly #packet = emptyRtpPacket();
  readonly #store = new PayloadStore();

  constructor(next: Sink<RtpPacket>) {
    this.#next = next;
  }

  push(datagram: Datagram): void {
    const refusal = parseRtp(datagram.data, this.#packet, this.#store);
    if (refusal !== null) {
      this.drops[refusal] += 1;
      return;
    }
    this.#packet.receivedMs = datagram.receivedMs;
    this.#next.push(this.#packet);
  }

  close(): void {}
}
