import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../../src/config/environment.js';
import { LEAVES } from '../../../src/config/leaves.js';
import { loadConfig } from '../../../src/config/load.js';
import { formatProblems } from '../../../src/config/problem.js';
import { configOf, filesOf, load, missing, problemsOf } from './support.js';

describe('precedence and origin', () => {
  const yaml = 'calls:\n  max: 5\n  maxSeconds: 60\n';

  it('the environment wins over the file, the file over the default', () => {
    const result = load({ MAX_CALLS: '7' }, yaml);
    expect(configOf(result).calls).toEqual({ max: 7, maxSeconds: 60, drainSeconds: 600 });
    if (!result.ok) throw new Error('it loads');
    expect(['calls.max', 'calls.maxSeconds', 'calls.drainSeconds'].map((path) => result.origins.get(path))).toEqual([
      'environment MAX_CALLS',
      'portcullis.yaml:3',
      'default',
    ]);
  });

  it('one section can come from both', () => {
    const result = load({ SSL_KEY_PASSPHRASE: 'x' }, 'tls: {keyStore: {file: k, type: PEM}}\n', { k: '' });
    expect(configOf(result).tls.keyStore).toMatchObject({ file: 'k', type: 'PEM' });
    expect(configOf(result).tls.keyStore?.passphrase?.reveal()).toBe('x');
  });

  it('has an origin for every key, and for an optional section that is absent', () => {
    const result = load({});
    if (!result.ok) throw new Error('it loads');
    const expected = [...LEAVES.keys()].filter((path) => !/^tls\.(?:key|trust)Store\./.test(path));
    expect([...result.origins.keys()].sort()).toEqual([...expected, 'tls.keyStore', 'tls.trustStore'].sort());
    expect(new Set(result.origins.values())).toEqual(new Set(['default']));
  });

  it('shows the file that a secret came from by its variable', () => {
    const result = load({ SIP_AUTH_PASSWORD_FILE: '/run/p' }, null, { '/run/p': 'hush' });
    expect(result.ok && result.origins.get('sip.auth.password')).toBe('environment SIP_AUTH_PASSWORD_FILE');
  });
});

describe('which file', () => {
  const files = filesOf({ 'a.yaml': 'calls: {max: 1}\n', 'b.yaml': 'calls: {max: 2}\n' });
  const max = (configPath: string | null, env: Record<string, string>) =>
    configOf(loadConfig({ configPath, env, readFile: files })).calls.max;

  it('--config wins over PORTCULLIS_CONFIG; without both there is none', () => {
    expect(max('a.yaml', { PORTCULLIS_CONFIG: 'b.yaml' })).toBe(1);
    expect(max(null, { PORTCULLIS_CONFIG: 'b.yaml' })).toBe(2);
    expect(max(null, {})).toBe(1000);
  });

  it('that cannot be read is CONFIG_UNREADABLE, and the rest is checked all the same', () => {
    const result = loadConfig({ configPath: 'c.yaml', env: { SIP_PORT: 'x' }, readFile: missing });
    expect(problemsOf(result)).toEqual(['CONFIG_UNREADABLE ', 'CONFIG_INVALID sip.udp.port']);
    const [first] = result.ok ? [] : result.problems;
    expect(first?.where).toBe('c.yaml');
    expect(first?.message).toContain('(ENOENT)');
  });

  it('that is not readable for another reason is told without its message', () => {
    const readFile = (): string => {
      throw new Error('canary');
    };
    const result = loadConfig({ configPath: 'c.yaml', env: {}, readFile });
    expect(result.ok ? '' : result.problems[0]?.message).toBe('The configuration file cannot be read (unreadable).');
  });
});

describe('the provider', () => {
  const tts = { WATSON_TTS_URL: 'https://t' };
  it.each([
    [{}, null, 'embedded', 'default'],
    [{ ...tts, WATSON_STT_URL: 'wss://s' }, null, 'watson', 'default'],
    [tts, 'speech: {stt: {url: "wss://s"}}\n', 'watson', 'default'],
    [tts, 'speech: {stt: {url: ~}}\n', 'embedded', 'default'],
    [
      { ...tts, WATSON_STT_URL: 'wss://s', SPEECH_PROVIDER: 'embedded' },
      null,
      'embedded',
      'environment SPEECH_PROVIDER',
    ],
  ])('with %j and %j is %s (interfaces §5)', (env, yaml, provider, origin) => {
    const result = load(env, yaml);
    expect(configOf(result).speech.provider).toBe(provider);
    expect(result.ok && result.origins.get('speech.provider')).toBe(origin);
  });
});

