/**
 * What we know and do not serve. IBM Voice Gateway's names that would change what the gateway does are refused, because
 * passing over them would silently give another service than the one configured.
 */
export interface NotBuilt {
  /** A name, or a family of names ending in `*`. */
  readonly name: string;
  /** Completes "is not served: …". */
  readonly reason: string;
  /** The value that asks for nothing: with it the name is only warned about. */
  readonly inert: string | null;
}

const names = (reason: string, inert: string | null, list: readonly string[]): readonly NotBuilt[] =>
  list.map((name) => ({ name, reason, inert }));

/** Environment variables that are refused. */
export const NOT_BUILT_VARIABLES: readonly NotBuilt[] = [
  ...names('this version serves one tenant', null, ['MULTI_TENANT_CONFIG_FILE']),
  ...names('this version does not encrypt audio', 'false', ['ENABLE_SRTP_INBOUND']),
  ...names('this version does not encrypt audio', null, ['MEDIA_ENCRYPTION_TYPE']),
  ...names('there is no separate speech-to-text adapter', null, [
    'SSL_SERVER_PKCS12_FILE',
    'SSL_SERVER_PASSPHRASE',
    'STT_ADAPTER_USERNAME',
    'STT_ADAPTER_PASSWORD',
  ]),
  ...names('the REST API takes a user name and a password', null, ['REST_API_TOKEN*']),
  ...names('this version makes no calls', 'false', ['ENABLE_OUTBOUND_CALLS']),
  ...names('this version records no audio', 'false', ['ENABLE_RECORDING']),
  ...names('transcripts are never logged; use TRANSCRIPT_WEBHOOK', 'false', ['ENABLE_TRANSCRIPTION_AUDIT_MESSAGES']),
  ...names('this version talks to no conversation service', null, [
    'WATSON_CONVERSATION_*',
    'POST_RESPONSE_TIMEOUT',
    'CUSTOM_SIP_INVITE_HEADER',
    'CONVERSATION_FAILED_REPLY_MESSAGE',
  ]),
  ...names('this version talks to no conversation service', 'false', ['NOTIFY_CONVERSATION_*', 'SEND_SIP_*']),
  ...names('this version does not transfer calls', null, ['TRANSFER_DEFAULT_TARGET', 'TRANSFER_FAILED_REPLY_MESSAGE']),
  ...names('events go to TRANSCRIPT_WEBHOOK and CALL_RECORD_WEBHOOK', null, ['REPORTING_*']),
  ...names('tokens are not exchanged; use the user name apikey with the key as the password', null, [
    'WATSON_STT_APIKEY',
    'WATSON_TTS_APIKEY',
    'WATSON_STT_TOKEN_*',
    'WATSON_TTS_TOKEN_*',
  ]),
  ...names('this parameter is not sent to the service', null, ['WATSON_STT_OPTOUT']),
  ...names('this parameter is not sent to the service', 'true', ['WATSON_STT_PROFANITY_FILTER']),
  ...names('this parameter is not sent to the service', 'false', ['WATSON_STT_SMART_FORMATTING']),
  ...names('every transcript is passed on with its confidence', '0', ['WATSON_STT_CONFIDENCE_SCORE_THRESHOLD']),
  ...names('the session is named by Call-ID', 'Call-ID', ['CUSTOM_SIP_SESSION_HEADER']),
];

/** IBM Voice Gateway's variables that change nothing here worth refusing: they are warned about. */
export const IGNORED_VARIABLES: readonly NotBuilt[] = [
  ...names('signalling and media are one process', null, [
    'MEDIA_RELAY_HOST',
    'MEDIA_RELAY_WS_PORT',
    'CLUSTER_WORKERS',
  ]),
  ...names('there is one log level: LOG_LEVEL', null, ['MEDIA_RELAY_LOG_LEVEL']),
  ...names('the log goes to standard error; whoever runs the gateway keeps it', null, [
    'LOG_MAX_FILES',
    'LOG_MAX_FILE_SIZE',
  ]),
  ...names('decisions are recorded by DECISION_LOG', null, ['ENABLE_AUDIT_MESSAGES']),
  ...names('latencies are always measured', null, ['STT_TRACK_LATENCY']),
];

/** Keys of the file that are refused as not built, with everything below them. */
export const NOT_BUILT_KEYS: readonly NotBuilt[] = [
  ...names('this version serves one tenant', null, ['tenants']),
  ...names('this version serves one trunk', null, ['trunks']),
  ...names('this version does not serve SIPREC', null, ['siprec', 'allowlist.siprecAttribute']),
  ...names('this version challenges every method', null, ['sip.auth.exempt']),
  ...names('this version does not encrypt audio', null, ['media.encryption']),
  ...names('secrets come from the file, the environment or NAME_FILE', null, ['secrets']),
];

/** How an allowlist entry of a later version begins, in the file. In the environment these are plain text. */
export const NOT_BUILT_ENTRY_PREFIXES: readonly string[] = ['!', 'user:', 'host:', 'prefix:', 'e164:', 'regex:'];

/** The row that covers `name`, or null. */
export function findNotBuilt(rows: readonly NotBuilt[], name: string): NotBuilt | null {
  return (
    rows.find((row) => (row.name.endsWith('*') ? name.startsWith(row.name.slice(0, -1)) : row.name === name)) ?? null
  );
}
