import { describe, expect, it } from 'vitest';
import { DEFAULT_SIP_LIMITS } from '../../../src/base/limits.js';
import { insaneBecause, isStray } from '../../../src/sip/edge-sanity.js';
import { localContact, localHostPort } from '../../../src/sip/local-contact.js';
import { localResponse } from '../../../src/sip/local-response.js';
import { parseMessage } from '../../../src/sip/message/parse.js';
import {
  ALLOW,
  requestHeaders,
  responseHeaders,
  wantedToTag,
  wantsReliable,
} from '../../../src/sip/outgoing-headers.js';
import { withdrawalOf } from '../../../src/sip/withdrawal.js';
import { PEER, sipRequest } from './dialog/fixtures.js';

const LOCAL = {
  hostPort: '192.0.2.9:5060',
  contact: '<sip:192.0.2.9:5060>',
  productToken: 'gw/1',
};
const SDP = Buffer.from('v=0\r\n');

describe('headers of a response (drachtio protocol §7)', () => {
  it('RFC 3261 §13.3.1.4: a 2xx to INVITE gets Contact, Allow, Server and the type of its SDP', () => {
    expect(responseHeaders('INVITE', 200, [['X-Mine', '1']], SDP, LOCAL)).toEqual([
      ['X-Mine', '1'],
      ['Contact', LOCAL.contact],
      ['Allow', ALLOW],
      ['Server', 'gw/1'],
      ['Content-Type', 'application/sdp'],
    ]);
  });

  it('what the application gives is kept, in whatever spelling', () => {
    const given = [
      ['contact', '<sip:me@x>'],
      ['server', 'mine'],
      ['c', 'text/plain'],
      ['ALLOW', 'INVITE'],
    ] as const;
    expect(responseHeaders('INVITE', 200, given, SDP, LOCAL)).toEqual([
      ['Contact', '<sip:me@x>'],
      ['Server', 'mine'],
      ['Content-Type', 'text/plain'],
      ['ALLOW', 'INVITE'],
    ]);
  });

  it.each([
    'Via',
    'v',
    'Route',
    'record-route',
    'RSeq',
    'Content-Length',
    'l',
    'From',
    'f',
    'To',
    'Call-ID',
    'i',
    'CSeq',
    'Max-Forwards',
  ])('the application may not set %s', (name) => {
    const local = { ...LOCAL, productToken: null };
    expect(responseHeaders('INFO', 200, [[name, 'x']], null, local)).toEqual([]);
    expect(requestHeaders('INFO', [[name, 'x']], null, local)).toEqual([]);
  });

  it.each([
    ['<sip:bot@localhost>', '<sip:bot@192.0.2.9:5060>'],
    ['<sip:bot@localhost;transport=tcp>;x=1', '<sip:bot@192.0.2.9:5060;transport=tcp>;x=1'],
    ['sip:bot@localhost', 'sip:bot@192.0.2.9:5060'],
    ['<sip:bot@localhost.example>', '<sip:bot@localhost.example>'],
    ['<sip:localhost@example.com>', '<sip:localhost@example.com>'],
  ])('@localhost in Contact %s becomes %s', (given, sent) => {
    expect(responseHeaders('INVITE', 200, [['Contact', given]], null, LOCAL)[0]).toEqual(['Contact', sent]);
  });

  it.each([
    ['INVITE', 100, false],
    ['INVITE', 180, true],
    ['INVITE', 200, true],
    ['INVITE', 302, false],
    ['UPDATE', 200, true],
    ['BYE', 200, false],
    ['OPTIONS', 200, false],
  ] as const)('RFC 3261 §12.1.1: %s %d has our Contact: %s', (method, status, has) => {
    const names = responseHeaders(method, status, [], null, LOCAL).map(([name]) => name);
    expect(names.includes('Contact')).toBe(has);
  });

  it('RFC 3261 §11.2, §21.4.6: OPTIONS says what is understood, a 405 what is allowed', () => {
    const local = { ...LOCAL, productToken: null };
    expect(responseHeaders('OPTIONS', 200, [], null, local)).toEqual([
      ['Allow', ALLOW],
      ['Accept', 'application/sdp'],
    ]);
    expect(responseHeaders('REGISTER', 405, [], null, local)).toEqual([['Allow', ALLOW]]);
  });

  it('RFC 3261 §20.15: a body of unknown type gets the neutral one', () => {
    expect(responseHeaders('INFO', 200, [], Buffer.from('x'), LOCAL)).toContainEqual([
      'Content-Type',
      'application/octet-stream',
    ]);
  });

  it('known names in lower case get their usual spelling, others keep theirs', () => {
    const given = [
      ['www-authenticate', 'a'],
      ['x-custom', 'b'],
      ['X-cUsTom', 'c'],
    ] as const;
    const names = responseHeaders('INFO', 401, given, null, {
      ...LOCAL,
      productToken: null,
    }).map(([name]) => name);
    expect(names).toEqual(['WWW-Authenticate', 'X-Custom', 'X-cUsTom']);
  });
});

