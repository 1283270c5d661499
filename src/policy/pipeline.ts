import type { Clock } from '../base/clock.js';
import { codeOf } from '../base/errors.js';
import type { Uri } from '../sip/message/types.js';
import type { MatchedEntry, Policy, Refusal, RequestFacts, RuleName, TraceStep, Verdict } from './policy.js';
import { decisionRecord, type MaskMode } from './record.js';

export interface PipelineDeps {
  /** Only for measuring; time of arrival comes with the facts. */
  readonly clock: Clock;
  /** The id of a decision. */
  newId(): string;
  readonly mask: MaskMode;
  /** Told about a rule that threw, for the log. */
  onFault?(rule: RuleName, error: unknown): void;
}

/** A rule and what it does, for people. */
export interface RuleDescription {
  readonly rule: RuleName;
  readonly text: string;
}

export interface Pipeline {
  /** Asks the rules in order; the first refusal is the verdict. Never throws. */
  judge(facts: RequestFacts): Verdict;
  describe(): RuleDescription[];
}

/** What the rules that passed have learned. */
interface Learned {
  entry: MatchedEntry | null;
  user: string | null;
  called: Uri | null;
}

/** Makes a pipeline of rules in the order given; `order.ts` has the order of the product. */
export function createPipeline(policies: readonly Policy[], deps: PipelineDeps): Pipeline {
  return {
    describe: () => policies.map((policy) => ({ rule: policy.name, text: policy.describe() })),
    judge(facts) {
      const start = deps.clock.monotonic();
      const trace: TraceStep[] = [];
      const learned: Learned = { entry: null, user: null, called: null };
      for (const policy of policies) {
        const decided = ask(policy, facts, learned, trace, deps);
        if (decided !== null) return verdictOf(decided, facts, learned, trace, deps, start);
      }
      return verdictOf(null, facts, learned, trace, deps, start);
    },
  };
}

interface Decided {
  readonly rule: RuleName;
  readonly refusal: Refusal;
}

/** Asks one rule, notes the step, and returns the refusal if there is one. */
function ask(
  policy: Policy,
  facts: RequestFacts,
  learned: Learned,
  trace: TraceStep[],
  deps: PipelineDeps,
): Decided | null {
  try {
    const result = policy.judge(facts);
    const reason = result.kind === 'pass' ? null : result.reason;
    trace.push({ rule: policy.name, input: result.input, result: result.kind, reason });
    if (result.kind !== 'pass') return { rule: policy.name, refusal: result };
    learned.entry = result.entry ?? learned.entry;
    learned.user = result.user ?? learned.user;
    learned.called = result.called ?? learned.called;
    return null;
  } catch (error) {
    deps.onFault?.(policy.name, error);
    // The message of an error may hold what it failed on, so only its code is told.
    const reason = `rule ${policy.name} failed with ${codeOf(error)}`;
    trace.push({ rule: policy.name, input: 'unknown', result: 'deny', reason });
    const refusal = { kind: 'deny', status: 500, input: 'unknown', reason, code: 'INTERNAL', headers: [] } as const;
    return { rule: 'internal', refusal };
  }
}

function verdictOf(
  decided: Decided | null,
  facts: RequestFacts,
  learned: Learned,
  trace: readonly TraceStep[],
  deps: PipelineDeps,
  start: number,
): Verdict {
  const refusal = decided?.refusal ?? null;
  const common = {
    verdict: refusal?.kind ?? 'allow',
    rule: decided?.rule ?? 'all',
    status: refusal === null || refusal.kind === 'drop' ? null : refusal.status,
    reason: refusal?.reason ?? 'every rule agreed',
    // An entry that let a request past an earlier rule does not explain why a later one refused it.
    entry: refusal === null ? learned.entry : null,
    user: learned.user,
    tenant: null,
  } as const;
  const { time, callId, method, peer } = facts;
  const micros = (deps.clock.monotonic() - start) * 1_000;
  return {
    ...common,
    headers: refusal === null || refusal.kind === 'drop' ? [] : refusal.headers,
    called: refusal === null ? (learned.called ?? facts.to.uri) : null,
    trace,
    record: decisionRecord({ time, id: deps.newId(), callId, method, peer, micros, ...common }, deps.mask),
  };
}
