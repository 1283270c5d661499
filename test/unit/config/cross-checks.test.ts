import { describe, expect, it } from 'vitest';
import { pairsIn } from '../../../src/config/check-services.js';
import { load, problemsOf, warningsOf } from './support.js';

type Env = Readonly<Record<string, string>>;
const OPEN: Env = { SIP_AUTH_ENABLED: 'false' };
const FILES = { f: 'pem', 'k.p12': 'bytes' };

const refusals = (rows: readonly (readonly [Env, readonly string[]])[]): void => {
  it.each(rows)('%j is refused: %j', (env, problems) => {
    expect(problemsOf(load(env, null, FILES))).toEqual(problems);
  });
};
const acceptances = (rows: readonly Env[]): void => {
  it.each(rows)('%j is good', (env) => {
    expect(problemsOf(load(env, null, FILES))).toEqual([]);
  });
};

describe('open gate (interfaces §1)', () => {
  const open = ['CONFIG_OPEN_GATE sip.auth.enabled'];
  refusals([
    [OPEN, open],
    [{ ...OPEN, BIND_ADDRESS: '0.0.0.0' }, open],
    [{ ...OPEN, BIND_ADDRESS: '192.0.2.1', SIP_PORT: '5060' }, open],
    [{ ...OPEN, ALLOW_ANYONE: 'false' }, open],
    [{ ...OPEN, TRUSTED_IP_LIST: '0.0.0.0/0' }, open],
    [{ ...OPEN, TRUSTED_IP_LIST: '10.0.0.1,::/0' }, open],
  ]);
  acceptances([
    {},
    { ...OPEN, TRUSTED_IP_LIST: '10.0.0.0/8' },
    { ...OPEN, WHITELIST_FROM_URI: '12345' },
    { ...OPEN, WHITELIST_TO_URI: '12345' },
    { ...OPEN, ALLOW_ANYONE: 'true' },
    { ...OPEN, BIND_ADDRESS: '127.0.0.1' },
    { ...OPEN, BIND_ADDRESS: '127.0.0.53' },
    { ...OPEN, BIND_ADDRESS: '::1' },
    { TRUSTED_IP_LIST: '0.0.0.0/0' },
  ]);

  it('does not take the loopback of this process for that of a drachtio-server', () => {
    const yaml = 'sip: {server: drachtio, bindAddress: 127.0.0.1, drachtio: {secret: x}, auth: {enabled: false}}\n';
    expect(problemsOf(load({}, yaml))).toEqual(open);
  });

  it('names the line where authentication was turned off', () => {
    const result = load({}, 'sip:\n  auth:\n    enabled: false\n');
    expect(result.ok ? [] : result.problems).toMatchObject([{ where: 'portcullis.yaml:3:14' }]);
  });
});

describe('listeners', () => {
  refusals([
    [{ SIP_PORT_TLS: 'off' }, ['CONFIG_INVALID sip.tls.port']],
    [{ SIP_PORT_TLS: 'off', SIP_PORT: '5060' }, ['CONFIG_INVALID sip.tls.port']],
    [{ ...OPEN, ALLOW_ANYONE: 'true', SIP_PORT_TLS: 'off' }, ['CONFIG_INVALID sip.tls.port']],
    [{ SIP_PORT_TCP: '5061' }, ['CONFIG_INVALID sip.tls.port']],
    [{ METRICS_PORT: '9443' }, ['CONFIG_INVALID metrics.port']],
    [{ HTTPS_PORT: '5061' }, ['CONFIG_INVALID rest.port']],
    [{ METRICS_BIND_ADDRESS: '0.0.0.0', METRICS_PORT: '9443' }, ['CONFIG_INVALID metrics.port']],
  ]);
  acceptances([
    { SIP_PORT: '5061' },
    { SIP_PORT_TCP: '0', SIP_PORT_TLS: '0', HTTPS_PORT: '0', METRICS_PORT: '0' },
    { HTTPS_PORT: 'off', METRICS_PORT: 'off' },
    { METRICS_BIND_ADDRESS: '127.0.0.2', METRICS_PORT: '9443' },
    { ...OPEN, ALLOW_ANYONE: 'true', SIP_PORT_TLS: 'off', SIP_PORT: '5060' },
  ]);

  it('with a drachtio-server are not ours, but its secret is needed', () => {
    const yaml = (secret: string): string =>
      `sip: {server: drachtio, tls: {port: off}, drachtio: {port: 9022${secret}}}\n`;
    expect(problemsOf(load({}, yaml('')))).toEqual(['CONFIG_INVALID sip.drachtio.secret']);
    expect(problemsOf(load({}, yaml(', secret: cymru')))).toEqual([]);
  });
});

