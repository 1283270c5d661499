import { describe, expect, it } from 'vitest';
import {
  isDigestUser,
  isHost,
  isLoopbackHost,
  isPlainText,
  isRealm,
  isServiceUrl,
  isWebhookUrl,
} from '../../../src/config/value-rules.js';

const table = (rule: (value: string) => boolean, good: readonly string[], bad: readonly string[]): void => {
  it.each(good)('takes %j', (value) => expect(rule(value)).toBe(true));
  it.each(bad)('refuses %j', (value) => expect(rule(value)).toBe(false));
};

describe('isPlainText', () => {
  table(
    isPlainText,
    ['a', 'correct horse', 'ü', 'x'.repeat(4096)],
    ['', 'a\nb', 'a\rb', '\0', '\x7f', 'x'.repeat(4097)],
  );
});

describe('isHost (RFC 1123 §2.1)', () => {
  table(
    isHost,
    ['localhost', 'voice.example.com', 'a-b.c', '192.0.2.7', '::1', '2001:db8::1', '3com.example'],
    [
      '',
      'a b',
      'http://a',
      'a:80',
      '-a',
      'a-',
      'a..b',
      'a.',
      '010.0.0.1',
      '127.1',
      '1.2.3.4.5',
      'a_b',
      '[::1]',
      `${'a'.repeat(64)}.x`,
    ],
  );
  it('refuses a name over 253 characters', () => {
    expect(isHost(Array(64).fill('abc').join('.'))).toBe(false);
  });
});

describe('isLoopbackHost', () => {
  table(
    isLoopbackHost,
    ['localhost', 'LocalHost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'],
    ['localhost.example.com', '10.0.0.1', '127.1', '[::]', ''],
  );
});

describe('isServiceUrl (interfaces §5)', () => {
  table(
    isServiceUrl,
    ['http://h', 'https://h/api', 'ws://127.0.0.1:4000', 'wss://h:443/a/b'],
    [
      '',
      'h',
      'ftp://h',
      'https://u:p@h',
      'https://u@h',
      'https://h?x=1',
      'https://h#x',
      'https:// h',
      'file:///etc/passwd',
    ],
  );
});

describe('isWebhookUrl (interfaces §5: http only to loopback)', () => {
  table(
    isWebhookUrl,
    ['https://h/x?y=1', 'http://localhost:1/', 'http://127.0.0.1:8080/x', 'http://[::1]/'],
    [
      'http://h',
      'http://10.0.0.1/',
      'http://localhost.evil.example/',
      'ws://localhost',
      'https://u:p@h',
      'http://0.0.0.0/',
      'x',
    ],
  );
  it('sees an address behind another spelling as the address it is', () => {
    // WHATWG URL folds 0x7f.1 and 2130706433 to 127.0.0.1: that is where the request would go.
    expect(isWebhookUrl('http://2130706433/')).toBe(true);
    expect(isWebhookUrl('http://0x0a.1/')).toBe(false);
  });
});

describe('isDigestUser and isRealm (RFC 7616 §3.4)', () => {
  table(isDigestUser, ['alice', 'alice@example.com', 'a b'], ['a:b', 'a"b', 'a\\b']);
  table(isRealm, ['vgw', 'example.com', 'a b'], ['a"b', 'a\\b']);
});
