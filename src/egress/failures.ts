import { type ErrorCode, GatewayError } from '../base/errors.js';

/** The system's or TLS library's code of an error, else its name: never text that a peer chose. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : error.name;
}

/**
 * Turns what broke an open connection into an EGRESS_* error. `what` is a constant phrase. A refused client
 * certificate shows only here: in TLS 1.3 the alert comes after our side of the handshake is done (RFC 8446 §4.4.2.4).
 */
export function egressError(error: unknown, what: string): GatewayError {
  if (error instanceof GatewayError) return error;
  const reason = reasonOf(error);
  let code: ErrorCode = 'EGRESS_CONNECT';
  if (/^ERR_(SSL|TLS)_/.test(reason)) code = 'EGRESS_TLS';
  else if (/^(HPE_|HTTPParserError|UND_ERR_(RES|HEADERS_OVERFLOW|INVALID))/.test(reason)) code = 'EGRESS_HTTP';
  return new GatewayError(code, `${what}: ${reason}`, { cause: error });
}

/** The code for a service's status that is not the one hoped for. */
export function codeOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'SPEECH_REFUSED';
  return status >= 500 || status === 408 || status === 429 ? 'SPEECH_UNAVAILABLE' : 'EGRESS_HTTP';
}