describe('proxy (IBM: PROXY_*)', () => {
  refusals([
    [{ PROXY_HOST: 'p' }, ['CONFIG_INVALID proxy.port']],
    [{ PROXY_PORT: '8080' }, ['CONFIG_INVALID proxy.port']],
    [{ PROXY_USERNAME: 'u', PROXY_PASSWORD: 'x' }, ['CONFIG_INVALID proxy.username', 'CONFIG_INVALID proxy.password']],
    [{ PROXY_HOST: 'p', PROXY_PORT: '1', PROXY_USERNAME: 'u' }, ['CONFIG_INVALID proxy.password']],
    [{ PROXY_HOST: 'p', PROXY_PORT: '1', PROXY_PASSWORD: 'x' }, ['CONFIG_INVALID proxy.username']],
    [
      { PROXY_HOST: 'p', PROXY_PORT: '1', PROXY_USERNAME: 'a:b', PROXY_PASSWORD: 'x' },
      ['CONFIG_INVALID proxy.username'],
    ],
    [{ PROXY_HOST: 'p', PROXY_PORT: '0' }, ['CONFIG_INVALID proxy.port']],
  ]);
  acceptances([
    { PROXY_HOST: 'app.proxy.com', PROXY_PORT: '8080', PROXY_USERNAME: 'johndoe', PROXY_PASSWORD: 'password1' },
    { PROXY_TYPE: 'https', PROXY_HOST: 'p', PROXY_PORT: '1' },
    { WATSON_STT_ENABLE_PROXY: 'false', MUSIC_ON_HOLD_ENABLE_PROXY: 'true' },
  ]);

  it('has no use for a CA while it is spoken to in plain HTTP', () => {
    const yaml = (type: string): string => `proxy: {host: p, port: 1, caFile: f, type: ${type}}\n`;
    expect(problemsOf(load({}, yaml('http'), FILES))).toEqual(['CONFIG_INVALID proxy.caFile']);
    expect(problemsOf(load({}, yaml('https'), FILES))).toEqual([]);
  });
});

describe('speech (interfaces §5)', () => {
  const watson = { WATSON_STT_URL: 'wss://s', WATSON_TTS_URL: 'https://t' };
  refusals([
    [{ SPEECH_PROVIDER: 'watson' }, ['CONFIG_INVALID speech.stt.url', 'CONFIG_INVALID speech.tts.url']],
    [{ WATSON_STT_URL: 'wss://s' }, ['CONFIG_INVALID speech.tts.url']],
    [{ ...watson, WATSON_STT_USERNAME: 'u' }, ['CONFIG_INVALID speech.stt.password']],
    [{ ...watson, WATSON_TTS_PASSWORD: 'x' }, ['CONFIG_INVALID speech.tts.username']],
    [{ ...watson, SPEECH_PROVIDER: 'google' }, ['CONFIG_INVALID speech.provider']],
  ]);
  acceptances([
    watson,
    { ...watson, SPEECH_PROVIDER: 'embedded' },
    { ...watson, WATSON_STT_USERNAME: 'u', WATSON_STT_PASSWORD: 'x' },
    { WATSON_TTS_URL: 'https://t' },
  ]);
});

