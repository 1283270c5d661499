import { describe, expect, it } from 'vitest';
import { CONFIG_VARIABLE, OUR_PREFIXES, processEnvironment, VARIABLES } from '../../../src/config/environment.js';
import { parseEnvironment, secretFileVariable } from '../../../src/config/environment-settings.js';
import { IGNORED_VARIABLES, NOT_BUILT_VARIABLES } from '../../../src/config/not-built.js';
import { filesOf } from './support.js';

const parse = (env: Record<string, string>, files: Record<string, string> = {}) =>
  parseEnvironment(env, filesOf(files));

describe('variables', () => {
  it.each(VARIABLES.filter(({ name }) => name !== 'RTP_UDP_PORT_RANGE'))('$name sets $path', ({ name, path }) => {
    const { settings, problems, warnings } = parse({ [name]: 'some' });
    expect([...settings.keys()]).toEqual([path]);
    expect(settings.get(path)).toMatchObject({
      source: 'environment',
      origin: `environment ${name}`,
      where: `environment ${name}`,
    });
    expect([...problems, ...warnings]).toEqual([]);
  });

  it.each(VARIABLES)('$name may not be empty', ({ name, path }) => {
    expect(parse({ [name]: '' }).problems).toMatchObject([
      { code: 'CONFIG_INVALID', path, where: `environment ${name}` },
    ]);
  });

  it('splits lists at commas, trims, and numbers the entries from 1', () => {
    expect(parse({ WHITELIST_FROM_URI: ' 111 ,222,, bob@x ' }).settings.get('allowlist.from')).toMatchObject({
      shape: 'list',
      items: [
        { text: '111', origin: 'WHITELIST_FROM_URI[1]', where: 'environment WHITELIST_FROM_URI[1]' },
        { text: '222', origin: 'WHITELIST_FROM_URI[2]' },
        { text: '', origin: 'WHITELIST_FROM_URI[3]' },
        { text: 'bob@x', origin: 'WHITELIST_FROM_URI[4]' },
      ],
    });
  });

  it('does not split what is no list', () => {
    expect(parse({ SIP_AUTH_PASSWORD: 'a,b ' }).settings.get('sip.auth.password')).toMatchObject({ text: 'a,b ' });
  });

  it.each([
    ['16384-32767', '16384', '32767'],
    [' 1 - 2 ', '1', '2'],
  ])('RTP_UDP_PORT_RANGE=%j is a range', (text, min, max) => {
    const { settings } = parse({ RTP_UDP_PORT_RANGE: text });
    expect(settings.get('media.portRange.min')).toMatchObject({ text: min, origin: 'environment RTP_UDP_PORT_RANGE' });
    expect(settings.get('media.portRange.max')).toMatchObject({ text: max });
  });

  it.each(['16384', 'a-b', '1-2-3', '-1-5', '16384-', '1–2', '999999-1000000'])(
    'RTP_UDP_PORT_RANGE=%j is none',
    (text) => {
      const { settings, problems } = parse({ RTP_UDP_PORT_RANGE: text });
      expect(settings.size).toBe(0);
      expect(problems).toMatchObject([{ code: 'CONFIG_INVALID', path: 'media.portRange' }]);
    },
  );

  it('takes HTTP_HOST=* of IBM samples as every address, and refuses both names of one key', () => {
    expect(parse({ HTTP_HOST: '*' }).settings.get('rest.bindAddress')).toMatchObject({ text: '::' });
    expect(parse({ HTTP_HOST: '*', REST_BIND_ADDRESS: '::1' }).problems).toMatchObject([
      { path: 'rest.bindAddress', message: 'is set twice: by REST_BIND_ADDRESS and by HTTP_HOST' },
    ]);
  });

  it('names the file', () => {
    expect(parse({ [CONFIG_VARIABLE]: '/etc/p.yaml' }).configPath).toBe('/etc/p.yaml');
    expect(parse({}).configPath).toBeNull();
    expect(parse({ [CONFIG_VARIABLE]: '' })).toMatchObject({
      configPath: null,
      problems: [{ code: 'CONFIG_INVALID' }],
    });
  });

  it('reads the real environment in one place', () => {
    expect(processEnvironment()).toBe(process.env);
  });
});

describe('NAME_FILE (interfaces §1)', () => {
  const secrets = VARIABLES.filter((variable) => secretFileVariable(variable) !== null);

  it('is there for every secret and nothing else', () => {
    expect(secrets.map(({ name }) => name).sort()).toEqual([
      'PROXY_PASSWORD',
      'REST_API_PASSWORD',
      'SIP_AUTH_PASSWORD',
      'SSL_CLIENT_PASSPHRASE',
      'SSL_KEY_PASSPHRASE',
      'SSL_PASSPHRASE',
      'WATSON_STT_PASSWORD',
      'WATSON_TTS_PASSWORD',
    ]);
  });

  it.each(secrets)('$name can come from a file', ({ name, path }) => {
    const { settings, problems } = parse({ [`${name}_FILE`]: '/run/s' }, { '/run/s': 'hush\n' });
    expect(problems).toEqual([]);
    expect(settings.get(path)).toMatchObject({ text: 'hush', origin: `environment ${name}_FILE` });
  });

  it.each([
    ['a\n', 'a'],
    ['a\r\n', 'a'],
    ['a\n\n', 'a\n'],
    ['a', 'a'],
    [' a ', ' a '],
  ])('of %j keeps %j: one trailing line end goes', (content, text) => {
    expect(parse({ SIP_AUTH_PASSWORD_FILE: 'f' }, { f: content }).settings.get('sip.auth.password')).toMatchObject({
      text,
    });
  });

  it('and NAME together are an error', () => {
    const { problems, settings } = parse({ SIP_AUTH_PASSWORD: 'a', SIP_AUTH_PASSWORD_FILE: 'f' }, { f: 'a' });
    expect(problems).toMatchObject([
      { code: 'CONFIG_INVALID', path: 'sip.auth.password', where: 'environment SIP_AUTH_PASSWORD' },
    ]);
    expect(settings.size).toBe(0);
  });

  it.each([
    ['missing', {}, '(ENOENT)'],
    ['empty', { f: '\n' }, 'is empty'],
  ])('%s is a secret that cannot be resolved', (_, files, text) => {
    const { problems } = parse({ SIP_AUTH_PASSWORD_FILE: 'f' }, files);
    expect(problems).toMatchObject([{ code: 'SECRET_UNRESOLVED', path: 'sip.auth.password' }]);
    expect(problems[0]?.message).toContain(text);
  });

  it.each(['SIP_HOST_FILE', 'WATSON_STT_URL_FILE', 'WHITELIST_FROM_URI_FILE'])('%s is refused: no secret', (name) => {
    const { problems } = parse({ [name]: 'f' });
    expect(problems).toMatchObject([{ code: 'CONFIG_INVALID', where: `environment ${name}` }]);
    expect(problems[0]?.hint).toContain('Only secrets');
  });
});

