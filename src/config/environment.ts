/** The process's environment. The only place in the program that reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** An environment variable and the key it sets. */
export interface Variable {
  readonly name: string;
  readonly path: string;
}

/** The variable that names the configuration file. */
export const CONFIG_VARIABLE = 'PORTCULLIS_CONFIG';

/** The variable that sets two keys at once, `a-b`: its path is their section. */
export const PORT_RANGE_VARIABLE = 'RTP_UDP_PORT_RANGE';

/** Every variable that sets a key. Of two with the same key only one may be set. */
export const VARIABLES: readonly Variable[] = Object.entries({
  SIP_HOST: 'sip.host',
  SIP_PORT: 'sip.udp.port',
  SIP_PORT_TCP: 'sip.tcp.port',
  SIP_PORT_TLS: 'sip.tls.port',
  BIND_ADDRESS: 'sip.bindAddress',
  SIP_AUTH_ENABLED: 'sip.auth.enabled',
  SIP_AUTH_USERNAME: 'sip.auth.username',
  SIP_AUTH_PASSWORD: 'sip.auth.password',
  SIP_AUTH_REALM: 'sip.auth.realm',
  SIP_AUTH_ALGORITHMS: 'sip.auth.algorithms',
  TRUSTED_IP_LIST: 'trustedIp.addresses',
  WHITELIST_FROM_URI: 'allowlist.from',
  WHITELIST_TO_URI: 'allowlist.to',
  WHITELIST_SIPREC_ATTR_NAME: 'allowlist.siprecAttribute.name',
  WHITELIST_SIPREC_ATTR_VALUE: 'allowlist.siprecAttribute.value',
  ALLOW_ANYONE: 'allowAnyone',
  MAX_CALLS: 'calls.max',
  MAX_CALL_SECONDS: 'calls.maxSeconds',
  DRAIN_SECONDS: 'calls.drainSeconds',
  RTP_UDP_PORT_RANGE: 'media.portRange',
  SDP_ADDRESS: 'media.sdpAddress',
  SSL_KEY_STORE_FILE: 'tls.keyStore.file',
  SSL_KEY_FILE_TYPE: 'tls.keyStore.type',
  SSL_KEY_PASSPHRASE: 'tls.keyStore.passphrase',
  SSL_KEY_TRUST_STORE_FILE: 'tls.trustStore.file',
  SSL_FILE_TYPE: 'tls.trustStore.type',
  SSL_PASSPHRASE: 'tls.trustStore.passphrase',
  SSL_CLIENT_CA_CERTIFICATE_FILE: 'tls.client.caFile',
  SSL_CLIENT_PKCS12_FILE: 'tls.client.pkcs12File',
  SSL_CLIENT_PASSPHRASE: 'tls.client.passphrase',
  PROXY_TYPE: 'proxy.type',
  PROXY_HOST: 'proxy.host',
  PROXY_PORT: 'proxy.port',
  PROXY_USERNAME: 'proxy.username',
  PROXY_PASSWORD: 'proxy.password',
  WATSON_STT_ENABLE_PROXY: 'proxy.stt',
  WATSON_TTS_ENABLE_PROXY: 'proxy.tts',
  MUSIC_ON_HOLD_ENABLE_PROXY: 'proxy.musicOnHold',
  SPEECH_PROVIDER: 'speech.provider',
  WATSON_STT_URL: 'speech.stt.url',
  WATSON_STT_USERNAME: 'speech.stt.username',
  WATSON_STT_PASSWORD: 'speech.stt.password',
  WATSON_STT_MODEL: 'speech.stt.model',
  WATSON_TTS_URL: 'speech.tts.url',
  WATSON_TTS_USERNAME: 'speech.tts.username',
  WATSON_TTS_PASSWORD: 'speech.tts.password',
  WATSON_TTS_VOICE: 'speech.tts.voice',
  TRANSCRIPT_WEBHOOK: 'transcripts.webhook',
  TRANSCRIPT_INTERIM: 'transcripts.interim',
  CALL_RECORD_WEBHOOK: 'callRecords.webhook',
  DECISION_LOG: 'decisions.log',
  REST_BIND_ADDRESS: 'rest.bindAddress',
  HTTP_HOST: 'rest.bindAddress',
  HTTPS_PORT: 'rest.port',
  REST_API_USERNAME: 'rest.username',
  REST_API_PASSWORD: 'rest.password',
  METRICS_BIND_ADDRESS: 'metrics.bindAddress',
  METRICS_PORT: 'metrics.port',
  LOG_LEVEL: 'logLevel',
  PORTCULLIS_STATE_DIR: 'stateDir',
}).map(([name, path]) => ({ name, path }));

/** Names that begin so are ours: a mistyped one must not be passed over. */
export const OUR_PREFIXES: readonly string[] = [
  'SIP_',
  'WHITELIST_',
  'TRUSTED_',
  'PROXY_',
  'WATSON_',
  'STT_',
  'TTS_',
  'RTP_',
  'SDP_',
  'SSL_KEY_',
  'SSL_CLIENT_',
  'SSL_SERVER_',
  'REST_',
  'METRICS_',
  'SPEECH_',
  'PORTCULLIS_',
  'MULTI_TENANT_',
  'MEDIA_',
];
