import { describe, expect, it } from 'vitest';
import { authScheme, hasControl, parseAuthFields, quoteString } from '../../../../src/sip/digest/auth-params.js';
import {
  type DigestCredentials,
  formatChallenge,
  formatCredentials,
  parseChallenge,
  parseCredentials,
} from '../../../../src/sip/digest/credentials.js';

const HEX_64 = 'a'.repeat(64);
const HEX_32 = 'b'.repeat(32);
/** A well-formed value with single parameters replaced (null: left out). Values are given as written. */
function written(changes: Record<string, string | null> = {}): string {
  const params: Record<string, string | null> = {
    username: '"alice"',
    realm: '"portcullis"',
    nonce: '"n0nce"',
    uri: '"sip:echo@gw.example"',
    response: `"${HEX_64}"`,
    algorithm: 'SHA-256',
    qop: 'auth',
    nc: '0000000a',
    cnonce: '"c0ffee"',
    ...changes,
  };
  const list = Object.entries(params).filter(([, value]) => value !== null);
  return `Digest ${list.map(([name, value]) => `${name}=${value}`).join(', ')}`;
}

describe('Digest credentials (RFC 3261 §25.1, RFC 7616 §3.4)', () => {
  it('reads all parameters', () => {
    expect(parseCredentials(written({ opaque: '"o"', extension: '"x, y=1"' }))).toEqual({
      username: 'alice',
      realm: 'portcullis',
      nonce: 'n0nce',
      uri: 'sip:echo@gw.example',
      response: HEX_64,
      algorithm: 'SHA-256',
      opaque: 'o',
      protection: { qop: 'auth', nc: '0000000a', cnonce: 'c0ffee' },
      userhash: false,
    });
  });

  it.each<[string, string, Partial<DigestCredentials>]>([
    ['scheme and names in any case', written().replace('Digest', 'dIGEST').replace('username', 'UserName'), {}],
    ['blanks round commas and equals', written().replaceAll(', ', ' \t,\t ').replaceAll('=', ' = '), {}],
    ['no blanks after commas', written().replaceAll(', ', ','), {}],
    ['qop in quotes, as many phones send it', written({ qop: '"auth"' }), {}],
    ['algorithm in quotes', written({ algorithm: '"SHA-256"' }), {}],
    ['an escaped quote in the user name', written({ username: '"al\\"ice"' }), { username: 'al"ice' }],
    ['a comma and an equals sign in quotes', written({ username: '"bob, nonce=x"' }), { username: 'bob, nonce=x' }],
    ['a tab in quotes', written({ username: '"a\tb"' }), { username: 'a\tb' }],
    ['UTF-8 in quotes', written({ username: '"J\u00e4s\u00f8n"' }), { username: 'J\u00e4s\u00f8n' }],
    [
      'no algorithm: MD5',
      written({ algorithm: null, response: `"${HEX_32}"` }),
      { algorithm: 'MD5', response: HEX_32 },
    ],
    ['no qop: RFC 2069', written({ qop: null, nc: null, cnonce: null }), { protection: null }],
    ['an unknown algorithm', written({ algorithm: 'MD5-sess', response: `"${HEX_32}"` }), { algorithm: 'MD5-sess' }],
    ['userhash', written({ userhash: 'true' }), { userhash: true }],
    ['userhash=false', written({ userhash: 'false' }), { userhash: false }],
    ['an empty realm', written({ realm: '""' }), { realm: '' }],
  ])('accepts %s', (_title, text, expected) => {
    expect(parseCredentials(text)).toMatchObject(expected);
  });

  it.each([
    ['nothing', ''],
    ['a scheme alone', 'Digest'],
    ['a scheme and a blank', 'Digest '],
    ['another scheme', 'Basic YWxpY2U6cHc='],
    ['a scheme without blank', written().replace('Digest ', 'Digest,')],
    ['a parameter twice', `${written()}, realm="other"`],
    ['a parameter twice in another case', `${written()}, REALM="other"`],
    ['an unbalanced quote', written({ username: '"alice' })],
    ['a quote closed by an escape', written({ username: '"bob\\", realm=\\"gw"', realm: null })],
    ['text after a quoted string', written({ username: '"alice"x' })],
    ['a backslash at the end', `${written({ cnonce: null, qop: null, nc: null })}, opaque="\\`],
    ['NUL in quotes', written({ username: '"al\u0000ice"' })],
    ['an escaped line feed', written({ username: '"al\\\nice"' })],
    ['a bare line end', `${written()}\r\n`],
    ['a trailing comma', `${written()},`],
    ['an empty list member', written().replace(', realm', ', , realm')],
    ['a parameter without value', `${written()}, opaque`],
    ['a parameter with an empty token', `${written()}, opaque=`],
    ['user name missing', written({ username: null })],
    ['user name empty', written({ username: '""' })],
    ['user name as token', written({ username: 'alice' })],
    ['username* instead of user name (threat 53)', written({ username: null, 'username*': "UTF-8''alice" })],
    ['username* beside user name (threat 53)', written({ 'username*': "UTF-8''alice" })],
    ['realm as token', written({ realm: 'portcullis' })],
    ['realm missing', written({ realm: null })],
    ['nonce missing', written({ nonce: null })],
    ['nonce empty', written({ nonce: '""' })],
    ['uri missing', written({ uri: null })],
    ['uri empty', written({ uri: '""' })],
    ['response missing', written({ response: null })],
    ['response empty', written({ response: '""' })],
    ['response as token', written({ response: HEX_64 })],
    ['response not hex', written({ response: `"${'g'.repeat(64)}"` })],
    ['response of the wrong length for SHA-256', written({ response: `"${HEX_32}"` })],
    ['response of the wrong length for MD5', written({ algorithm: 'MD5' })],
    ['response of no known length', written({ algorithm: 'X', response: '"abc"' })],
    ['nc of seven digits', written({ nc: '0000001' })],
    ['nc of nine digits', written({ nc: '000000001' })],
    ['nc not hex', written({ nc: '0000000g' })],
    ['nc in quotes', written({ nc: '"00000001"' })],
    ['qop without nc', written({ nc: null })],
    ['qop without cnonce', written({ cnonce: null })],
    ['cnonce empty', written({ cnonce: '""' })],
    ['cnonce as token', written({ cnonce: 'c0ffee' })],
    ['opaque as token', written({ opaque: 'o' })],
    ['userhash neither true nor false', written({ userhash: 'maybe' })],
    ['a user name of 256 characters', written({ username: `"${'a'.repeat(256)}"` })],
    ['a value over its cap', written({ uri: `"sip:${'a'.repeat(1_100)}"` })],
    ['a megabyte of user name (threat 54)', written({ username: `"${'a'.repeat(1_048_576)}"` })],
    ['25 parameters', `${written()}${Array.from({ length: 16 }, (_, index) => `, x${index}=1`).join('')}`],
  ])('refuses %s', (_title, text) => {
    expect(parseCredentials(text)).toBeNull();
  });

  it('is not slow on hostile input (threat 54)', () => {
    const started = performance.now();
    for (const unit of ['a', '"', '\\', ',', ' ', '=', '\t,', 'a=']) parseCredentials(`Digest ${unit.repeat(4_000)}`);
    for (let round = 0; round < 200; round++) parseCredentials(`Digest a="${'\\"'.repeat(2_000)}`);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('writes what it reads', () => {
    const credentials = parseCredentials(written({ opaque: '"o\\"\\\\"', userhash: 'true' }));
    expect(credentials).not.toBeNull();
    if (credentials !== null) expect(parseCredentials(formatCredentials(credentials))).toEqual(credentials);
  });

  it('never writes a control character (header injection)', () => {
    const credentials = parseCredentials(written());
    if (credentials === null) throw new Error('unexpected');
    expect(() => formatCredentials({ ...credentials, username: 'a\r\nVia: x' })).toThrow(/control character/);
  });
});

describe('Digest challenges (RFC 3261 §22.1, RFC 7616 §3.3)', () => {
  it('reads and writes', () => {
    const challenge = {
      realm: 'port"cullis',
      nonce: 'n',
      opaque: 'o',
      algorithm: 'SHA-256',
      qop: ['auth', 'auth-int'],
      stale: true,
    };
    const text = formatChallenge(challenge);
    expect(text).toBe(
      'Digest realm="port\\"cullis", nonce="n", opaque="o", stale=true, algorithm=SHA-256, qop="auth,auth-int"',
    );
    expect(parseChallenge(text)).toEqual(challenge);
  });

  it('has defaults for what may be absent', () => {
    expect(parseChallenge('Digest realm="r",nonce="n"')).toEqual({
      realm: 'r',
      nonce: 'n',
      opaque: null,
      algorithm: 'MD5',
      qop: null,
      stale: false,
    });
    expect(parseChallenge('Digest realm="r", nonce="n", stale=FALSE, qop="AUTH , auth-int"')).toMatchObject({
      stale: false,
      qop: ['auth', 'auth-int'],
    });
    expect(parseChallenge('Digest realm="r", nonce="n", stale="TRUE"')).toMatchObject({ stale: true });
  });

  it.each([
    'Basic realm="r"',
    'Digest realm="r"',
    'Digest nonce="n"',
    'Digest realm=r, nonce="n"',
    'Digest realm="r", nonce="n", opaque=o',
    'Digest realm="r", nonce="n", qop=""',
    'Digest realm="r", nonce="n", qop="auth,,x"',
    'Digest realm="r", nonce="n", nonce="m"',
  ])('refuses %s', (text) => {
    expect(parseChallenge(text)).toBeNull();
  });
});

describe('auth-param grammar', () => {
  it('finds the scheme of any credentials', () => {
    expect(authScheme('Bearer abc')).toBe('bearer');
    expect(authScheme('DIGEST x')).toBe('digest');
    expect(authScheme('Digest')).toBeNull();
    expect(authScheme('"x"')).toBeNull();
    expect(authScheme('')).toBeNull();
  });

  it('keeps `__proto__` a plain name', () => {
    const fields = parseAuthFields('X __proto__=1, constructor="2"');
    expect(fields?.params.get('__proto__')).toEqual({ value: '1', quoted: false });
    expect(fields?.params.get('constructor')).toEqual({ value: '2', quoted: true });
    expect(fields?.params.has('toString')).toBe(false);
  });

  it('quotes and detects control characters', () => {
    expect(quoteString('a"b\\c')).toBe('"a\\"b\\\\c"');
    expect(quoteString('a\u007f')).toBeNull();
    expect(hasControl('plain \u00e4')).toBe(false);
    expect(hasControl('\u001f')).toBe(true);
  });
});
