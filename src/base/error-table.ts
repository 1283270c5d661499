/** Who is at fault: used by metrics and by retry decisions. */
export type Fault = 'success' | 'client' | 'upstream' | 'server' | 'indeterminate';

/** What an error code means on each surface. `sip` and `http` are the status to answer with, or null where nothing is answered. */
export interface ErrorTraits {
  readonly sip: number | null;
  readonly http: number | null;
  readonly fault: Fault;
  readonly retryable: boolean;
  readonly meaning: string;
}

const row = (
  fault: Fault,
  sip: number | null,
  http: number | null,
  meaning: string,
  retryable = false,
): ErrorTraits => ({ sip, http, fault, retryable, meaning });

/**
 * The one table of permanent error codes. A code is never renamed and never reused.
 * docs/reference/errors.md lists the same rows; a test compares them.
 */
export const ERROR_TABLE = {
  // configuration and start
  CONFIG_INVALID: row('client', null, null, 'The configuration has errors; all of them are listed.'),
  CONFIG_UNREADABLE: row('client', null, null, 'A configuration file cannot be read.'),
  CONFIG_OPEN_GATE: row(
    'client',
    null,
    null,
    'Nothing would limit who may call: auth off, no trusted IPs, no allowlist.',
  ),
  CONFIG_NOT_BUILT: row('client', null, null, 'This key is known but not served by this version; it is never ignored.'),
  CONFIG_DOUBTFUL: row('client', null, null, 'Allowed, but probably not what was meant: a warning.'),
  SECRET_UNRESOLVED: row('client', null, null, 'A secret cannot be resolved.'),
  PORT_UNAVAILABLE: row('server', null, null, 'A port cannot be opened.'),
  FILE_UNAVAILABLE: row('server', null, null, 'A file cannot be read or written.'),
  // SIP message parsing
  SIP_START_LINE: row('client', 400, null, 'The start line is malformed.'),
  SIP_VERSION: row('client', 505, null, 'The SIP version is not 2.0.'),
  SIP_HEADER: row('client', 400, null, 'A header field is malformed.'),
  SIP_HEADER_MISSING: row('client', 400, null, 'A mandatory header field is missing.'),
  SIP_HEADER_DUPLICATE: row('client', 400, null, 'A header field that may stand once stands twice.'),
  SIP_URI: row('client', 400, null, 'A URI is malformed.'),
  SIP_URI_SCHEME: row('client', 416, null, 'The Request-URI scheme is not supported.'),
  SIP_URI_TOO_LONG: row('client', 414, null, 'The Request-URI is too long.'),
  SIP_BYTES: row('client', 400, null, 'The header block holds bytes that SIP forbids.'),
  SIP_CONTENT_LENGTH: row('client', 400, null, 'Content-Length is missing, malformed or wrong.'),
  SIP_TOO_LARGE: row('client', 513, null, 'The message is over a size limit.'),
  SIP_TOO_MANY: row('client', 400, null, 'The message has too many header fields, Vias or parts.'),
  SIP_CSEQ_METHOD: row('client', 400, null, 'CSeq names another method than the start line.'),
  SIP_FRAMING: row('client', null, null, 'The byte stream is not SIP; the connection is closed.'),
  SIP_TIMEOUT: row('client', null, null, 'A message or handshake did not complete in time.'),
  SIP_MAX_FORWARDS: row('client', 483, null, 'Max-Forwards is used up.'),
  SIP_EXTENSION: row('client', 420, null, 'An option in Require is not supported.'),
  SIP_METHOD_UNKNOWN: row('client', 501, null, 'The method is unknown.'),
  SIP_METHOD_REFUSED: row('client', 405, null, 'The method is not served.'),
  SIP_NO_DIALOG: row('client', 481, null, 'No such call or transaction.'),
  SIP_MERGED: row('client', 482, null, 'A merged request.'),
  SIP_MEDIA_TYPE: row('client', 415, null, 'The body type is not supported.'),
  SIP_TRANSPORT: row('indeterminate', 503, null, 'The transport to the peer failed.', true),
  SIP_NO_ANSWER: row('indeterminate', 408, null, 'The peer did not answer in time.', true),
  // media
  SDP_INVALID: row('client', 400, null, 'The session description is malformed.'),
  MEDIA_NO_CODEC: row('client', 488, null, 'No codec in common.'),
  MEDIA_ADDRESS: row('client', 488, null, 'The media address is not acceptable.'),
  MEDIA_NO_PORT: row('server', 503, 503, 'No RTP port is free.', true),
  MEDIA_WORKER: row('server', 503, 503, 'The media worker is not available.', true),
  MEDIA_SILENT: row('indeterminate', null, null, 'No media arrived for too long.'),
  // speech and egress
  SPEECH_UNAVAILABLE: row('upstream', 503, 503, 'The speech service cannot be reached.', true),
  SPEECH_REFUSED: row('upstream', 503, 503, 'The speech service refused our credentials or request.'),
  SPEECH_PROTOCOL: row('upstream', 503, 503, 'The speech service broke its protocol.', true),
  EGRESS_CONNECT: row('upstream', null, 502, 'The destination cannot be reached.', true),
  EGRESS_TLS: row('upstream', null, 502, 'The destination failed TLS verification.'),
  EGRESS_TIMEOUT: row('upstream', null, 504, 'The destination did not answer in time.', true),
  EGRESS_HTTP: row('upstream', null, 502, 'The destination answered with an error status.'),
  PROXY_CONNECT: row('upstream', null, 502, 'The forward proxy cannot be reached.', true),
  PROXY_AUTH: row('upstream', null, 502, 'The forward proxy refused our credentials (407).'),
  PROXY_REFUSED: row('upstream', null, 502, 'The forward proxy refused the destination.'),
  WEBHOOK_FAILED: row('upstream', null, null, 'An event was dropped after its retries.'),
  // tls material
  TLS_MATERIAL: row('client', null, null, 'A key, certificate or key store cannot be used.'),
  TLS_PASSPHRASE: row('client', null, null, 'A key store passphrase is wrong.'),
  TLS_FORMAT: row('client', null, null, 'A key store format is not readable here.'),
  // gateway
  CAPACITY: row('server', 503, 503, 'The gateway is at its limit of calls.', true),
  DRAINING: row('server', 503, 503, 'The gateway is shutting down.', true),
  CONTROL_PROTOCOL: row('server', null, null, 'The control channel broke its protocol.'),
  CONTROL_AUTH: row('client', null, null, 'The control channel secret is wrong.'),
  INTERNAL: row('server', 500, 500, 'A fault of the gateway itself.'),
} as const satisfies Record<string, ErrorTraits>;

export type ErrorCode = keyof typeof ERROR_TABLE;
