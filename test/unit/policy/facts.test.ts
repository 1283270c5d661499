import { describe, expect, it } from 'vitest';
import { factsOfText, T0, TLS_PEER } from './helpers.js';

function invite(...fields: string[]): string {
  return [
    'INVITE sip:echo@gw.example SIP/2.0',
    'Via: SIP/2.0/TCP 10.9.9.9:5060;branch=z9hG4bK1;received=10.8.8.8',
    'From: "Mallory" <sip:2345556789@good.example>;tag=a',
    'Call-ID: c1',
    'CSeq: 1 INVITE',
    'Contact: <sip:x@10.7.7.7>',
    ...fields,
    '',
    'v=0',
  ].join('\r\n');
}

describe('request facts', () => {
  it('takes everything from our parse and the peer from the socket (threat 84)', () => {
    const facts = factsOfText(
      invite(
        'To: <sip:echo@gw.example>',
        'X-Forwarded-For: 10.6.6.6',
        'Max-Forwards: 0',
        'Require: Siprec, foo',
        'c: application/sdp;x=y',
        'e: identity',
        'Authorization: Digest a="1"',
        'Authorization: Digest b="2"',
        'Content-Length: 3',
      ),
    );
    expect(facts).toMatchObject({
      time: T0,
      method: 'INVITE',
      callId: 'c1',
      inDialog: false,
      maxForwards: 0,
      require: ['siprec', 'foo'],
      contentType: 'application/sdp;x=y',
      contentEncoding: 'identity',
      authorization: ['Digest a="1"', 'Digest b="2"'],
    });
    expect(facts.peer).toBe(TLS_PEER);
    expect(facts.from.uri).toMatchObject({ user: '2345556789', host: 'good.example' });
    expect(facts.body.toString()).toBe('v=0');
  });

  it('knows absent fields, and a To tag', () => {
    const facts = factsOfText(invite('To: <sip:echo@gw.example>;tag=b', 'Max-Forwards: 70', 'Content-Length: 0'));
    expect(facts).toMatchObject({ inDialog: true, contentType: null, contentEncoding: null, authorization: [] });
    expect(facts.require).toEqual([]);
    expect(facts.body).toHaveLength(0);
  });
});