describe('headers of a request (drachtio protocol §9)', () => {
  it('RFC 3261 §12.2.1.1: a target refresh gets our Contact, a BYE none', () => {
    expect(requestHeaders('INVITE', [], SDP, LOCAL)).toEqual([
      ['Contact', LOCAL.contact],
      ['User-Agent', 'gw/1'],
      ['Content-Type', 'application/sdp'],
    ]);
    expect(requestHeaders('BYE', [], null, LOCAL)).toEqual([['User-Agent', 'gw/1']]);
  });

  it('a body that is no SDP needs a Content-Type', () => {
    expect(requestHeaders('INFO', [], Buffer.from('x'), LOCAL)).toBeNull();
    expect(requestHeaders('INFO', [['content-type', 'a/b']], Buffer.from('x'), LOCAL)).toContainEqual([
      'Content-Type',
      'a/b',
    ]);
  });
});

describe('what an application wants', () => {
  it.each([
    ['<sip:a@b>;tag=mine', 'mine'],
    ['<sip:a@b>;x=1;tag=mine;y=2', 'mine'],
    ['<sip:a@b>', null],
    ['<sip:a@b>;tag=', null],
    ['<sip:a@b>;tag=a b', null],
    ['<sip:a@b>;tag="q"', null],
  ])('drachtio §7: the tag in To %s is %s', (to, tag) => {
    expect(wantedToTag([['to', to]])).toBe(tag);
  });

  it.each([
    [[['Require', '100rel']], true],
    [[['require', 'timer, 100rel']], true],
    [[['Require', 'timer']], false],
    [[['Supported', '100rel']], false],
  ] as const)('RFC 3262: %j asks for a reliable response: %s', (headers, reliable) => {
    expect(wantsReliable(headers)).toBe(reliable);
  });
});

describe('how we name ourselves', () => {
  it.each([
    ['udp', false, null, '<sip:192.0.2.9:5060>'],
    ['tcp', false, null, '<sip:192.0.2.9:5060;transport=tcp>'],
    ['tls', false, null, '<sip:192.0.2.9:5060;transport=tls>'],
    ['tls', true, null, '<sips:192.0.2.9:5060>'],
    ['tls', false, 'sip.example', '<sip:sip.example:5060;transport=tls>'],
    ['udp', false, '2001:db8::1', '<sip:[2001:db8::1]:5060>'],
    ['udp', false, '[2001:db8::1]', '<sip:[2001:db8::1]:5060>'],
  ] as const)('RFC 3261 §12.1.1: over %s, secure %s, advertised %s: %s', (transport, secure, advertised, contact) => {
    expect(localContact({ ...PEER, transport }, advertised, secure)).toBe(contact);
  });

  it('an IPv6 address is bracketed', () => {
    expect(localHostPort({ ...PEER, localAddress: '2001:db8::9' }, null)).toBe('[2001:db8::9]:5060');
  });
});

