import type { CodecName, MediaPlan } from '../call/ports.js';
import { planFor } from './negotiation.js';
import type { SdpOffer } from './offer.js';
import { audioOf, type OwnOrigin, writeDescription } from './sdp-writer.js';

export interface AnswerOptions extends OwnOrigin {
  /** Codecs we serve; the order is the offerer's. */
  readonly codecs: readonly CodecName[];
  /** What stands in our c= line: an address the peer can send to, of the peer's family. */
  readonly localAddress: string;
  readonly rtpPort: number;
  /** The plan in force, when the offer re-negotiates a running call. */
  readonly previous?: MediaPlan;
}

/** An answer, and the same agreement for the media path. */
export interface SdpAnswer {
  readonly sdp: string;
  readonly plan: MediaPlan;
}

/**
 * Answers an offer (RFC 3264 §6): one audio stream with the first common codec, every other stream refused.
 * Throws GatewayError MEDIA_NO_CODEC (also when only encrypted media is offered), MEDIA_ADDRESS.
 */
export function makeAnswer(offer: SdpOffer, options: AnswerOptions): SdpAnswer {
  const plan = planFor(offer, options.codecs, options.localAddress, options.previous);
  const streams = offer.media.map((stream, index) =>
    index === offer.audio
      ? audioOf(plan, options.rtpPort)
      : { kind: stream.kind, protocol: stream.protocol, format: stream.formats[0] ?? '0' },
  );
  return { sdp: writeDescription(options, options.localAddress, streams), plan };
}
