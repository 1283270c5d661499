import type { ReceptionState } from './rtp-receive.js';

/** RFC 3550 §12.1. */
const SR = 200;
const RR = 201;
const SDES = 202;
const BYE = 203;
/** Seconds between 1900, where NTP counts from, and 1970. */
const NTP_EPOCH = 2_208_988_800;

/** Longest compound we read. */
export const MAX_RTCP_BYTES = 1_500;

export type RtcpRefusal = 'rtcp_malformed' | 'rtcp_oversize';

/** What we keep of a peer's compound packet. */
export interface RtcpFacts {
  /** Middle 32 bits of the sender report's NTP time, or null when there was no sender report. */
  lastSr: number | null;
}

/**
 * Reads a compound packet (RFC 3550 §6.1, checks of Appendix A.2) and returns what we use of it, or why it is refused.
 * BYE is not acted on: without authentication anybody could send it.
 */
export function parseRtcp(data: Buffer): RtcpFacts | RtcpRefusal {
  if (data.length > MAX_RTCP_BYTES) return 'rtcp_oversize';
  if (data.length < 8 || data.length % 4 !== 0) return 'rtcp_malformed';
  const facts: RtcpFacts = { lastSr: null };
  for (let at = 0; at < data.length;) {
    if (at + 4 > data.length) return 'rtcp_malformed';
    const flags = data.readUInt8(at);
    const type = data.readUInt8(at + 1);
    const end = at + (data.readUInt16BE(at + 2) + 1) * 4;
    if (flags >> 6 !== 2 || end > data.length) return 'rtcp_malformed';
    // A.2: the first packet is SR or RR without padding; padding stands in the last one only.
    if (at === 0 && ((type !== SR && type !== RR) || (flags & 0x20) !== 0)) return 'rtcp_malformed';
    if ((flags & 0x20) !== 0 && end !== data.length) return 'rtcp_malformed';
    if (end - at < leastBytes(type, flags & 0x1f)) return 'rtcp_malformed';
    if (type === SR) facts.lastSr = data.readUInt32BE(at + 10);
    at = end;
  }
  return facts;
}

function leastBytes(type: number, count: number): number {
  if (type === SR) return 28 + count * 24;
  if (type === RR) return 8 + count * 24;
  return 4;
}

/** Our side of a report. */
export interface SenderState {
  readonly ssrc: number;
  readonly packetsSent: number;
  readonly bytesSent: number;
  /** RTP timestamp that belongs to `wallMs`. */
  readonly timestamp: number;
  /** Wall time, milliseconds since the epoch. */
  readonly wallMs: number;
}

/** The report block about the peer's stream (RFC 3550 §6.4.1). */
export interface ReportBlock {
  readonly state: ReceptionState;
  /** Of the interval since the last report, in 1/256. */
  readonly fractionLost: number;
  readonly lastSr: number;
  /** Since that SR came, in 1/65536 seconds. */
  readonly delay: number;
}

/** SR with a report block when we sent, else RR, followed by SDES with the CNAME (RFC 3550 §6.1: always both). */
export function writeReport(sender: SenderState, block: ReportBlock | null, cname: string): Buffer {
  const sent = sender.packetsSent > 0;
  const report = Buffer.alloc((sent ? 28 : 8) + (block === null ? 0 : 24));
  writeHead(report, sent ? SR : RR, block === null ? 0 : 1);
  report.writeUInt32BE(sender.ssrc, 4);
  if (sent) {
    report.writeUInt32BE((Math.floor(sender.wallMs / 1_000) + NTP_EPOCH) >>> 0, 8);
    report.writeUInt32BE(Math.floor(((sender.wallMs % 1_000) / 1_000) * 0x1_0000_0000), 12);
    report.writeUInt32BE(sender.timestamp, 16);
    report.writeUInt32BE(sender.packetsSent >>> 0, 20);
    report.writeUInt32BE(sender.bytesSent >>> 0, 24);
  }
  if (block !== null) writeBlock(report.subarray(report.length - 24), block);
  return Buffer.concat([report, sourceDescription(sender.ssrc, cname)]);
}

/** A report with BYE at its end (RFC 3550 §6.6). */
export function writeBye(sender: SenderState, block: ReportBlock | null, cname: string): Buffer {
  const bye = Buffer.alloc(8);
  writeHead(bye, BYE, 1);
  bye.writeUInt32BE(sender.ssrc, 4);
  return Buffer.concat([writeReport(sender, block, cname), bye]);
}

function writeHead(packet: Buffer, type: number, count: number): void {
  packet.writeUInt8(0x80 | count, 0);
  packet.writeUInt8(type, 1);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
}

function writeBlock(bytes: Buffer, { state, fractionLost, lastSr, delay }: ReportBlock): void {
  const lost = Math.max(-0x80_0000, Math.min(0x7f_ffff, state.expected - state.received));
  bytes.writeUInt32BE(state.ssrc, 0);
  bytes.writeUInt8(Math.max(0, Math.min(255, fractionLost)), 4);
  bytes.writeIntBE(lost, 5, 3);
  bytes.writeUInt32BE(state.highest >>> 0, 8);
  bytes.writeUInt32BE(state.jitter >>> 0, 12);
  bytes.writeUInt32BE(lastSr, 16);
  bytes.writeUInt32BE(delay >>> 0, 20);
}

/** RFC 3550 §6.5: one chunk with CNAME, ended by at least one null, filled to 32 bits. */
function sourceDescription(ssrc: number, cname: string): Buffer {
  const name = Buffer.from(cname, 'latin1').subarray(0, 255);
  const packet = Buffer.alloc(Math.ceil((8 + 2 + name.length + 1) / 4) * 4);
  writeHead(packet, SDES, 1);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt8(1, 8);
  packet.writeUInt8(name.length, 9);
  name.copy(packet, 10);
  return packet;
}
