import { GatewayError } from '../base/errors.js';
import { makeAnswer } from '../sdp/answer.js';
import { planFor } from '../sdp/negotiation.js';
import { readOffer, type SdpOffer } from '../sdp/offer.js';
import type { CodecName, MediaPlan } from './ports.js';

/** The offer/answer state of one leg (RFC 3264): one session id, a version that rises with every answer. */
export class Negotiation {
  readonly #codecs: readonly CodecName[];
  readonly #sessionNumber: number;
  #version = 0;
  #offer: SdpOffer | null = null;
  #plan: MediaPlan | null = null;
  #description: string | null = null;

  /** `sessionNumber` goes into the origin line; RFC 8866 §5.2 suggests a timestamp. */
  constructor(codecs: readonly CodecName[], sessionNumber: number) {
    this.#codecs = codecs;
    this.#sessionNumber = sessionNumber;
  }

  get codec(): CodecName | null {
    return this.#plan?.codec ?? null;
  }

  /** The answer in force, or null before the first. */
  get description(): string | null {
    return this.#description;
  }

  /** Takes an offer and says what media it makes. Throws GatewayError SDP_INVALID, MEDIA_NO_CODEC, MEDIA_ADDRESS. */
  offered(text: string, localAddress: string): MediaPlan {
    const offer = readOffer(text);
    const plan = planFor(offer, this.#codecs, localAddress, this.#plan ?? undefined);
    this.#offer = offer;
    this.#plan = plan;
    return plan;
  }

  /** Writes the answer to the last offer. */
  answer(localAddress: string, rtpPort: number): string {
    if (this.#offer === null || this.#plan === null) throw new GatewayError('INTERNAL', 'There is no offer to answer.');
    this.#version += 1;
    const { sdp } = makeAnswer(this.#offer, {
      codecs: this.#codecs,
      localAddress,
      rtpPort,
      sessionId: this.#sessionNumber,
      sessionVersion: this.#version,
      previous: this.#plan,
    });
    this.#description = sdp;
    return sdp;
  }
}
