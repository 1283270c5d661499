import { GatewayError } from '../base/errors.js';
import { type IpAddress, isUnspecified, parseIp } from '../base/ip.js';
import type { CodecName, MediaPlan } from '../call/ports.js';
import type { Direction } from './description.js';

/** Our own audio stream: the values of a MediaPlan that stand in a description. */
export interface OwnAudio {
  readonly rtpPort: number;
  /** Codecs with their payload types, preferred first. */
  readonly codecs: readonly (readonly [CodecName, number])[];
  readonly dtmfPayloadType: number | null;
  readonly direction: Direction;
}

/** A stream we refuse. Its texts are tokens that `readDescription` checked. */
export interface RefusedStream {
  readonly kind: string;
  readonly protocol: string;
  readonly format: string;
}

/** Session id and version of our o= line (RFC 8866 §5.2): whole numbers, the version grows by one per change. */
export interface OwnOrigin {
  readonly sessionId: number;
  readonly sessionVersion: number;
}

/** The packet time we ask for; we also accept others. */
export const OWN_PTIME_MS = 20;

/**
 * Writes a session description from validated values only: no text of the peer but checked tokens comes through.
 * Throws GatewayError INTERNAL when the caller hands over what must not be written.
 */
export function writeDescription(
  origin: OwnOrigin,
  localAddress: string,
  streams: readonly (OwnAudio | RefusedStream)[],
): string {
  const address = ownAddress(localAddress);
  const network = `IN IP${address.family} ${address.text}`;
  const lines = [
    'v=0',
    // RFC 8866 §5.2: the user name may be "-"; ours says nothing about us.
    `o=- ${whole(origin.sessionId)} ${whole(origin.sessionVersion)} ${network}`,
    's=-',
    `c=${network}`,
    't=0 0',
    ...streams.flatMap((stream) => ('rtpPort' in stream ? audioLines(stream) : [refusedLine(stream)])),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** `localAddress` as an address peers can send to. Throws GatewayError INTERNAL for anything else. */
export function ownAddress(localAddress: string): IpAddress {
  const address = parseIp(localAddress);
  if (address === null || isUnspecified(address)) throw new GatewayError('INTERNAL', 'The SDP address is unusable.');
  return address;
}

function audioLines(audio: OwnAudio): string[] {
  const port = whole(audio.rtpPort, 65_535);
  const types = audio.codecs.map(([, payloadType]) => whole(payloadType, 127));
  const dtmf = audio.dtmfPayloadType === null ? null : whole(audio.dtmfPayloadType, 127);
  return [
    `m=audio ${port} RTP/AVP ${[...types, ...(dtmf === null ? [] : [dtmf])].join(' ')}`,
    ...audio.codecs.map(([codec, payloadType]) => `a=rtpmap:${payloadType} ${codec}/8000`),
    // RFC 4733 §2.4.1: the events we take, the sixteen DTMF keys.
    ...(dtmf === null ? [] : [`a=rtpmap:${dtmf} telephone-event/8000`, `a=fmtp:${dtmf} 0-15`]),
    `a=ptime:${OWN_PTIME_MS}`,
    `a=${audio.direction}`,
  ];
}

function refusedLine({ kind, protocol, format }: RefusedStream): string {
  if (!/^[a-z0-9]{1,32}$/.test(kind) || !/^[A-Z0-9/]{1,32}$/.test(protocol) || !/^[\w.*+-]{1,32}$/.test(format)) {
    throw new GatewayError('INTERNAL', 'A refused stream holds what is not a token.');
  }
  // RFC 3264 §6: a refused stream keeps its place with port zero.
  return `m=${kind} 0 ${protocol} ${format}`;
}

function whole(value: number, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new GatewayError('INTERNAL', 'A number of our session description is out of range.');
  }
  return value;
}

/** What a plan says about our stream. */
export function audioOf(plan: MediaPlan, rtpPort: number): OwnAudio {
  return {
    rtpPort,
    codecs: [[plan.codec, plan.payloadType]],
    dtmfPayloadType: plan.dtmfPayloadType,
    direction: plan.direction,
  };
}
