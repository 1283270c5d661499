import { describe, expect, it } from 'vitest';
import { codeOf, GatewayError } from '../../src/base/errors.js';
import type { AllowEntry } from '../../src/policy/matchers.js';
import { buildPolicies, type PolicyOptions } from '../../src/policy/order.js';
import type { PeerFacts, Verdict } from '../../src/policy/policy.js';
import { createTrustedIps } from '../../src/policy/rules/trusted-ip.js';
import { contains, digestOptions, exact, factsOfText, pipelineOf, TLS_PEER } from '../unit/policy/helpers.js';

/** Threats B1 and 84–87: the raw message goes through our parser and the pipeline, as it does in the edge. */

interface Message {
  readonly from?: string;
  readonly to?: string;
  readonly requestUri?: string;
  readonly fields?: readonly string[];
}

function invite({ from, to, requestUri, fields = [] }: Message): string {
  return [
    `INVITE ${requestUri ?? 'sip:echo@gw.example'} SIP/2.0`,
    'Via: SIP/2.0/TLS 192.0.2.10:5061;branch=z9hG4bKa',
    `From: ${from ?? '<sip:2345556789@good.example>;tag=1'}`,
    `To: ${to ?? '<sip:echo@gw.example>'}`,
    'Call-ID: c1',
    'CSeq: 1 INVITE',
    'Max-Forwards: 70',
    'Contact: <sip:x@192.0.2.10:5061;transport=tls>',
    ...fields,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

function judge(options: Omit<PolicyOptions, 'mask'>, message: Message, peer: PeerFacts = TLS_PEER): Verdict {
  return pipelineOf(buildPolicies({ mask: 'last4', ...options })).judge(factsOfText(invite(message), peer));
}

/** Status of the answer, whether the parser or a rule gave it; `allow` when every rule agreed. */
function outcome(options: Omit<PolicyOptions, 'mask'>, message: Message): number | string {
  try {
    const verdict = judge(options, message);
    return verdict.status ?? verdict.verdict;
  } catch (error) {
    if (error instanceof GatewayError) return error.traits.sip ?? 'silence';
    throw error;
  }
}

const NUMBER = exact('2345556789');
const ADDRESS = exact('2345556789@good.example');
const HOST = contains('@good.example');
const IBM = contains('2345556789');

describe('B1: From allowlist', () => {
  it.each<[string, AllowEntry[], string, number | 'allow']>([
    ['1 host swap', ADDRESS, '<sip:2345556789@evil.example>;tag=1', 403],
    ['1 host swap', HOST, '<sip:2345556789@evil.example>;tag=1', 403],
    ['1 host swap, nested', contains('2345556789@good.example'), '<sip:2345556789@evil.good.example>;tag=1', 403],
    ['2 host carries the digits', NUMBER, '<sip:666@2345556789.evil.example>;tag=1', 403],
    ['2 host carries the digits', IBM, '<sip:666@2345556789.evil.example>;tag=1', 403],
    ['3 digits in a URI parameter', IBM, '<sip:666@good.example;x=2345556789>;tag=1', 403],
    ['4 digits in a URI header', IBM, '<sip:666@good.example?Subject=2345556789>;tag=1', 400],
    ['4 any URI header', IBM, '<sip:2345556789@good.example?Subject=x>;tag=1', 400],
    ['5 digits in the password', IBM, '<sip:666:2345556789@good.example>;tag=1', 403],
    ['6 display name', IBM, '"sip:2345556789@good.example" <sip:666@evil.example>;tag=1', 403],
    [
      '7 angle brackets in the display name',
      IBM,
      '"a <sip:2345556789@good.example> b" <sip:666@evil.example>;tag=1',
      403,
    ],
    ['8 header parameter', IBM, '<sip:666@evil.example>;tag=1;x="<sip:2345556789@good.example>"', 403],
    ['8 tag', IBM, '<sip:666@evil.example>;tag=2345556789', 403],
    ['9 longer number', NUMBER, '<sip:92345556789000@good.example>;tag=1', 403],
    ['9 longer number, contains mode', IBM, '<sip:92345556789000@good.example>;tag=1', 'allow'],
    ['10 escaped digit', NUMBER, '<sip:%32345556789@good.example>;tag=1', 'allow'],
    ['10 escaped @', ADDRESS, '<sip:2345556789%40good.example@evil.example>;tag=1', 403],
    ['10 escaped @, contains mode', contains('2345556789@good'), '<sip:2345556789%40good@evil.example>;tag=1', 403],
    ['10 double escape', NUMBER, '<sip:%2532345556789@good.example>;tag=1', 403],
    ['11 escaped NUL', IBM, '<sip:2345556789%00@evil.example>;tag=1', 400],
    ['11 NUL', IBM, '<sip:2345556789\u0000@evil.example>;tag=1', 400],
    ['12 separators in a SIP user', exact('+12345556789'), '<sip:+1-234-555-6789@good.example>;tag=1', 403],
    ['12 tel with separators', exact('tel:+12345556789'), '<tel:+1(234)555-6789>;tag=1', 'allow'],
    ['12 tel with another extension', exact('tel:+12345556789'), '<tel:+12345556789;ext=1>;tag=1', 403],
    ['12 local tel number', exact('tel:+12345556789'), '<tel:2345556789;phone-context=evil.example>;tag=1', 403],
    ['12 local tel number, SIP entry', IBM, '<tel:2345556789;phone-context=evil.example>;tag=1', 403],
    [
      '13 fullwidth digits, escaped',
      IBM,
      `<sip:${encodeURIComponent('２３４５５５６７８９')}@good.example>;tag=1`,
      403,
    ],
    ['13 fullwidth digits', IBM, '<sip:２３４５５５６７８９@good.example>;tag=1', 400],
    ['13 Cyrillic host', HOST, '<sip:1@g\u043e\u043ed.example>;tag=1', 400],
    ['14 case and final dot of the host', ADDRESS, '<sip:2345556789@GOOD.example.>;tag=1', 'allow'],
    ['14 a port that the entry leaves open', ADDRESS, '<sip:2345556789@good.example:5061>;tag=1', 'allow'],
    [
      '14 a port that the entry fixes',
      exact('2345556789@good.example:5061'),
      '<sip:2345556789@good.example>;tag=1',
      403,
    ],
    ['15 hexadecimal host', exact('1@127.0.0.1'), '<sip:1@0x7f.1>;tag=1', 400],
    ['15 mapped IPv6 host', exact('1@10.0.0.6'), '<sip:1@[::ffff:10.0.0.6]>;tag=1', 'allow'],
    ['15 octal host', exact('1@8.0.0.6'), '<sip:1@010.0.0.6>;tag=1', 400],
    ['16 two From', IBM, '<sip:666@evil.example>;tag=1\r\nFrom: <sip:2345556789@good.example>;tag=1', 400],
    ['16 From and f', IBM, '<sip:2345556789@good.example>;tag=1\r\nf: <sip:666@evil.example>;tag=1', 400],
    ['17 escaped header name', IBM, '<sip:666@evil.example>;tag=1\r\n%46rom: <sip:2345556789@good.example>;tag=1', 403],
    [
      '25 asserted identity',
      IBM,
      '<sip:666@evil.example>;tag=1\r\nP-Asserted-Identity: <sip:2345556789@good.example>',
      403,
    ],
    ['28 sips', NUMBER, '<sips:2345556789@good.example>;tag=1', 'allow'],
    ['28 SIP', NUMBER, '<SIP:2345556789@good.example>;tag=1', 'allow'],
    ['28 Sip in the entry', exact('Sip:2345556789@good.example'), '<sip:2345556789@good.example>;tag=1', 'allow'],
    ['28 tel', NUMBER, '<tel:+2345556789>;tag=1', 403],
    ['28 an unknown scheme', contains('good.example'), '<http://good.example/>;tag=1', 403],
    ['29 anonymous', NUMBER, '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', 403],
    ['29 no user part', NUMBER, '<sip:good.example>;tag=1', 403],
    ['31 pattern characters are literal', exact('.*'), '<sip:2345556789@good.example>;tag=1', 403],
    ['31 pattern characters are literal, contains mode', contains('2.*9'), '<sip:2345556789@good.example>;tag=1', 403],
  ])('threat %s', (_title, from, value, expected) => {
    expect(outcome({ from }, { from: value })).toBe(expected);
  });

  it.each(['', ' ', '\t'])('threat 30: an empty entry ("%s") stops the start', (text) => {
    let error: unknown;
    try {
      buildPolicies({ mask: 'last4', from: contains('111', text) });
    } catch (thrown) {
      error = thrown;
    }
    expect(codeOf(error)).toBe('CONFIG_INVALID');
    expect(String(error)).toContain('WHITELIST_FROM_URI[1]');
  });

  it('threat 5: the password of a URI is nowhere in the verdict', () => {
    const verdict = judge({ from: IBM }, { from: '<sip:666:hunter2@good.example>;tag=1' });
    expect(verdict.status).toBe(403);
    expect(JSON.stringify([verdict.record, verdict.trace])).not.toContain('hunter2');
  });

  it('a refusal tells the peer nothing about the rule', () => {
    expect(judge({ from: IBM }, { from: '<sip:666@good.example>;tag=1' }).headers).toEqual([]);
  });
});

describe('B1: To allowlist', () => {
  const to = exact('2345556789');

  it('threat 23: the Request-URI may match instead of To, and then it is what is called', () => {
    const verdict = judge({ to }, { to: '<sip:9005551234@x.example>', requestUri: 'sip:2345556789@gw.example' });
    expect(verdict).toMatchObject({ verdict: 'allow', called: { user: '2345556789', host: 'gw.example' } });
  });

  it('threat 23: when To matches, To is called and never the Request-URI', () => {
    const verdict = judge({ to }, { to: '<sip:2345556789@x.example>', requestUri: 'sip:9005551234@gw.example' });
    expect(verdict).toMatchObject({ verdict: 'allow', called: { user: '2345556789', host: 'x.example' } });
  });

  it.each<[string, Message]>([
    ['in a parameter', { requestUri: 'sip:666@gw.example;x=2345556789' }],
    ['in maddr (threat 24)', { requestUri: 'sip:666@gw.example;maddr=2345556789.example' }],
    ['in a display name', { to: '"2345556789" <sip:666@gw.example>' }],
    ['in a Route', { fields: ['Route: <sip:2345556789@gw.example;lr>'] }],
    ['in a Diversion', { fields: ['Diversion: <sip:2345556789@gw.example>'] }],
  ])('finds nothing %s', (_title, message) => {
    expect(outcome({ to }, message)).toBe(403);
  });

  it('threat 24: a foreign maddr does not make another target of an allowed user', () => {
    const verdict = judge({ to }, { requestUri: 'sip:2345556789@gw.example;maddr=10.0.0.9' });
    expect(verdict.called).toMatchObject({ user: '2345556789', host: 'gw.example' });
  });
});

describe('trusted addresses', () => {
  const trustedIp = createTrustedIps({
    entries: [{ text: '192.0.2.4', origin: 'TRUSTED_IP_LIST[0]' }],
    reply: 'drop',
  });
  const peer = (address: string): PeerFacts => ({ ...TLS_PEER, address });

  it.each([
    ['Via, received and rport', ['Via: SIP/2.0/TLS 192.0.2.4;branch=z9hG4bKb;received=192.0.2.4;rport=5061']],
    ['X-Forwarded-For', ['X-Forwarded-For: 192.0.2.4', 'X-Real-IP: 192.0.2.4', 'Forwarded: for=192.0.2.4']],
    ['Record-Route', ['Record-Route: <sip:192.0.2.4;lr>']],
  ])('threat 84: %s name a trusted address and change nothing', (_title, fields) => {
    const verdict = judge({ trustedIp }, { fields }, peer('192.0.2.5'));
    expect(verdict).toMatchObject({ verdict: 'drop', rule: 'trusted-ip', status: null, headers: [] });
  });

  it('threat 84: nor does what a trusted peer writes about itself harm it', () => {
    const fields = ['X-Forwarded-For: 198.51.100.1'];
    expect(judge({ trustedIp }, { fields }, peer('192.0.2.4')).verdict).toBe('allow');
  });

  it('threat 85: an IPv4-mapped peer is its IPv4 address', () => {
    expect(judge({ trustedIp }, {}, peer('::ffff:192.0.2.4')).verdict).toBe('allow');
    expect(trustedIp.screen('::ffff:192.0.2.4')).toBe(true);
  });

  it('threat 86: a trusted address still has to authenticate', () => {
    const digest = digestOptions();
    const verdict = judge({ trustedIp, digest }, {}, peer('192.0.2.4'));
    expect(verdict).toMatchObject({ verdict: 'challenge', rule: 'digest', status: 401 });
  });

  it('threat 87: a stranger gets silence for everything, and before TLS', () => {
    expect(trustedIp.screen('127.0.0.9')).toBe(false);
    const digest = digestOptions();
    const options = { trustedIp, digest, draining: { draining: () => true }, from: IBM };
    for (const from of ['<sip:666@evil.example>;tag=1', '<sip:2345556789@good.example>;tag=1']) {
      const verdict = judge(options, { from }, { ...peer('127.0.0.9'), transport: 'udp' });
      expect(verdict).toMatchObject({ verdict: 'drop', status: null, headers: [], rule: 'trusted-ip' });
    }
  });
});
