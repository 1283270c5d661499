import { GatewayError } from '../base/errors.js';
import { type AllowEntry, createMatchers } from './matchers.js';
import type { Policy, RuleName } from './policy.js';
import type { MaskMode } from './record.js';
import { type CapacityOptions, capacityPolicy } from './rules/capacity.js';
import { type DigestOptions, digestPolicy } from './rules/digest.js';
import { type DrainingOptions, drainingPolicy } from './rules/draining.js';
import { fromPolicy } from './rules/from.js';
import { loopPolicy } from './rules/loop.js';
import { methodPolicy } from './rules/method.js';
import { type SanityOptions, sanityPolicy } from './rules/sanity.js';
import { strayPolicy } from './rules/stray.js';
import { toPolicy } from './rules/to.js';
import { transportPolicy } from './rules/transport.js';
import { type TrustedIps, trustedIpPolicy } from './rules/trusted-ip.js';

/** What the rules are made of. A rule without its options is absent; `stray`, `method`, `loop` and `sanity` always stand. */
export interface PolicyOptions {
  /** How identities are shown in reasons and traces. */
  readonly mask: MaskMode;
  readonly trustedIp?: TrustedIps;
  /** Brings the transport rule with it. */
  readonly digest?: DigestOptions;
  readonly sanity?: SanityOptions;
  readonly draining?: DrainingOptions;
  readonly from?: readonly AllowEntry[];
  readonly to?: readonly AllowEntry[];
  readonly capacity?: CapacityOptions;
  /** Rules made elsewhere (`siprec`, `media`, `identity` …); each is put at the place of its name. */
  readonly more?: readonly Policy[];
}

/** One place in the order of rules, and why it is there. */
export interface RulePlace {
  readonly rule: RuleName;
  readonly why: string;
  /** The rule of this place, or null when it is not configured. Absent: it is made elsewhere. */
  readonly make?: (options: PolicyOptions) => Policy | null;
}

/** The order in which a request is judged (interfaces.md §3). `framing` comes before it: without a message there is nothing to judge. */
export const RULE_ORDER: readonly RulePlace[] = [
  {
    rule: 'trusted-ip',
    why: 'It needs the socket address only and gives strangers nothing, not even a refusal.',
    make: ({ trustedIp }) => (trustedIp === undefined ? null : trustedIpPolicy(trustedIp)),
  },
  { rule: 'rate', why: 'A flood must be stopped before it costs work.' },
  { rule: 'ban', why: 'Whoever is banned gets silence whatever he asks.' },
  {
    rule: 'transport',
    why: 'Credentials must never be asked for over a channel that others can read.',
    make: ({ digest }) => (digest === undefined ? null : transportPolicy()),
  },
  { rule: 'sanity', why: 'A request for a dialog that does not exist is no new call.', make: () => strayPolicy() },
  { rule: 'method', why: 'RFC 3261 §8.2 looks at the method before the headers.', make: () => methodPolicy() },
  { rule: 'loop', why: 'A request that must not travel on needs no further look.', make: () => loopPolicy() },
  {
    rule: 'sanity',
    why: 'RFC 3261 §8.2.2 and §8.2.3: what cannot be understood cannot be served, whoever asks.',
    make: ({ sanity }) => sanityPolicy(sanity),
  },
  {
    rule: 'draining',
    why: 'Nobody should compute a response for a gateway that is about to leave.',
    make: ({ draining }) => (draining === undefined ? null : drainingPolicy(draining)),
  },
  {
    rule: 'digest',
    why: 'Who asks is settled before what he may do, so that lists cannot be probed without credentials.',
    make: ({ digest }) => (digest === undefined ? null : digestPolicy(digest)),
  },
  { rule: 'identity', why: 'It compares the authenticated user with the From he uses.' },
  { rule: 'tenant', why: 'Whether a tenant exists is told to authenticated peers only.' },
  {
    rule: 'from',
    why: 'The caller is judged before the callee.',
    make: ({ from, mask }) => (from === undefined ? null : fromPolicy(createMatchers(from), mask)),
  },
  {
    rule: 'to',
    why: 'It settles which number is called.',
    make: ({ to, mask }) => (to === undefined ? null : toPolicy(createMatchers(to), mask)),
  },
  { rule: 'siprec', why: 'It reads the body, which costs more than all before it.' },
  { rule: 'media', why: 'It reads the session description of a call that would otherwise be accepted.' },
  {
    rule: 'capacity',
    why: 'Only a call that would be accepted may learn that the house is full.',
    make: ({ capacity }) => (capacity === undefined ? null : capacityPolicy(capacity)),
  },
];

/**
 * The rules that are configured, in order.
 * Throws CONFIG_INVALID for an empty list, for options that a rule refuses, and for a rule in `more` that has no place of
 * its own or stands twice.
 */
export function buildPolicies(options: PolicyOptions): Policy[] {
  if (options.from?.length === 0) throw new GatewayError('CONFIG_INVALID', 'The list for From is empty.');
  if (options.to?.length === 0) throw new GatewayError('CONFIG_INVALID', 'The list for To is empty.');
  const more = new Map<RuleName, Policy>();
  for (const policy of options.more ?? []) {
    const free = RULE_ORDER.some((place) => place.rule === policy.name && place.make === undefined);
    if (!free || more.has(policy.name)) {
      throw new GatewayError('CONFIG_INVALID', `A rule named ${policy.name} has no free place in the order.`);
    }
    more.set(policy.name, policy);
  }
  return RULE_ORDER.flatMap(({ rule, make }) => {
    const policy = make === undefined ? more.get(rule) : make(options);
    return policy === undefined || policy === null ? [] : [policy];
  });
}