describe('keys and files (IBM: SSL_*)', () => {
  refusals([
    [{ SSL_KEY_STORE_FILE: 'k.p12', SSL_KEY_FILE_TYPE: 'JKS' }, ['TLS_FORMAT tls.keyStore.type']],
    [{ SSL_KEY_TRUST_STORE_FILE: 'k.p12', SSL_FILE_TYPE: 'jceks' }, ['TLS_FORMAT tls.trustStore.type']],
    [{ SSL_KEY_STORE_FILE: 'k.p12', SSL_KEY_FILE_TYPE: 'DER' }, ['CONFIG_INVALID tls.keyStore.type']],
    [{ SSL_KEY_PASSPHRASE: 'x' }, ['CONFIG_INVALID tls.keyStore.file']],
    [{ SSL_PASSPHRASE: 'x', SSL_FILE_TYPE: 'PEM' }, ['CONFIG_INVALID tls.trustStore.file']],
    [{ SSL_CLIENT_PASSPHRASE: 'x' }, ['CONFIG_INVALID tls.client.pkcs12File']],
    [{ SSL_KEY_STORE_FILE: 'none' }, ['FILE_UNAVAILABLE tls.keyStore.file']],
    [{ SSL_KEY_TRUST_STORE_FILE: 'none' }, ['FILE_UNAVAILABLE tls.trustStore.file']],
    [{ SSL_CLIENT_CA_CERTIFICATE_FILE: 'none' }, ['FILE_UNAVAILABLE tls.client.caFile']],
    [{ SSL_CLIENT_PKCS12_FILE: 'none' }, ['FILE_UNAVAILABLE tls.client.pkcs12File']],
  ]);
  acceptances([
    { SSL_KEY_STORE_FILE: 'k.p12', SSL_KEY_PASSPHRASE: 'x' },
    { SSL_KEY_STORE_FILE: 'k.p12', SSL_KEY_FILE_TYPE: 'pkcs12' },
    { SSL_KEY_TRUST_STORE_FILE: 'f', SSL_FILE_TYPE: 'PEM' },
    { SSL_CLIENT_CA_CERTIFICATE_FILE: 'f', SSL_CLIENT_PKCS12_FILE: 'k.p12', SSL_CLIENT_PASSPHRASE: 'x' },
  ]);

  it('says how to convert a Java key store', () => {
    const result = load({ SSL_KEY_STORE_FILE: 'k.p12', SSL_KEY_FILE_TYPE: 'JCEKS' }, null, FILES);
    expect(result.ok ? null : result.problems[0]?.hint).toMatch(
      /keytool -importkeystore .*-srcstoretype JCEKS .*-deststoretype PKCS12/,
    );
  });
});

describe('SIPREC, credentials of the REST API', () => {
  refusals([
    [{ WHITELIST_SIPREC_ATTR_NAME: 'aor' }, ['CONFIG_NOT_BUILT allowlist.siprecAttribute.name']],
    [{ WHITELIST_SIPREC_ATTR_VALUE: '1' }, ['CONFIG_NOT_BUILT allowlist.siprecAttribute.value']],
    [{ REST_API_USERNAME: 'u' }, ['CONFIG_INVALID rest.password']],
    [{ REST_API_PASSWORD: 'x' }, ['CONFIG_INVALID rest.username']],
  ]);
  acceptances([{ REST_API_USERNAME: 'u', REST_API_PASSWORD: 'x' }]);

  it('takes the SIPREC keys only when they say nothing', () => {
    const yaml = (value: string): string => `allowlist: {siprecAttribute: {name: ${value}, value: ${value}}}\n`;
    expect(problemsOf(load({}, yaml('~')))).toEqual([]);
    expect(problemsOf(load({}, yaml('aor')))).toHaveLength(2);
  });
});

