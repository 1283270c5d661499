import { GatewayError } from '../base/errors.js';
import type { Policy, RequestFacts, RuleResult } from '../policy/policy.js';
import { planFor } from '../sdp/negotiation.js';
import { readOffer } from '../sdp/offer.js';
import type { CodecName } from './ports.js';

/**
 * The rule `media`: an INVITE must offer audio that we can serve, so that a call is refused with its reason before
 * anything is opened. It asks the same functions that later make the answer.
 */
export function mediaPolicy(codecs: readonly CodecName[]): Policy {
  return {
    name: 'media',
    describe: () => `An INVITE must offer one of ${codecs.join(', ')} over plain RTP.`,
    judge: (facts) => judge(facts, codecs),
  };
}

function judge(facts: RequestFacts, codecs: readonly CodecName[]): RuleResult {
  if (facts.method !== 'INVITE') return { kind: 'pass', input: '' };
  const input = `${facts.body.length} bytes of ${facts.contentType ?? 'no body'}`;
  // RFC 3261 §13.2.1 allows an INVITE without offer; this version does not serve it and says so.
  if (facts.body.length === 0) return deny(input, 488, 'the INVITE has no offer', []);
  if (facts.contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/sdp') {
    // RFC 3261 §8.2.3: the response MUST contain an Accept header listing the types understood.
    return deny(input, 415, 'the body is not application/sdp', [['Accept', 'application/sdp']]);
  }
  try {
    // The peer's address stands for ours: only its family counts here.
    const plan = planFor(readOffer(facts.body.toString('utf8')), codecs, facts.peer.address);
    return { kind: 'pass', input: `${input}, ${plan.codec}` };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return deny(input, error.traits.sip ?? 488, error.message, []);
  }
}

function deny(
  input: string,
  status: number,
  reason: string,
  headers: readonly (readonly [string, string])[],
): RuleResult {
  return { kind: 'deny', status, input, reason, headers };
}
