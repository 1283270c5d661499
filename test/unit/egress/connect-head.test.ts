import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectRequest, MAX_CONNECT_HEAD_BYTES, parseConnectHead } from '../../../src/egress/connect-head.js';
import { destinationOf } from '../../../src/egress/destination.js';

const parse = (text: string) => parseConnectHead(Buffer.from(text, 'latin1'));

describe('connectRequest (RFC 9110 §9.3.6)', () => {
  it.each([
    ['http://service.example/x', 'service.example:80'],
    ['ws://service.example/x', 'service.example:80'],
    ['https://service.example/x', 'service.example:443'],
    ['wss://service.example:8443/x', 'service.example:8443'],
    ['wss://192.0.2.7/', '192.0.2.7:443'],
    ['wss://[2001:db8::7]:9443/', '[2001:db8::7]:9443'],
    ['http://[::1]/', '[::1]:80'],
    ['https://BÜCHER.example/', 'xn--bcher-kva.example:443'],
  ])('names the authority of %s', (url, authority) => {
    expect(connectRequest(destinationOf(new URL(url)), null)).toBe(
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
    );
  });

  it('carries the credentials in Proxy-Authorization only (threat 122)', () => {
    const request = connectRequest(destinationOf(new URL('http://a.example')), 'Basic eA==');
    expect(request).toContain('\r\nProxy-Authorization: Basic eA==\r\n');
    expect(request).not.toContain('\r\nAuthorization:');
  });

  it.each(['ftp://a.example', 'file:///etc/passwd', 'sip:a@b', 'data:,x'])('refuses %s (threat 121)', (url) => {
    expect(() => destinationOf(new URL(url))).toThrow(expect.objectContaining({ code: 'EGRESS_CONNECT' }));
  });
});

describe('parseConnectHead (RFC 9112 §4)', () => {
  it.each([
    ['HTTP/1.1 200 Connection established\r\n\r\n', 200],
    ['HTTP/1.0 200 OK\r\nVia: 1.0 squid\r\n\r\n', 200],
    ['HTTP/1.1 204\r\n\r\n', 204],
    ['HTTP/1.1 407 \r\nProxy-Authenticate: Basic realm="a: b"\r\nX:\r\n\r\n', 407],
  ])('reads %j', (text, status) => {
    expect(parse(text)).toMatchObject({ kind: 'answer', status });
  });

  it.each([
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n'],
    ['two-digit status', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['four-digit status', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['status 0xx', 'HTTP/1.1 020 OK\r\n\r\n'],
    ['leading blank', ' HTTP/1.1 200 OK\r\n\r\n'],
    ['folded field', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['blank before the colon', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n'],
    ['field without colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
    ['bare LF', 'HTTP/1.1 200 OK\nA: b\r\n\r\n'],
    ['bare CR', 'HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n'],
    ['NUL', 'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n'],
  ])('refuses %s', (_name, text) => {
    expect(parse(text)).toEqual({ kind: 'malformed' });
  });

  it('keeps what follows the head for the tunnel', () => {
    expect(parse('HTTP/1.1 200 OK\r\n\r\nearly\r\n\r\nbytes')).toMatchObject({
      early: Buffer.from('early\r\n\r\nbytes'),
    });
  });

  it('ends at 16 KiB, with or without an empty line behind it (threat 122)', () => {
    const head = (bytes: number) => `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(bytes - 24)}\r\n\r\n`;
    expect(parse(head(MAX_CONNECT_HEAD_BYTES)).kind).toBe('answer');
    expect(parse(head(MAX_CONNECT_HEAD_BYTES + 1))).toEqual({ kind: 'malformed' });
    expect(parse('x'.repeat(MAX_CONNECT_HEAD_BYTES - 1))).toEqual({ kind: 'more' });
    expect(parse('x'.repeat(MAX_CONNECT_HEAD_BYTES))).toEqual({ kind: 'malformed' });
  });

  it('never throws, and asks for more until the empty line has come', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        const ended = buffer.includes('\r\n\r\n');
        expect(parseConnectHead(buffer).kind === 'more').toBe(!ended);
      }),
    );
  });

  it('gives one answer whatever the split of its bytes', () => {
    const whole = Buffer.from('HTTP/1.1 407 Auth\r\nA: b\r\n\r\nrest');
    const headBytes = whole.indexOf('\r\n\r\n') + 4;
    for (let cut = 0; cut <= whole.length; cut++) {
      expect(parseConnectHead(whole.subarray(0, cut)).kind).toBe(cut < headBytes ? 'more' : 'answer');
    }
  });
});