describe('RTP ports (RFC 3550 §11: an even port and the odd one after it)', () => {
  it.each([
    [16384, 32767, 8192],
    [16384, 16394, 5],
    [2, 3, 1],
    [3, 4, 0],
    [3, 5, 1],
    [2, 2, 0],
    [4, 3, 0],
    [9, 2, 0],
    [1, 65535, 32767],
  ])('%d-%d has %d pairs', (min, max, pairs) => {
    let counted = 0;
    for (let port = min; port < max; port++) if (port % 2 === 0) counted += 1;
    expect(counted).toBe(pairs);
    expect(pairsIn({ min, max })).toBe(pairs);
  });

  refusals([
    [{ RTP_UDP_PORT_RANGE: '3-4' }, ['CONFIG_INVALID media.portRange.max']],
    [{ RTP_UDP_PORT_RANGE: '20000-10000' }, ['CONFIG_INVALID media.portRange.max']],
    [{ RTP_UDP_PORT_RANGE: '0-100' }, ['CONFIG_INVALID media.portRange.min']],
    [{ RTP_UDP_PORT_RANGE: '1-70000' }, ['CONFIG_INVALID media.portRange.max']],
  ]);
  acceptances([{ RTP_UDP_PORT_RANGE: '16384-16394' }, { RTP_UDP_PORT_RANGE: '2-3' }]);
});

describe('warnings', () => {
  it.each<[Env, readonly string[]]>([
    [{}, []],
    [{ ...OPEN, ALLOW_ANYONE: 'true' }, ['CONFIG_DOUBTFUL allowAnyone']],
    [{ ALLOW_ANYONE: 'true' }, ['CONFIG_DOUBTFUL allowAnyone']],
    [{ TRUSTED_IP_LIST: '0.0.0.0/0' }, ['CONFIG_DOUBTFUL trustedIp.addresses']],
    [{ WHITELIST_FROM_URI: '555,2345556789' }, ['CONFIG_DOUBTFUL allowlist.from']],
    [{ WHITELIST_TO_URI: '5555,55555' }, ['CONFIG_DOUBTFUL allowlist.to']],
    [{ SIP_PORT: '5060', SIP_PORT_TCP: '5060' }, ['CONFIG_DOUBTFUL sip.udp.port', 'CONFIG_DOUBTFUL sip.tcp.port']],
    [{ RTP_UDP_PORT_RANGE: '16384-16394' }, ['CONFIG_DOUBTFUL calls.max']],
    [{ RTP_UDP_PORT_RANGE: '16384-16394', MAX_CALLS: '5' }, []],
    [{ SPEECH_PROVIDER: 'embedded', WATSON_STT_URL: 'wss://s' }, ['CONFIG_DOUBTFUL speech.stt.url']],
    [{ HTTP_HOST: '*' }, ['CONFIG_DOUBTFUL rest.bindAddress']],
    [{ HTTP_HOST: '*', REST_API_USERNAME: 'u', REST_API_PASSWORD: 'x' }, []],
    [{ HTTP_HOST: '*', HTTPS_PORT: 'off' }, []],
  ])('%j: %j', (env, warnings) => {
    const result = load(env);
    expect(problemsOf(result)).toEqual([]);
    expect(warningsOf(result)).toEqual(warnings);
  });

  it.each([
    ['ws://stt.example', true],
    ['http://10.0.0.1:4000', true],
    ['wss://stt.example', false],
    ['https://stt.example', false],
    ['ws://localhost:4000', false],
    ['http://127.0.0.1:4000', false],
  ])('credentials towards %s: %s', (url, warned) => {
    const env = { WATSON_STT_URL: url, WATSON_TTS_URL: url, WATSON_STT_USERNAME: 'u', WATSON_STT_PASSWORD: 'x' };
    expect(warningsOf(load(env))).toEqual(warned ? ['CONFIG_DOUBTFUL speech.stt.url'] : []);
  });
});
