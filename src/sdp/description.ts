import { type MediaDescription, parse } from 'sdp-transform';
import { GatewayError } from '../base/errors.js';
import { type IpAddress, isLinkLocal, isMulticast, isUnspecified, parseIp } from '../base/ip.js';
import type { MediaPlan } from '../call/ports.js';
import { checkSdpLines, invalid } from './sdp-lines.js';

export type Direction = MediaPlan['direction'];

/** One RTP format of an m= line, in the order of preference its sender gave. */
export interface SdpFormat {
  readonly payloadType: number;
  /** Encoding name in upper case; static types without rtpmap have theirs from RFC 3551. */
  readonly encoding: string;
  readonly clockRate: number;
}

/** One m= section. Texts are checked tokens, never free text. */
export interface SdpMedia {
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  /** Format tokens as written, for the line of a refused stream. */
  readonly formats: readonly string[];
  /** The RTP formats among them; empty for what is not RTP. */
  readonly rtp: readonly SdpFormat[];
  /** Where its sender wants the media; null when there is none that we would ever send to. */
  readonly address: IpAddress | null;
  readonly direction: Direction;
  readonly ptimeMs: number | null;
}

/** A session description of which only validated values are left. */
export interface SdpDescription {
  /** RFC 3264 §8: an unchanged version means an unchanged session. */
  readonly origin: { readonly sessionId: string; readonly version: string };
  readonly media: readonly SdpMedia[];
  /** Index in `media` of the plain RTP audio stream we would take; null when there is none. */
  readonly audio: number | null;
  /** Whether any stream asks for SRTP. */
  readonly encrypted: boolean;
}

/** RFC 3551 §6: payload types that need no rtpmap. Only those we could meet in an audio line and understand. */
const STATIC_FORMATS = new Map<number, SdpFormat>([
  [0, { payloadType: 0, encoding: 'PCMU', clockRate: 8000 }],
  [8, { payloadType: 8, encoding: 'PCMA', clockRate: 8000 }],
  [13, { payloadType: 13, encoding: 'CN', clockRate: 8000 }],
]);

/** Packet times (ms) that make sense for telephony; anything else is a trap for a divisor or a buffer. */
const PTIME_MS = { min: 10, max: 200 };

/**
 * Reads a session description strictly. Throws GatewayError SDP_INVALID when malformed, MEDIA_ADDRESS when the audio
 * stream points to a host name, a multicast, link-local or unspecified address (0.0.0.0 is old-style hold) or to a
 * privileged port.
 */
export function readDescription(text: string): SdpDescription {
  checkSdpLines(text);
  const parsed = parse(text);
  const session = { connection: parsed.connection, direction: parsed.direction };
  const media = parsed.media.map((section) => readMedia(section, session));
  const audio = media.findIndex((stream) => isPlainAudio(stream));
  return {
    origin: { sessionId: String(parsed.origin.sessionId), version: String(parsed.origin.sessionVersion) },
    media,
    audio: audio < 0 ? null : audio,
    encrypted: media.some((stream) => stream.protocol.includes('SAVP')),
  };
}

function isPlainAudio(stream: SdpMedia): boolean {
  return stream.kind === 'audio' && stream.protocol === 'RTP/AVP' && stream.port !== 0;
}

function readMedia(
  section: MediaDescription,
  session: { connection: { ip: string; version: number } | undefined; direction: Direction | undefined },
): SdpMedia {
  // The parser makes numbers of texts that look like one.
  const formats = String(section.payloads).split(' ');
  const stream = {
    kind: section.type.toLowerCase(),
    port: section.port,
    protocol: section.protocol.toUpperCase(),
    formats,
    rtp: section.protocol.toUpperCase().startsWith('RTP/') ? readFormats(formats, section) : [],
    direction: section.direction ?? session.direction ?? 'sendrecv',
    ptimeMs: readPtime(section.ptime),
    address: null,
  };
  if (!isPlainAudio(stream)) return stream;
  return { ...stream, address: readAddress(section.connection ?? session.connection, section.port) };
}

function readFormats(formats: readonly string[], section: MediaDescription): SdpFormat[] {
  const maps = new Map<number, SdpFormat>();
  for (const { payload, codec, rate } of section.rtp) {
    if (payload > 127 || maps.has(payload)) throw invalid('An rtpmap is out of range or repeated.');
    maps.set(payload, { payloadType: payload, encoding: String(codec).toUpperCase(), clockRate: rate ?? 0 });
  }
  return formats.flatMap((format) => {
    const payloadType = /^(0|[1-9][0-9]{0,2})$/.test(format) ? Number(format) : 128;
    if (payloadType > 127) throw invalid('An RTP payload type is out of range.');
    return maps.get(payloadType) ?? STATIC_FORMATS.get(payloadType) ?? [];
  });
}

function readPtime(ptimeMs: number | undefined): number | null {
  if (ptimeMs === undefined) return null;
  if (ptimeMs < PTIME_MS.min || ptimeMs > PTIME_MS.max) throw invalid('The packet time is out of range.');
  return ptimeMs;
}

function readAddress(connection: { ip: string; version: number } | undefined, port: number): IpAddress {
  if (connection === undefined) throw invalid('An audio stream has no c= line.');
  const address = parseIp(String(connection.ip));
  if (address === null || address.family !== connection.version) {
    throw new GatewayError('MEDIA_ADDRESS', 'The media address is not a plain IP address.');
  }
  if (isMulticast(address) || isLinkLocal(address) || (isUnspecified(address) && address.family === 6)) {
    throw new GatewayError('MEDIA_ADDRESS', 'The media address is not a unicast address.');
  }
  // A gateway that can be told to send to a well-known port is a reflector.
  if (port < 1024) throw new GatewayError('MEDIA_ADDRESS', 'The media port is privileged.');
  return address;
}
