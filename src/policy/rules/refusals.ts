import { ERROR_TABLE, type ErrorCode } from '../../base/error-table.js';
import type { AnswerHeader, Refusal } from '../policy.js';

/** A refusal with the status that the error table gives for `code`. */
export function denyWith(
  code: ErrorCode,
  input: string,
  reason: string,
  headers: readonly AnswerHeader[] = [],
): Refusal {
  const status = ERROR_TABLE[code].sip;
  if (status === null) throw new Error(`${code} has no SIP status`);
  return { kind: 'deny', status, input, reason, code, headers };
}

/** A refusal by the operator's rules: no error of anybody's. */
export function forbid(input: string, reason: string): Refusal {
  return { kind: 'deny', status: 403, input, reason, headers: [] };
}

/** How long refused callers are asked to wait (RFC 3261 §20.33), in seconds. */
export const DEFAULT_RETRY_AFTER_SECONDS = 30;
