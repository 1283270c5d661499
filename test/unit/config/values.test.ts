import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/base/secret.js';
import { LEAVES } from '../../../src/config/leaves.js';
import { valueAt } from '../../../src/config/load.js';
import { needsGeneratedPassword } from '../../../src/config/schema.js';
import { configOf, load, problemsOf } from './support.js';

const defaults = configOf(load({}));

describe('defaults (interfaces §1, §5)', () => {
  it.each<[string, unknown]>([
    ['sip.server', 'embedded'],
    ['sip.udp.port', 'off'],
    ['sip.tcp.port', 'off'],
    ['sip.tls.port', 5061],
    ['sip.bindAddress', '::'],
    ['sip.host', null],
    ['sip.drachtio.port', 9022],
    ['sip.auth.enabled', true],
    ['sip.auth.username', 'portcullis'],
    ['sip.auth.password', null],
    ['sip.auth.realm', 'vgw'],
    ['sip.auth.algorithms', ['SHA-256', 'MD5']],
    ['sip.auth.nonceSeconds', 300],
    ['sip.limits.messageBytes', 131_072],
    ['sip.limits.transactionsPerPeer', 1_000],
    ['trustedIp.addresses', []],
    ['trustedIp.reply', 'drop'],
    ['allowlist.from', []],
    ['allowlist.to', []],
    ['allowAnyone', false],
    ['calls.max', 1000],
    ['calls.maxSeconds', 14400],
    ['calls.drainSeconds', 600],
    ['media.portRange.min', 16384],
    ['media.portRange.max', 32767],
    ['media.sdpAddress', null],
    ['media.silenceSeconds', 60],
    ['media.holdSeconds', 3600],
    ['media.codecs', ['PCMU', 'PCMA']],
    ['tls.keyStore', null],
    ['tls.trustStore', null],
    ['proxy.type', 'http'],
    ['proxy.stt', true],
    ['proxy.tts', true],
    ['proxy.musicOnHold', false],
    ['speech.provider', 'embedded'],
    ['speech.onFailure', 'apologise'],
    ['speech.sttFrameMs', 100],
    ['speech.stt.bufferMs', 2000],
    ['speech.stt.connectTimeoutMs', 3000],
    ['speech.tts.stallMs', 3000],
    ['transcripts.webhook', null],
    ['transcripts.interim', false],
    ['decisions.log', null],
    ['decisions.maskIdentities', 'last4'],
    ['rest.bindAddress', '127.0.0.1'],
    ['rest.port', 9443],
    ['metrics.bindAddress', '127.0.0.1'],
    ['metrics.port', 9001],
    ['logLevel', 'info'],
    ['stateDir', null],
  ])('%s is %j', (path, value) => {
    expect(valueAt(defaults, path)).toEqual(value);
  });
});

/** A value of a key as YAML, and what the program reads, or undefined where it is refused. */
type Row = readonly [written: string, read: unknown];
const REFUSED = undefined;

const PORTS: readonly Row[] = [
  ['0', 0],
  ['65535', 65535],
  ['off', 'off'],
  ['OFF', 'off'],
  ['"5070"', 5070],
  ['65536', REFUSED],
  ['-1', REFUSED],
  ['5061.5', REFUSED],
  ['0x50', REFUSED],
  ['1e3', REFUSED],
  ['on', REFUSED],
  ['~', REFUSED],
  ['[5061]', REFUSED],
  ['{a: 1}', REFUSED],
];

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  'sip.udp.port': PORTS.filter(([written]) => written !== '65535'),
  'rest.port': PORTS,
  'sip.auth.enabled': [
    ['true', true],
    ['TRUE', true],
    ['"true"', true],
    ['yes', REFUSED],
    ['1', REFUSED],
    ['~', REFUSED],
    ['off', REFUSED],
  ],
  'sip.bindAddress': [
    ['0.0.0.0', '0.0.0.0'],
    ['"::1"', '::1'],
    ['localhost', REFUSED],
    ['010.0.0.1', REFUSED],
    ['127.1', REFUSED],
    ['"*"', REFUSED],
    ['"[::1]"', REFUSED],
  ],
  'sip.host': [
    ['voice.example.com', 'voice.example.com'],
    ['192.0.2.1', '192.0.2.1'],
    ['~', null],
    ['""', REFUSED],
    ['"a\\r\\nVia: x"', REFUSED],
    ['"sip:a"', REFUSED],
  ],
  'sip.auth.username': [
    ['1001', '1001'],
    ['0049', '0049'],
    ['"a:b"', REFUSED],
    ['~', REFUSED],
  ],
  'sip.auth.realm': [
    ['example.com', 'example.com'],
    ["'a\"b'", REFUSED],
    ['"a\\nb"', REFUSED],
  ],
  'sip.auth.algorithms': [
    ['[MD5]', ['MD5']],
    ['[sha-512-256, md5]', ['SHA-512-256', 'MD5']],
    ['[]', REFUSED],
    ['[MD5, MD5]', REFUSED],
    ['[SHA-1]', REFUSED],
    ['MD5', REFUSED],
    ['[[MD5]]', REFUSED],
  ],
  'sip.auth.nonceSeconds': [
    ['10', 10],
    ['9', REFUSED],
    ['86401', REFUSED],
    ['30.5', REFUSED],
    ['99999999999999999999', REFUSED],
  ],
  'trustedIp.reply': [
    ['403', '403'],
    ['"403"', '403'],
    ['Drop', 'drop'],
    ['404', REFUSED],
  ],
  'media.sdpAddress': [
    ['203.0.113.5', '203.0.113.5'],
    ['0.0.0.0', REFUSED],
    ['"::"', REFUSED],
    ['host.example', REFUSED],
  ],
  'media.codecs': [
    ['[PCMA]', ['PCMA']],
    ['[pcmu]', ['PCMU']],
    ['[opus]', REFUSED],
  ],
  'speech.sttFrameMs': [
    ['60', 60],
    ['59', REFUSED],
    ['101', REFUSED],
  ],
  'transcripts.webhook': [
    ['https://a.example/x', 'https://a.example/x'],
    ['http://127.0.0.1:1/', 'http://127.0.0.1:1/'],
    ['http://a.example/', REFUSED],
    ['https://u:p@a.example/', REFUSED],
  ],
  'callRecords.webhook': [
    ['http://localhost/', 'http://localhost/'],
    ['http://a.example/', REFUSED],
  ],
  'decisions.log': [
    ['"-"', '-'],
    ['/var/log/d.jsonl', '/var/log/d.jsonl'],
    ['""', REFUSED],
  ],
  'proxy.type': [
    ['HTTP', 'http'],
    ['socks5', REFUSED],
  ],
  logLevel: [
    ['trace', 'trace'],
    ['silent', 'silent'],
    ['off', 'silent'],
    ['fatal', 'fatal'],
    ['severe', 'error'],
    ['warning', 'warn'],
    ['audit', 'info'],
    ['INFO', 'info'],
    ['fine', 'debug'],
    ['finest', 'trace'],
    ['all', 'trace'],
    ['loud', REFUSED],
  ],
};

