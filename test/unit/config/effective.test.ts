import fc from 'fast-check';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/base/secret.js';
import { formatEffective, formatValue } from '../../../src/config/effective.js';
import { LEAVES } from '../../../src/config/leaves.js';
import { configOf, load } from './support.js';

const print = (env: Record<string, string>, yaml: string | null = null, files = {}): string => {
  const result = load(env, yaml, files);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return formatEffective(result.config, result.origins);
};

describe('formatEffective', () => {
  it('shows each value with where it comes from', () => {
    const text = print({ SIP_PORT_TLS: '5071' }, 'calls:\n  max: 5\n');
    expect(text).toMatch(/^ {4}port: 5071 +# environment SIP_PORT_TLS$/m);
    expect(text).toMatch(/^ {2}max: 5 +# portcullis\.yaml:2$/m);
    expect(text).toMatch(/^logLevel: info +# default$/m);
  });

  it('masks secrets and says where they come from', () => {
    const text = print(
      { SIP_AUTH_PASSWORD: 'hush-canary', SSL_KEY_STORE_FILE: 'k', SSL_KEY_PASSPHRASE_FILE: 'p' },
      null,
      { k: '', p: 'hush-canary' },
    );
    expect(text).toMatch(/^ {4}password: "\[secret\]" +# environment SIP_AUTH_PASSWORD$/m);
    expect(text).toMatch(/^ {4}passphrase: "\[secret\]" +# environment SSL_KEY_PASSPHRASE_FILE$/m);
    expect(text).not.toContain('hush-canary');
  });

  it('has a line for every key, or one null for an absent section', () => {
    const lines = print({})
      .split('\n')
      .filter((line) => line.includes(' # '));
    const absent = [...LEAVES.keys()].filter((path) => /^tls\.(?:key|trust)Store\./.test(path)).length;
    expect(lines).toHaveLength(LEAVES.size - absent + 2);
    expect(print({})).toMatch(/^ {2}keyStore: null +# default$/m);
  });

  it('is YAML that loads back to the same configuration', () => {
    const yaml = [
      'sip: {host: voice.example.com, auth: {username: "0049", realm: "a, b # c"}, udp: {port: 5060}}',
      'trustedIp: {addresses: [192.0.2.0/24, "2001:db8::1"], reply: "403"}',
      'allowlist: {from: ["+49301", alice@example.com, "true", "null"]}',
      'tls: {trustStore: {file: "C:\\\\a b", type: PEM}}',
      'transcripts: {webhook: "https://a.example/x?y=#z"}',
      'decisions: {log: "-"}',
      'speech: {greeting: "Say: \\"yes\\" – now"}',
    ].join('\n');
    const files = { 'C:\\a b': '' };
    const origins = /"origin":"[^"]*"/g;
    const again = configOf(load({}, print({}, yaml, files), files));
    expect(JSON.stringify(again).replaceAll(origins, '')).toBe(
      JSON.stringify(configOf(load({}, yaml, files))).replaceAll(origins, ''),
    );
  });
});

describe('formatValue', () => {
  it.each([
    ['off', 'off'],
    [5061, '5061'],
    [true, 'true'],
    [null, 'null'],
    ['true', '"true"'],
    ['Null', '"Null"'],
    ['0049', '"0049"'],
    ['::', '"::"'],
    ['-', '"-"'],
    ['', '""'],
    [[], '[]'],
    [['MD5', 'a b'], '[MD5, "a b"]'],
    [[{ text: 'x', origin: 'o', mode: 'exact' }], '[x]'],
    [new Secret('s'), '"[secret]"'],
  ])('%j is %s', (value, text) => {
    expect(formatValue(value)).toBe(text);
  });

  it('writes any text so that YAML reads it back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (value) => {
        expect(parse(`a: ${formatValue(value)}\nb: [${formatValue(value)}]\n`)).toEqual({ a: value, b: [value] });
      }),
    );
  });
});
