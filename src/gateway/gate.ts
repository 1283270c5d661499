import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { isLoopback, parseIp } from '../base/ip.js';
import type { SipLimits } from '../base/limits.js';
import type { Log } from '../base/log.js';
import type { Secret } from '../base/secret.js';
import { mediaPolicy } from '../call/media-policy.js';
import type { Config } from '../config/schema.js';
import { createDigestUsers } from '../policy/digest-users.js';
import { factsOf } from '../policy/facts.js';
import type { AllowEntry } from '../policy/matchers.js';
import { NonceMint, DEFAULT_NONCE_OPTIONS } from '../policy/nonce.js';
import { NonceCounts } from '../policy/nonce-counts.js';
import { buildPolicies } from '../policy/order.js';
import { createPipeline, type Pipeline, type RuleDescription } from '../policy/pipeline.js';
import type { DecisionRecord, PeerFacts, Verdict } from '../policy/policy.js';
import { connectionRecord, refusalRecord } from '../policy/record.js';
import type { DigestOptions } from '../policy/rules/digest.js';
import { createTrustedIps, untrustedReason, type TrustedIps } from '../policy/rules/trusted-ip.js';
import type { EdgePeer, EdgeRefusal } from '../sip/edge-contract.js';
import { parseMessage } from '../sip/message/parse.js';
import type { SipRequest } from '../sip/message/types.js';

export interface GateDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** What is exhausted, in words, or null while there is room. */
  exhausted(): string | null;
  draining(): boolean;
  /** Every decision, in the order in which they were made. */
  onDecision(record: DecisionRecord): void;
}

/** The rules of one configuration at work: judges requests and writes down every decision. */
export class Gate {
  readonly #deps: GateDeps;
  readonly #trusted: TrustedIps | null;
  readonly #pipeline: Pipeline;
  readonly #limits: SipLimits;
  readonly #nonces: NonceMint;

  /** `password` is the digest password; null only when authentication is off. */
  constructor(config: Config, password: Secret | null, deps: GateDeps) {
    this.#deps = deps;
    this.#limits = config.sip.limits;
    this.#nonces = new NonceMint({ ...DEFAULT_NONCE_OPTIONS, lifeMs: config.sip.auth.nonceSeconds * 1000 });
    const { trustedIp, allowlist, decisions } = config;
    this.#trusted =
      trustedIp.addresses.length === 0
        ? null
        : createTrustedIps({ entries: trustedIp.addresses, reply: trustedIp.reply });
    const policies = buildPolicies({
      mask: decisions.maskIdentities,
      draining: { draining: () => deps.draining() },
      capacity: { exhausted: () => deps.exhausted() },
      more: [mediaPolicy(config.media.codecs)],
      ...(this.#trusted === null ? {} : { trustedIp: this.#trusted }),
      ...(password === null ? {} : { digest: digestOptions(config, password, this.#nonces) }),
      ...(allowlist.from.length === 0 ? {} : { from: allowEntries(allowlist.from) }),
      ...(allowlist.to.length === 0 ? {} : { to: allowEntries(allowlist.to) }),
    });
    this.#pipeline = createPipeline(policies, {
      clock: deps.clock,
      newId: randomUUID,
      mask: decisions.maskIdentities,
      onFault: (rule, error) => deps.log.error({ rule, err: error }, 'a rule failed and denied'),
    });
  }

  /** Signs nonces with a new key; those of the key before stay good. Less often than a nonce lives. */
  rotateNonceKey(): void {
    this.#nonces.rotate();
  }

  describe(): readonly RuleDescription[] {
    return this.#pipeline.describe();
  }

  /** Asked before a byte is read from a peer; false means silence. The refusal is recorded. */
  screen(peer: EdgePeer): boolean {
    if (this.#trusted === null || this.#trusted.screen(peer.address)) return true;
    const time = this.#deps.clock.now();
    const reason = untrustedReason(peer.address);
    this.#deps.onDecision(
      connectionRecord({ time, id: randomUUID(), peer: peerFacts(peer), rule: 'trusted-ip', reason }),
    );
    return false;
  }

  /** Whether a peer gets the larger connection cap: listed, or on this host. */
  trusts(address: string): boolean {
    if (this.#trusted !== null) return this.#trusted.find(address) !== null;
    const ip = parseIp(address);
    return ip !== null && isLoopback(ip);
  }

  /** Judges a request that belongs to no dialog. */
  judge(request: SipRequest, peer: EdgePeer | PeerFacts): Verdict {
    const verdict = this.#pipeline.judge(factsOf(request, peerFacts(peer), this.#deps.clock.now()));
    this.#deps.onDecision(verdict.record);
    return verdict;
  }

  /** The same from the raw message, for a front that has another parser. Null: it cannot be parsed and is recorded so. */
  judgeRaw(raw: Buffer, peer: PeerFacts): { readonly request: SipRequest; readonly verdict: Verdict } | null {
    const parsed = parseMessage(raw, this.#limits);
    if (parsed.ok && parsed.message.kind === 'request') {
      return { request: parsed.message, verdict: this.judge(parsed.message, peer) };
    }
    const reason = parsed.ok ? 'not a request' : parsed.error.message;
    const { method, callId } = parsed.ok ? { method: null, callId: null } : parsed;
    this.#record({ peer, rule: 'sanity', reason, status: 400, method, callId });
    return null;
  }

  /** Records what the edge refused by itself. */
  refused(refusal: EdgeRefusal): void {
    this.#record({ ...refusal, peer: peerFacts(refusal.peer) });
  }

  #record(refusal: Omit<Parameters<typeof refusalRecord>[0], 'time' | 'id'>): void {
    this.#deps.onDecision(refusalRecord({ ...refusal, time: this.#deps.clock.now(), id: randomUUID() }));
  }
}

function digestOptions(config: Config, password: Secret, nonces: NonceMint): DigestOptions {
  const { username, realm, algorithms } = config.sip.auth;
  return {
    users: createDigestUsers(realm, [{ username, password }], algorithms),
    algorithms,
    nonces,
    counts: new NonceCounts(),
  };
}

function allowEntries(entries: Config['allowlist']['from']): readonly AllowEntry[] {
  return entries.map(({ text, origin, mode }) => ({ text, origin, mode: mode === 'contains' ? 'contains' : 'exact' }));
}

function peerFacts({ address, port, transport, listener }: PeerFacts): PeerFacts {
  return { address, port, transport, listener };
}
