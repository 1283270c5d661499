import { describe, expect, it } from 'vitest';
import { describeListeners, describeRules, describeStart } from '../../../src/config/summary.js';
import { configOf, load } from './support.js';

const rules = (env: Record<string, string>, yaml: string | null = null): readonly string[] =>
  describeRules(configOf(load(env, yaml)));

describe('describeRules', () => {
  const capacity = 'At most 1000 calls at once, each at most 14400 seconds long. Others get 503.';

  it('says what is on by default', () => {
    expect(rules({})).toEqual([
      'Only requests over TLS are served. Others get 400.',
      'Callers authenticate as "portcullis" in the realm "vgw" (SHA-256, MD5). Others get 401.',
      capacity,
    ]);
  });

  it('goes in the order of interfaces §3: address, transport, digest, From, To, capacity', () => {
    const env = {
      TRUSTED_IP_LIST: '192.0.2.7,198.51.100.0/24',
      WHITELIST_FROM_URI: '12345',
      WHITELIST_TO_URI: '11111,22222',
    };
    expect(rules(env)).toEqual([
      'Only these addresses may talk to the gateway: 192.0.2.7, 198.51.100.0/24. Others get no answer.',
      'Only requests over TLS are served. Others get 400.',
      'Callers authenticate as "portcullis" in the realm "vgw" (SHA-256, MD5). Others get 401.',
      'The From URI must contain 12345. Others get 403.',
      'The To URI or the Request-URI must contain one of 11111, 22222. Others get 403.',
      capacity,
    ]);
  });

  it('says so when nothing limits who may call', () => {
    expect(rules({ SIP_AUTH_ENABLED: 'false', ALLOW_ANYONE: 'true' })).toEqual([
      'Anyone who reaches the gateway may call.',
      capacity,
    ]);
  });

  it('names the reply of the trusted list, the mode of the allowlist, and no more than five entries', () => {
    const yaml = 'trustedIp: {addresses: [192.0.2.1], reply: "403"}\nallowlist: {from: [a, b, c, d, e, f, g]}\n';
    const [trusted, , , from] = rules({}, yaml);
    expect(trusted).toContain('Others get 403.');
    expect(from).toBe('The From URI must match one of a, b, c, d, e and 2 more. Others get 403.');
  });
});

describe('describeListeners', () => {
  it('lists what is open', () => {
    const env = { SIP_PORT: '5060', SIP_PORT_TLS: '0', METRICS_PORT: 'off', BIND_ADDRESS: '192.0.2.1' };
    expect(describeListeners(configOf(load(env)))).toEqual([
      'sip-udp  192.0.2.1:5060',
      'sip-tls  192.0.2.1:0 (any free port)',
      'rest     127.0.0.1:9443',
      'rtp      192.0.2.1, ports 16384-32767',
    ]);
  });

  it('leaves SIP to the drachtio-server', () => {
    const config = configOf(load({}, 'sip: {server: drachtio, drachtio: {secret: x}}\n'));
    expect(describeListeners(config)[0]).toBe('sip      behind the drachtio-server at 127.0.0.1:9022');
    expect(describeListeners(config).some((line) => line.startsWith('sip-'))).toBe(false);
  });
});

describe('describeStart', () => {
  const notes = (env: Record<string, string>): string => describeStart(configOf(load(env, null, { k: '' }))).join('\n');

  it.each([
    [{}, /SIP_AUTH_PASSWORD is not set/, true],
    [{ SIP_AUTH_PASSWORD: 'x' }, /SIP_AUTH_PASSWORD/, false],
    [{}, /self-signed/, true],
    [{ SSL_KEY_STORE_FILE: 'k' }, /self-signed/, false],
    [{}, /proxy/i, false],
    [{ PROXY_HOST: 'p', PROXY_PORT: '1' }, /Through the proxy p: speech-to-text, text-to-speech\./, true],
    [
      { PROXY_HOST: 'p', PROXY_PORT: '1', WATSON_STT_ENABLE_PROXY: 'false', WATSON_TTS_ENABLE_PROXY: 'false' },
      /p: nothing\./,
      true,
    ],
    [{}, /Speech: embedded\./, true],
  ])('%j: %s is %s', (env, pattern, said) => {
    expect(pattern.test(notes(env))).toBe(said);
  });
});