describe('requests that go no further', () => {
  it.each([
    [{}, null],
    [{ headers: ['X-100%25: fine'] }, 'a header name holds an escape'],
    [{ headers: ['%46rom: <sip:evil@x>;tag=e'] }, 'a header name holds an escape'],
    [{ method: '%49NVITE' }, 'the method holds an escape'],
    [{ from: '<sip:a@b>' }, 'From has no tag'],
    [{ contact: null }, 'an INVITE needs one Contact'],
    [{ contact: '<tel:+1>' }, 'the Contact of an INVITE is no SIP URI'],
    [{ headers: ['Record-Route: <sip:x'] }, 'Record-Route is malformed'],
    [{ headers: ['Record-Route: <s0.1:5099;lr>'] }, 'Record-Route is malformed'],
    [{ headers: ['Record-Route: <sip:x;lr>, <tel:+1>'] }, 'Record-Route is malformed'],
    [{ method: 'OPTIONS', contact: null }, null],
  ])('RFC 3261 §8.1.1: %j: %s', (shape, reason) => {
    expect(insaneBecause(sipRequest(shape))).toBe(reason);
  });

  it('RFC 3261 §7.1: a version in lower case, which drachtio-srf cannot read', () => {
    const raw = Buffer.from(sipRequest().raw.toString().replace('SIP/2.0', 'sip/2.0'));
    const parsed = parseMessage(raw, DEFAULT_SIP_LIMITS);
    if (!parsed.ok || parsed.message.kind !== 'request') throw new Error('the parser takes any case');
    expect(insaneBecause(parsed.message)).toBe('the version is not in upper case');
  });

  it.each([
    ['INVITE', '<sip:a@b>', false],
    ['INVITE', '<sip:a@b>;tag=x', true],
    ['OPTIONS', '<sip:a@b>', false],
    ['BYE', '<sip:a@b>', true],
    ['UPDATE', '<sip:a@b>', true],
    ['PRACK', '<sip:a@b>', true],
    ['MESSAGE', '<sip:a@b>;tag=x', true],
  ])('threat 59: %s to %s is a stray: %s', (method, to, stray) => {
    expect(isStray(sipRequest({ method, to }))).toBe(stray);
  });
});

describe('messages that no peer sent', () => {
  it('RFC 3326: the withdrawal of an INVITE is a CANCEL of it with the reason', () => {
    const lines = withdrawalOf(sipRequest(), 408).toString().split('\r\n');
    expect(lines).toContain('CANCEL sip:bot@gw.example SIP/2.0');
    expect(lines).toContain('Call-ID: call-1');
    expect(lines).toContain('CSeq: 10 CANCEL');
    expect(lines).toContain('Reason: SIP ;cause=408 ;text="Request Timeout"');
  });

  it('RFC 3261 §8.1.3.1: a local response copies what identifies the request', () => {
    const headers = [
      ['Max-Forwards', '70'],
      ['From', '<sip:a@b>;tag=1'],
      ['To', '<sip:c@d>;tag=2'],
      ['Call-ID', 'x'],
      ['CSeq', '3 INFO'],
      ['X-Mine', 'no'],
    ] as const;
    const request = {
      method: 'INFO',
      uri: 'sip:c@d',
      headers,
      body: Buffer.from('x'),
    };
    expect(localResponse(request, 'SIP/2.0/TCP h;branch=z9hG4bK1', 503).toString()).toBe(
      [
        'SIP/2.0 503 Service Unavailable',
        'Via: SIP/2.0/TCP h;branch=z9hG4bK1',
        'From: <sip:a@b>;tag=1',
        'To: <sip:c@d>;tag=2',
        'Call-ID: x',
        'CSeq: 3 INFO',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    );
  });
});
