import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYamlFile } from '../../../src/config/yaml-file.js';

const parse = (text: string) => parseYamlFile(text, 'etc/portcullis.yaml');
const complaint = (text: string) =>
  parse(text).problems.map(({ code, path, where, message, hint }) => ({ code, path, where, message, hint }));

describe('settings and where they stand', () => {
  it('gives each leaf its text, line and column', () => {
    const { settings, problems } = parse('sip:\n  tls:\n    port: 5061\nlogLevel: debug\n');
    expect(problems).toEqual([]);
    expect([...settings]).toEqual([
      [
        'sip.tls.port',
        {
          source: 'file',
          shape: 'scalar',
          text: '5061',
          where: 'etc/portcullis.yaml:3:11',
          origin: 'etc/portcullis.yaml:3',
        },
      ],
      [
        'logLevel',
        {
          source: 'file',
          shape: 'scalar',
          text: 'debug',
          where: 'etc/portcullis.yaml:4:11',
          origin: 'etc/portcullis.yaml:4',
        },
      ],
    ]);
  });

  it('gives list elements the name of the file alone, as decision records show it', () => {
    const { settings } = parse('allowlist:\n  from:\n    - alice\n    - "bob"\n');
    expect(settings.get('allowlist.from')).toMatchObject({
      shape: 'list',
      items: [
        { text: 'alice', key: null, where: 'etc/portcullis.yaml:3:7', origin: 'portcullis.yaml:3' },
        { text: 'bob', key: null, where: 'etc/portcullis.yaml:4:7', origin: 'portcullis.yaml:4' },
      ],
    });
  });

  it.each([
    ['+4930123456', '+4930123456'],
    ['0049301234', '0049301234'],
    ['0x1F', '0x1F'],
    ['1e3', '1e3'],
    ['1_000', '1_000'],
    ['"007"', '007'],
    ["'a ''b'''", "a 'b'"],
    ['off', 'off'],
    ['yes', 'yes'],
    ['TRUE', 'TRUE'],
    ['2001:db8::1', '2001:db8::1'],
    ['12:30:45', '12:30:45'],
  ])('keeps %s as it was written', (written, text) => {
    expect(parse(`stateDir: ${written}\n`).settings.get('stateDir')).toMatchObject({ shape: 'scalar', text });
  });

  it.each(['stateDir:', 'stateDir: ~', 'stateDir: null'])('%j is nothing', (text) => {
    expect(parse(text).settings.get('stateDir')).toMatchObject({ shape: 'scalar', text: null });
  });

  it('takes an empty file and empty sections', () => {
    expect(parse('')).toMatchObject({ problems: [] });
    expect(parse('# nothing\n').settings.size).toBe(0);
    expect(parse('sip:\n  auth:\nproxy: ~\n').settings.size).toBe(0);
  });

  it('marks a map where a value belongs, and the key of a map where text belongs', () => {
    const { settings } = parse('logLevel: {a: 1}\nallowlist:\n  from:\n    - user: bob\n    - {a: 1, b: 2}\n');
    expect(settings.get('logLevel')).toMatchObject({ shape: 'other' });
    expect(settings.get('allowlist.from')).toMatchObject({
      items: [
        { text: null, key: 'user' },
        { text: null, key: null },
      ],
    });
  });
});

describe('what is refused (threat 131: unknown keys stop the start)', () => {
  it.each([
    ['sip:\n  prot: 1\n', 'sip.prot', ':2:3', 'is not a key'],
    ['sip: 5\n', 'sip', ':1:6', 'must hold keys'],
    ['- a\n', '', ':1:1', 'must hold keys'],
    ['sip: [tls]\n', 'sip', ':1:6', 'must hold keys'],
    ['? [a]\n: b\n', '', ':1:3', 'has a key that is not text'],
    ['<<: {a: 1}\n', '<<', ':1:1', 'is not a key'],
    ['__proto__: {a: 1}\n', '__proto__', ':1:1', 'is not a key'],
    ['sip: {constructor: 1}\n', 'sip.constructor', ':1:7', 'is not a key'],
    ['stateDir: &a x\n', 'stateDir', ':1:14', 'uses a YAML anchor, alias or tag'],
    ['stateDir: !x y\n', 'stateDir', ':1:14', 'uses a YAML anchor, alias or tag'],
    ['stateDir: !!str 5\n', 'stateDir', ':1:17', 'uses a YAML anchor, alias or tag'],
    ['allowlist: {from: [!foo bar]}\n', 'allowlist.from', ':1:25', 'uses a YAML anchor, alias or tag'],
  ])('%j', (text, path, where, message) => {
    expect(complaint(text)).toMatchObject([
      { code: 'CONFIG_INVALID', path, where: `etc/portcullis.yaml${where}`, message },
    ]);
  });

  it.each([
    ['a: b: c', 'block as implicit key'],
    ['logLevel: "x', 'missing char'],
    ['\tsip: 1', 'tab as indent'],
    ['logLevel: info\nlogLevel: debug\n', 'duplicate key'],
    ['---\nlogLevel: info\n---\nlogLevel: info\n', 'multiple docs'],
    ['stateDir: *x', 'bad alias'],
  ])('%j is not readable as YAML', (text, message) => {
    const found = complaint(text);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]?.message).toMatch(/^(?:is not readable as YAML: |uses a YAML anchor)/);
    if (message !== 'bad alias') expect(found[0]?.message).toContain(message);
  });

  it('does not quote the text of a broken file', () => {
    const texts = [
      '- a\nsecret-canary: 3',
      'x: "\\qsecret-canary"',
      'a: *secret-canary',
      'a: !secret-canary b',
      '{secret-canary',
    ];
    for (const text of texts) {
      const said = complaint(text)
        .map(({ message, hint }) => `${message} ${hint}`)
        .join();
      expect(said).not.toBe('');
      expect(said).not.toContain('secret-canary');
    }
  });

  it.each([
    ['tenants: []\n', 'tenants'],
    ['trunks: {a: 1}\n', 'trunks'],
    ['siprec: {only: true}\n', 'siprec'],
    ['sip: {auth: {exempt: [OPTIONS]}}\n', 'sip.auth.exempt'],
    ['media: {encryption: required}\n', 'media.encryption'],
  ])('%j is known and not served', (text, path) => {
    expect(complaint(text)).toMatchObject([{ code: 'CONFIG_NOT_BUILT', path }]);
  });
});

describe('hints', () => {
  it.each([
    ['speach: {}\n', 'Did you mean speech?'],
    ['sip: {auth: {pasword: x}}\n', 'Did you mean sip.auth.password?'],
    ['sip: {bindaddress: x}\n', 'Did you mean sip.bindAddress?'],
    ['SIP_PORT: 5060\n', 'SIP_PORT is an environment variable; in the file it is sip.udp.port.'],
    ['realm: x\n', 'It belongs at sip.auth.realm.'],
    ['callRecords: {port: 1}\n', 'Keys here: webhook.'],
  ])('%j: %s', (text, hint) => {
    expect(complaint(text)[0]?.hint).toBe(hint);
  });
});

describe('any text', () => {
  it('is read or refused, never thrown over', () => {
    const word = fc.constantFrom(
      'sip',
      'tls',
      'port',
      ':',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '"',
      '&a',
      '*a',
      '!t',
      '~',
      '5',
      '#',
      '|',
      '>',
      '<<',
      '\t',
      '?',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        const { settings, problems } = parse(words.join(''));
        expect(settings).toBeInstanceOf(Map);
        for (const { where } of problems) expect(where).toMatch(/^etc\/portcullis\.yaml:\d+:\d+$/);
      }),
    );
  });
});
