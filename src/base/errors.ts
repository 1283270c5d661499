import { ERROR_TABLE, type ErrorCode, type ErrorTraits } from './error-table.js';

export type { ErrorCode, ErrorTraits, Fault } from './error-table.js';

/**
 * An error with a permanent code. `message` is for the operator and never holds a secret; `cause` keeps the origin.
 * What a peer on the wire may see is only `traits.sip` or `traits.http`.
 */
export class GatewayError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message?: string, options?: { cause?: unknown }) {
    super(message ?? ERROR_TABLE[code].meaning, options);
    this.name = 'GatewayError';
    this.code = code;
  }

  get traits(): ErrorTraits {
    return ERROR_TABLE[this.code];
  }
}

/** The code of any thrown value; what is not ours is our fault until proven otherwise. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof GatewayError ? error.code : 'INTERNAL';
}

/** A short text of any thrown value, for log keys. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
