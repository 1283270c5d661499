import { GatewayError } from '../base/errors.js';
import type { CodecName, MediaPlan } from '../call/ports.js';
import { type Direction, readDescription, type SdpDescription } from './description.js';
import { planFor } from './negotiation.js';
import { type OwnOrigin, writeDescription } from './sdp-writer.js';

/** An offer as its peer made it, validated. */
export type SdpOffer = SdpDescription;

/** What we offer: in an INVITE of ours, or in the 200 to an INVITE without a body. */
export interface OfferOptions {
  /** Preferred first. */
  readonly codecs: readonly CodecName[];
  readonly localAddress: string;
  readonly rtpPort: number;
  /** Whether to offer RFC 4733 telephone events. */
  readonly dtmf: boolean;
  readonly direction?: Direction;
  readonly origin?: OwnOrigin;
}

const PAYLOAD_TYPES: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8 };
const DTMF_PAYLOAD_TYPE = 101;

/** Reads a peer's offer. Throws GatewayError SDP_INVALID, MEDIA_ADDRESS. That nothing in it suits us is said by `makeAnswer`. */
export function readOffer(text: string): SdpOffer {
  return readDescription(text);
}

/** Writes an offer (RFC 3264 §5) of one audio stream. */
export function makeOffer(options: OfferOptions): string {
  return writeDescription(options.origin ?? { sessionId: 1, sessionVersion: 1 }, options.localAddress, [
    {
      rtpPort: options.rtpPort,
      codecs: options.codecs.map((codec) => [codec, PAYLOAD_TYPES[codec]] as const),
      dtmfPayloadType: options.dtmf ? DTMF_PAYLOAD_TYPE : null,
      direction: options.direction ?? 'sendrecv',
    },
  ]);
}

/**
 * Reads the answer to an offer made with `offered` and says what was agreed. Throws GatewayError SDP_INVALID when it
 * does not answer that offer, MEDIA_NO_CODEC when the stream was refused, MEDIA_ADDRESS.
 */
export function readAnswer(text: string, offered: OfferOptions): MediaPlan {
  const answer = readDescription(text);
  // RFC 3264 §6: for each "m=" line in the offer, there MUST be a corresponding "m=" line in the answer.
  if (answer.media.length !== 1) throw new GatewayError('SDP_INVALID', 'The answer has another number of streams.');
  const plan = planFor(answer, offered.codecs, offered.localAddress);
  if (plan.payloadType !== PAYLOAD_TYPES[plan.codec]) {
    throw new GatewayError('SDP_INVALID', 'The answer maps a payload type that was not offered.');
  }
  return {
    ...plan,
    dtmfPayloadType: offered.dtmf && plan.dtmfPayloadType === DTMF_PAYLOAD_TYPE ? DTMF_PAYLOAD_TYPE : null,
  };
}