describe('all errors at once', () => {
  it('from the environment, the file, the schema and the cross-checks', () => {
    const yaml = [
      'sip:',
      '  auth: {enabled: false, nonceSeconds: 1}',
      '  prot: 5',
      'proxy: {host: p}',
      'media: {codecs: [opus]}',
    ].join('\n');
    const env = {
      WHITELIST_FORM_URI: 'x',
      ENABLE_RECORDING: 'true',
      WATSON_STT_PASSWORD_FILE: '/none',
      MAX_CALLS: '0',
    };
    expect([...problemsOf(load(env, yaml))].sort()).toEqual(
      [
        'CONFIG_INVALID ',
        'CONFIG_NOT_BUILT ',
        'SECRET_UNRESOLVED speech.stt.password',
        'CONFIG_INVALID sip.prot',
        'CONFIG_INVALID sip.auth.nonceSeconds',
        'CONFIG_INVALID media.codecs',
        'CONFIG_INVALID calls.max',
        'CONFIG_INVALID proxy.port',
        'CONFIG_OPEN_GATE sip.auth.enabled',
      ].sort(),
    );
  });

  it.each([
    [{ WATSON_STT_URL: 'nonsense' }, ['CONFIG_INVALID speech.stt.url']],
    [{ PROXY_HOST: 'p', PROXY_PORT: 'x' }, ['CONFIG_INVALID proxy.port']],
    [{ SIP_AUTH_ENABLED: 'false', WHITELIST_FROM_URI: 'a,' }, ['CONFIG_INVALID allowlist.from']],
    [{ SIP_AUTH_ENABLED: 'false', TRUSTED_IP_LIST: 'x' }, ['CONFIG_INVALID trustedIp.addresses']],
    [{ SIP_AUTH_ENABLED: 'false', ALLOW_ANYONE: 'yes' }, ['CONFIG_INVALID allowAnyone']],
    [{ SSL_KEY_FILE_TYPE: 'JKS' }, ['CONFIG_INVALID tls.keyStore.file']],
  ])('but none that only follows from another: %j', (env, problems) => {
    expect(problemsOf(load(env))).toEqual(problems);
  });

  it('each at its own place when a list has several', () => {
    const result = load({ SIP_AUTH_ALGORITHMS: 'MD5,SHA1,SHA2' });
    expect(result.ok ? [] : result.problems.map(({ where }) => where)).toEqual([
      'environment SIP_AUTH_ALGORITHMS[2]',
      'environment SIP_AUTH_ALGORITHMS[3]',
    ]);
  });

  it('a mandatory key that is missing, besides a wrong neighbour', () => {
    const problems = problemsOf(load({ SSL_KEY_FILE_TYPE: 'DER', SSL_KEY_PASSPHRASE: 'x' }));
    expect([...problems].sort()).toEqual(['CONFIG_INVALID tls.keyStore.file', 'CONFIG_INVALID tls.keyStore.type']);
  });

  it('a section that is no section hides the checks that look into it', () => {
    expect(problemsOf(load({ SSL_CLIENT_PASSPHRASE: 'x' }, 'tls: 5\n'))).toEqual(['CONFIG_INVALID tls']);
  });

  it('a list that is no list hides its cross-checks, not its own error', () => {
    expect(problemsOf(load({ SIP_AUTH_ENABLED: 'false' }, 'allowlist: 5\n'))).toEqual(['CONFIG_INVALID allowlist']);
  });
});

describe('the result', () => {
  it('is frozen to the bottom', () => {
    const config = configOf(load({ WHITELIST_FROM_URI: '12345', SIP_AUTH_PASSWORD: 'x' }));
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(walk);
    };
    walk(config);
    expect(config.sip.auth.password?.reveal()).toBe('x');
  });

  it('is made anew each time', () => {
    expect(configOf(load({})).allowlist.from).toEqual([]);
    configOf(load({ WHITELIST_FROM_URI: '12345' }));
    expect(configOf(load({})).allowlist.from).toEqual([]);
  });
});

describe('secrets (threat 127)', () => {
  const CANARY = 'canary-5f1d';
  const secretNames = VARIABLES.filter(({ path }) => LEAVES.get(path)?.kind === 'secret').map(({ name }) => name);

  it.each(secretNames)('%s never shows in problems, warnings or the configuration', (name) => {
    for (const value of [CANARY, `${CANARY}\n`, `\u0000${CANARY}`]) {
      const result = load({ [name]: value });
      const said = result.ok ? JSON.stringify(result.config) : formatProblems(result.problems, { color: false });
      expect(said + JSON.stringify(result)).not.toContain(CANARY);
    }
  });

  it.each(VARIABLES)('a secret misplaced in $name is not quoted by the error', ({ name }) => {
    const result = load({ [name]: `https://user:${CANARY}@host/ <${CANARY}>` });
    if (!result.ok) expect(JSON.stringify(result.problems)).not.toContain(CANARY);
    expect(JSON.stringify(result.warnings)).not.toContain(CANARY);
  });
});

describe('any environment', () => {
  it('gives a configuration or problems, each with a place, and never throws', () => {
    const name = fc.constantFrom(...VARIABLES.map((variable) => variable.name));
    const value = fc.oneof(
      fc.constantFrom(
        'true',
        'false',
        'off',
        '0',
        '5060',
        '127.0.0.1',
        '::',
        'a,b',
        '16384-32767',
        'https://h',
        'PEM',
        'MD5',
        '',
      ),
      fc.string({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 8 }), (env) => {
        const result = load(env);
        if (result.ok) return;
        expect(result.problems.length).toBeGreaterThan(0);
        for (const { where, message } of result.problems) {
          expect(message).not.toBe('');
          if (where !== null) expect(where).toMatch(/^environment [A-Z0-9_]+(?:\[\d+\])?$/);
        }
      }),
    );
  });
});
