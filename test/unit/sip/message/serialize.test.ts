import { describe, expect, it } from 'vitest';
import { parseNameAddr } from '../../../../src/sip/message/name-addr.js';
import {
  headerValue,
  quoteDisplayName,
  serializeRequest,
  serializeResponse,
} from '../../../../src/sip/message/serialize.js';
import { codeThrownBy } from './samples.js';

const bad = ['a\r\nb', 'a\rb', 'a\nb', 'a\0b', '\x1b[1m', '\x7f', '\ud800', 'a\udc00b', '\ud800\ud800', '\udc00\ud800'];

describe('threat 109: only checked values are written', () => {
  it.each(bad)('headerValue refuses %j', (text) => {
    expect(codeThrownBy(() => headerValue(text))).toBe('SIP_HEADER');
  });

  it.each(['', 'a', 'a\tb', '"Åsa" <sip:a@h>', '😀', 'a, b; c=d'])('headerValue passes %j', (text) => {
    expect(headerValue(text)).toBe(text);
  });

  it.each(bad)('no header value, reason or display name holds %j', (text) => {
    const headers = [['X-A', text]] as const;
    const base = { headers, body: null };
    expect(codeThrownBy(() => serializeRequest({ method: 'BYE', uri: 'sip:h', ...base }))).toBe('SIP_HEADER');
    expect(codeThrownBy(() => serializeResponse({ status: 200, ...base }))).toBe('SIP_HEADER');
    expect(codeThrownBy(() => serializeResponse({ status: 200, reason: text, headers: [], body: null }))).toBe(
      'SIP_HEADER',
    );
    expect(codeThrownBy(() => quoteDisplayName(text))).toBe('SIP_HEADER');
  });

  it.each(['', 'a b', 'a:', 'a\r\nb', 'ü', 'X-A\0', '"x"'])('no header is named %j', (name) => {
    expect(codeThrownBy(() => serializeResponse({ status: 200, headers: [[name, 'x']], body: null }))).toBe(
      'SIP_HEADER',
    );
  });

  it.each(['', 'sip', 'sip:a b', 'sip:h\r\nX: y', 'sip:h>', '<sip:h', 'sip:ü@h', 'sip:"', 'sip:h\0'])(
    'no Request-URI is %j',
    (uri) => {
      expect(codeThrownBy(() => serializeRequest({ method: 'BYE', uri, headers: [], body: null }))).toBe('SIP_URI');
    },
  );

  it.each(['', 'IN VITE', 'A\r\n', 'ü'])('no method is %j', (method) => {
    expect(codeThrownBy(() => serializeRequest({ method, uri: 'sip:h', headers: [], body: null }))).toBe(
      'SIP_START_LINE',
    );
  });

  it.each([99, 700, 200.5, Number.NaN, -1])('no status is %d', (status) => {
    expect(codeThrownBy(() => serializeResponse({ status, headers: [], body: null }))).toBe('SIP_START_LINE');
  });
});

describe('RFC 3261 §7 serialising', () => {
  it('writes a request and counts bytes, not characters', () => {
    const bytes = serializeRequest({
      method: 'MESSAGE',
      uri: 'sip:b@h',
      headers: [
        ['Subject', 'ü'],
        ['Content-Length', '999'],
        ['l', '998'],
        ['content-LENGTH', '997'],
      ],
      body: Buffer.from('é'),
    });
    expect(bytes.toString()).toBe('MESSAGE sip:b@h SIP/2.0\r\nSubject: ü\r\nContent-Length: 2\r\n\r\né');
  });

  it('writes a response with the usual reason or another', () => {
    const write = (status: number, reason?: string): string =>
      serializeResponse({ status, ...(reason === undefined ? {} : { reason }), headers: [], body: null }).toString();
    expect(write(486)).toBe('SIP/2.0 486 Busy Here\r\nContent-Length: 0\r\n\r\n');
    expect(write(486, '')).toBe('SIP/2.0 486 \r\nContent-Length: 0\r\n\r\n');
    expect(write(499)).toBe('SIP/2.0 499 Request Failure\r\nContent-Length: 0\r\n\r\n');
  });

  it.each(['', 'Alice', 'a"b', 'a\\b', '\\"', '"><sip:evil@h>', 'Åsa, <x>'])('a quoted %j reads as itself', (name) => {
    expect(parseNameAddr(`${quoteDisplayName(name)} <sip:a@h>`)).toMatchObject({
      displayName: name,
      uri: { text: 'sip:a@h' },
    });
  });
});