const nest = (path: string, written: string): string =>
  path
    .split('.')
    .map((key, depth) => `${'  '.repeat(depth)}${key}:`)
    .join('\n') + ` ${written}\n`;

describe.each(Object.entries(TABLE))('%s', (path, rows) => {
  it.each(rows)('written %s is read as %j', (written, read) => {
    const result = load({}, nest(path, written));
    if (read === REFUSED) expect(problemsOf(result)).toEqual([`CONFIG_INVALID ${path}`]);
    else expect(valueAt(configOf(result), path)).toEqual(read);
  });
});

describe('every key', () => {
  const leaves = [...LEAVES.values()];

  it.each(leaves)('$path refuses a map with its own words and place', (leaf) => {
    const result = load({}, nest(leaf.path, '{nonsense: 1}'));
    const found = result.ok ? [] : result.problems.filter(({ path }) => path === leaf.path);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]?.where).toMatch(/^portcullis\.yaml:\d+:\d+$/);
  });

  it.each(leaves.filter(({ kind }) => kind === 'number'))('$path refuses what is no whole number', ({ path }) => {
    for (const written of ['x', '1.5', '-1', '1e2', '" 5"', 'Infinity']) {
      expect(problemsOf(load({}, nest(path, written)))).toContain(`CONFIG_INVALID ${path}`);
    }
  });

  it.each(leaves.filter(({ kind }) => kind === 'secret'))('$path becomes a Secret that does not print', ({ path }) => {
    const neighbours: Record<string, string> = {
      SSL_KEY_STORE_FILE: 'f',
      SSL_KEY_TRUST_STORE_FILE: 'f',
      SSL_CLIENT_PKCS12_FILE: 'f',
      PROXY_HOST: 'p',
      PROXY_PORT: '1',
      PROXY_USERNAME: 'u',
      WATSON_STT_USERNAME: 'u',
      WATSON_TTS_USERNAME: 'u',
      REST_API_USERNAME: 'u',
    };
    const section = path.slice(0, path.lastIndexOf('.'));
    const own = {
      'tls.keyStore': ['SSL_KEY_STORE_FILE'],
      'tls.trustStore': ['SSL_KEY_TRUST_STORE_FILE'],
      'tls.client': ['SSL_CLIENT_PKCS12_FILE'],
      proxy: ['PROXY_HOST', 'PROXY_PORT', 'PROXY_USERNAME'],
      'speech.stt': ['WATSON_STT_USERNAME'],
      'speech.tts': ['WATSON_TTS_USERNAME'],
      rest: ['REST_API_USERNAME'],
    }[section];
    const env = Object.fromEntries((own ?? []).map((name) => [name, neighbours[name] ?? '']));
    const config = configOf(load(env, nest(path, '12345'), { f: '' }));
    const secret = valueAt(config, path);
    expect(secret).toBeInstanceOf(Secret);
    expect((secret as Secret).reveal()).toBe('12345');
    expect(JSON.stringify(config)).not.toContain('12345');
  });
});

describe('needsGeneratedPassword', () => {
  it.each([
    [{}, true],
    [{ SIP_AUTH_PASSWORD: 'x' }, false],
    [{ SIP_AUTH_ENABLED: 'false', ALLOW_ANYONE: 'true' }, false],
  ])('with %j is %s', (env, needed) => {
    expect(needsGeneratedPassword(configOf(load(env)))).toBe(needed);
  });
});
