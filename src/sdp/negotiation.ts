import { GatewayError } from '../base/errors.js';
import { isUnspecified } from '../base/ip.js';
import type { CodecName, MediaPlan } from '../call/ports.js';
import type { Direction, SdpDescription, SdpMedia } from './description.js';
import { OWN_PTIME_MS, ownAddress } from './sdp-writer.js';

/** RFC 3264 §6.1: what we may do, given what the peer does. */
const MIRRORED: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** The same for a peer at 0.0.0.0: RFC 3264 §8.4, nothing may be sent there. */
const MIRRORED_HELD: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'recvonly',
  sendonly: 'recvonly',
  recvonly: 'inactive',
  inactive: 'inactive',
};

/** Packet times our sender can keep: whole ticks of 20 ms, small enough for every path. */
const SENT_PTIMES_MS: readonly (number | null)[] = [20, 40, 60];

/**
 * Decides the media of a call from the peer's description. `codecs` are those we serve, `previous` is the plan in force
 * when this is a re-negotiation. Throws GatewayError MEDIA_NO_CODEC, MEDIA_ADDRESS.
 */
export function planFor(
  remote: SdpDescription,
  codecs: readonly CodecName[],
  localAddress: string,
  previous?: MediaPlan,
): MediaPlan {
  const stream = remote.audio === null ? undefined : remote.media[remote.audio];
  if (stream === undefined || stream.address === null) {
    throw new GatewayError(
      'MEDIA_NO_CODEC',
      remote.encrypted ? 'Only encrypted media was offered; this version has none.' : 'No usable audio stream.',
    );
  }
  if (stream.address.family !== ownAddress(localAddress).family) {
    throw new GatewayError('MEDIA_ADDRESS', 'The media address is of another family than ours.');
  }
  const format = chooseFormat(stream, codecs, previous);
  const held = isUnspecified(stream.address);
  const target = held && previous !== undefined ? previous : null;
  return {
    codec: format.codec,
    payloadType: format.payloadType,
    dtmfPayloadType: stream.rtp.find(isTelephoneEvent)?.payloadType ?? null,
    ptimeMs: SENT_PTIMES_MS.includes(stream.ptimeMs) ? (stream.ptimeMs ?? OWN_PTIME_MS) : OWN_PTIME_MS,
    remoteAddress: target?.remoteAddress ?? stream.address.text,
    remotePort: target?.remotePort ?? stream.port,
    direction: (held ? MIRRORED_HELD : MIRRORED)[stream.direction],
  };
}

function isTelephoneEvent(format: { readonly encoding: string; readonly clockRate: number }): boolean {
  return format.encoding === 'TELEPHONE-EVENT' && format.clockRate === 8000;
}

/**
 * The first of the peer's formats that we serve. On a re-negotiation the codec in use goes first while it is still
 * offered: RFC 3264 §8.3.2 allows a change, but a call gains nothing from one.
 */
function chooseFormat(
  stream: SdpMedia,
  codecs: readonly CodecName[],
  previous: MediaPlan | undefined,
): { codec: CodecName; payloadType: number } {
  const common = stream.rtp.flatMap(({ payloadType, encoding, clockRate }) => {
    const codec = codecs.find((name) => name === encoding && clockRate === 8000);
    return codec === undefined ? [] : [{ codec, payloadType }];
  });
  const chosen = common.find(({ codec }) => codec === previous?.codec) ?? common[0];
  if (chosen === undefined) throw new GatewayError('MEDIA_NO_CODEC');
  return chosen;
}
