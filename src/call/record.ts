import type { ErrorCode } from '../base/errors.js';
import type { CodecName, MediaStats } from './ports.js';

export type EndReason = 'caller_hangup' | 'assistant_hangup' | 'transfer' | 'failed' | 'drained' | 'limit';

/** What is known of a call from its request and verdict. Identities are already masked as configured. */
export interface CallFacts {
  readonly callId: string;
  readonly sessionId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly tenant: string | null;
  readonly trunk: string | null;
  readonly signalingEncrypted: boolean;
  readonly sipAuthenticated: boolean;
  /** Ids of the decision records that let it in. */
  readonly decisions: readonly string[];
}

/** One JSON object per call at its end. Field names, order and meaning are public interface. */
export interface CallRecord {
  readonly callId: string;
  readonly sessionId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly from: string;
  readonly to: string;
  readonly tenant: string | null;
  readonly trunk: string | null;
  /** RFC 3339 with milliseconds, Z; `answered` is null when the call never was. */
  readonly start: string;
  readonly answered: string | null;
  readonly end: string;
  /** From answer to end; 0 when never answered. */
  readonly milliseconds: number;
  readonly endReason: EndReason;
  /** Permanent code of what went wrong, or null. */
  readonly failure: ErrorCode | null;
  readonly codec: CodecName | null;
  readonly security: {
    readonly media_encrypted: boolean;
    readonly signaling_encrypted: boolean;
    readonly sip_authenticated: boolean;
  };
  readonly network: {
    readonly jitterMs: number;
    readonly lossPercent: number;
    readonly dropped: Readonly<Record<string, number>>;
  };
  readonly decisions: readonly string[];
}

export interface CallOutcome {
  readonly startMs: number;
  readonly answeredMs: number | null;
  readonly endMs: number;
  readonly endReason: EndReason;
  readonly failure: ErrorCode | null;
  readonly codec: CodecName | null;
  readonly stats: MediaStats | null;
}

/** Makes the record from what was known at the start and what came of it. Times are wall-clock milliseconds. */
export function makeCallRecord(facts: CallFacts, outcome: CallOutcome): CallRecord {
  const { stats } = outcome;
  return {
    callId: facts.callId,
    sessionId: facts.sessionId,
    direction: facts.direction,
    from: facts.from,
    to: facts.to,
    tenant: facts.tenant,
    trunk: facts.trunk,
    start: rfc3339(outcome.startMs),
    answered: outcome.answeredMs === null ? null : rfc3339(outcome.answeredMs),
    end: rfc3339(outcome.endMs),
    milliseconds: outcome.answeredMs === null ? 0 : Math.max(0, Math.round(outcome.endMs - outcome.answeredMs)),
    endReason: outcome.endReason,
    failure: outcome.failure,
    codec: outcome.codec,
    security: {
      media_encrypted: false,
      signaling_encrypted: facts.signalingEncrypted,
      sip_authenticated: facts.sipAuthenticated,
    },
    network: {
      jitterMs: stats?.jitterMs ?? 0,
      lossPercent: stats?.lossPercent ?? 0,
      dropped: stats?.dropped ?? {},
    },
    decisions: facts.decisions,
  };
}

function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