describe('names that set nothing', () => {
  it.each([
    ['WHITELIST_FORM_URI', 'WHITELIST_FROM_URI'],
    ['SIP_PORT_TSL', 'SIP_PORT_TLS'],
    ['SIP_PORTS', 'SIP_PORT'],
    ['TRUSTED_IP_LISTS', 'TRUSTED_IP_LIST'],
    ['SIP_AUTH_PASWORD', 'SIP_AUTH_PASSWORD'],
    ['SIP_AUTH_PASSWORD_FIEL', 'SIP_AUTH_PASSWORD_FILE'],
    ['SSL_KEY_STOREFILE', 'SSL_KEY_STORE_FILE'],
    ['PORTCULLIS_CONFG', 'PORTCULLIS_CONFIG'],
    ['MEDIA_ENCRYPTON_TYPE', 'MEDIA_ENCRYPTION_TYPE'],
  ])('%s is refused (threat 131), and %s is offered', (name, hint) => {
    expect(parse({ [name]: 'x' }).problems).toMatchObject([
      { code: 'CONFIG_INVALID', path: '', where: `environment ${name}`, hint: `Did you mean ${hint}?` },
    ]);
  });

  it.each(OUR_PREFIXES)('%s… far from every name is only warned about', (prefix) => {
    const { problems, warnings } = parse({ [`${prefix}SOMETHING_QUITE_DIFFERENT`]: 'x' });
    expect(problems).toEqual([]);
    expect(warnings).toMatchObject([
      { code: 'CONFIG_DOUBTFUL', where: `environment ${prefix}SOMETHING_QUITE_DIFFERENT` },
    ]);
  });

  it.each(['PATH', 'HOME', 'MAX_CALL', 'LOG_LEVELS', 'SSL_CERT_FILE', 'http_proxy', 'sip_port'])(
    '%s is none of our business',
    (name) => {
      expect(parse({ [name]: 'x' })).toMatchObject({ problems: [], warnings: [] });
    },
  );

  it.each([
    ['SIP_SERVICE_HOST', '10.0.0.1'],
    ['PORTCULLIS_SERVICE_PORT_SIPS', '5061'],
    ['PORTCULLIS_PORT', 'tcp://10.0.0.1:5061'],
    ['PORTCULLIS_PORT_5061_TCP_ADDR', '10.0.0.1'],
    ['MEDIA_PORT_80_TCP', 'tcp://10.0.0.1:80'],
  ])('%s=%s is made by Kubernetes and left alone', (name, value) => {
    expect(parse({ [name]: value })).toMatchObject({ problems: [], warnings: [] });
  });
});

describe('IBM names that are not served', () => {
  const stand = (name: string): string => name.replace('*', 'X');

  it.each(NOT_BUILT_VARIABLES)('$name is refused', ({ name, reason }) => {
    const { problems } = parse({ [stand(name)]: 'some' });
    expect(problems).toMatchObject([{ code: 'CONFIG_NOT_BUILT', where: `environment ${stand(name)}` }]);
    expect(problems[0]?.message).toContain(reason);
  });

  it.each(NOT_BUILT_VARIABLES.filter(({ inert }) => inert !== null))(
    '$name=$inert asks for nothing',
    ({ name, inert }) => {
      const { problems, warnings } = parse({ [stand(name)]: inert ?? '' });
      expect(problems).toEqual([]);
      expect(warnings).toMatchObject([{ code: 'CONFIG_NOT_BUILT' }]);
    },
  );

  it.each(NOT_BUILT_VARIABLES.filter(({ inert }) => inert === null))('$name is refused even when empty', ({ name }) => {
    expect(parse({ [stand(name)]: '' }).problems).toMatchObject([{ code: 'CONFIG_NOT_BUILT' }]);
  });

  it.each(IGNORED_VARIABLES)('$name is warned about', ({ name }) => {
    expect(parse({ [name]: 'some' })).toMatchObject({ problems: [], warnings: [{ code: 'CONFIG_DOUBTFUL' }] });
  });

  it('are not also served', () => {
    const served = new Set(VARIABLES.map(({ name }) => name));
    expect([...NOT_BUILT_VARIABLES, ...IGNORED_VARIABLES].filter(({ name }) => served.has(name))).toEqual([]);
  });
});
