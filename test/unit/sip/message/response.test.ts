import { describe, expect, it } from 'vitest';
import {
  buildRefusal,
  buildResponse,
  type ResponseSpec,
  requestWithReceived,
} from '../../../../src/sip/message/response.js';
import type { SipResponse } from '../../../../src/sip/message/types.js';
import { accepted, acceptedRequest, acceptedResponse, codeThrownBy, invite, refused, request } from './samples.js';

const peer = { address: '192.0.2.1', port: 5061 };
const far = { address: '198.51.100.7', port: 40_000 };

const answer = (bytes: Buffer, spec: ResponseSpec, from = peer): SipResponse =>
  acceptedResponse(buildResponse(acceptedRequest(bytes), from, spec));

describe('RFC 3261 §8.2.6.2 headers of a response', () => {
  it('copies From, Call-ID and CSeq as written and all Vias in order', () => {
    const from = 'f:  "A\\"b"   <sip:alice@good.example> ;  tag = a1;x="y z"';
    const made = answer(invite({ from, cseq: 'CSeq: 0009\t INVITE' }, ['v: SIP/2.0/UDP b;x, SIP/2.0/UDP c']), {
      status: 486,
    });
    expect(made).toMatchObject({ status: 486, reason: 'Busy Here', callId: 'c1@192.0.2.1' });
    expect(made.header('from')).toBe('"A\\"b"   <sip:alice@good.example> ;  tag = a1;x="y z"');
    expect(made.header('cseq')).toBe('0009\t INVITE');
    expect(made.headerAll('via')[1]).toBe('SIP/2.0/UDP b;x, SIP/2.0/UDP c');
    expect(made.via.map(({ host }) => host)).toEqual(['192.0.2.1', 'b', 'c']);
  });

  it('adds the tag given, keeps the one that is there', () => {
    expect(answer(invite(), { status: 200, toTag: 'mine' }).toTag).toBe('mine');
    const inDialog = invite({ to: 'To: <sip:b@h>;tag=theirs' });
    expect(answer(inDialog, { status: 200, toTag: 'mine' }).header('to')).toBe('<sip:b@h>;tag=theirs');
    expect(answer(invite({ to: 'To: sip:b@h' }), { status: 200, toTag: 'm' }).header('to')).toBe('sip:b@h;tag=m');
  });

  it('§8.2.7: without a tag given, the same request gets the same tag and another request another', () => {
    const tag = (bytes: Buffer): string | null => answer(bytes, { status: 401 }).toTag;
    expect(tag(invite())).toMatch(/^[0-9a-f]{16}$/);
    expect(tag(invite())).toBe(tag(invite()));
    expect(tag(invite({ cseq: 'CSeq: 2 INVITE' }))).not.toBe(tag(invite()));
    expect(tag(invite({ via: 'Via: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bKabd;rport' }))).not.toBe(tag(invite()));
  });

  it('§8.2.6.1: a 100 has no tag of ours and copies Timestamp', () => {
    const made = answer(invite({}, ['Timestamp: 54']), { status: 100 });
    expect([made.toTag, made.header('timestamp')]).toEqual([null, '54']);
    expect(answer(invite({}, ['Timestamp: 54']), { status: 180 }).header('timestamp')).toBeUndefined();
  });

  it.each([
    ['INVITE', 100, []],
    ['INVITE', 180, ['<sip:p1;lr>', '<sip:p2;lr>']],
    ['INVITE', 200, ['<sip:p1;lr>', '<sip:p2;lr>']],
    ['INVITE', 302, []],
    ['INVITE', 486, []],
    ['SUBSCRIBE', 200, ['<sip:p1;lr>', '<sip:p2;lr>']],
    ['REFER', 202, ['<sip:p1;lr>', '<sip:p2;lr>']],
    ['OPTIONS', 200, []],
    ['BYE', 200, []],
  ])('§12.1.1: Record-Route on %s %d is %j', (method, status, routes) => {
    const bytes = request(method, ['Record-Route: <sip:p1;lr>', 'Record-Route: <sip:p2;lr>']);
    expect(answer(bytes, { status }).headerAll('record-route')).toEqual(routes);
  });

  it('carries headers and body of ours', () => {
    const made = answer(invite(), { status: 200, reason: 'Fine', headers: [['X-A', 'b']], body: Buffer.from('é') });
    expect([made.reason, made.header('x-a'), made.body.toString(), made.header('content-length')]).toEqual([
      'Fine',
      'b',
      'é',
      '2',
    ]);
  });

  it.each(['Via', 'v', 'From', 'f', 'To', 't', 'Call-ID', 'i', 'CSeq', 'record-route'])(
    'refuses a second %s',
    (name) => {
      expect(codeThrownBy(() => answer(invite(), { status: 200, headers: [[name, 'x']] }))).toBe('SIP_HEADER');
    },
  );

  it.each(['', 'a b', 'a;b', 'a\r\nb'])('refuses the tag %j', (toTag) => {
    expect(codeThrownBy(() => answer(invite(), { status: 200, toTag }))).toBe('SIP_HEADER');
  });
});

describe('RFC 3261 §18.2.1, RFC 3581 §4 the top Via', () => {
  it.each([
    ['SIP/2.0/TLS 192.0.2.1;branch=b', peer, 'SIP/2.0/TLS 192.0.2.1;branch=b'],
    ['SIP/2.0/TLS 192.0.2.1;branch=b;rport', peer, 'SIP/2.0/TLS 192.0.2.1;branch=b;rport=5061;received=192.0.2.1'],
    ['SIP/2.0/TLS 192.0.2.1;branch=b', far, 'SIP/2.0/TLS 192.0.2.1;branch=b;received=198.51.100.7'],
    ['SIP/2.0/TLS h.example;branch=b', peer, 'SIP/2.0/TLS h.example;branch=b;received=192.0.2.1'],
    ['SIP/2.0/TLS h;rport=1;branch=b', far, 'SIP/2.0/TLS h;rport=40000;branch=b;received=198.51.100.7'],
    ['SIP/2.0/TLS h;received=10.0.0.1;branch=b', peer, 'SIP/2.0/TLS h;branch=b;received=192.0.2.1'],
    ['SIP/2.0/TLS 192.0.2.1;Received=10.0.0.1', peer, 'SIP/2.0/TLS 192.0.2.1'],
    [
      'SIP/2.0/TLS h ; RPORT ; x="a;rport;,b\\"" ',
      far,
      'SIP/2.0/TLS h;rport=40000;x="a;rport;,b\\"";received=198.51.100.7',
    ],
    ['SIP/2.0/TLS h, SIP/2.0/UDP b;rport', peer, 'SIP/2.0/TLS h;received=192.0.2.1, SIP/2.0/UDP b;rport'],
    [
      'SIP/2.0/TLS [2001:DB8::1]:5060;rport',
      { address: '2001:db8::1', port: 9 },
      'SIP/2.0/TLS [2001:DB8::1]:5060;rport=9;received=2001:db8::1',
    ],
    ['SIP/2.0/TLS [2001:DB8::1]', { address: '2001:db8::1', port: 9 }, 'SIP/2.0/TLS [2001:DB8::1]'],
  ])('threat 84: %s from %j', (via, from, fixed) => {
    const bytes = invite({ via: `Via: ${via}` });
    expect(answer(bytes, { status: 180 }, from).headerAll('via')).toEqual([fixed]);
    expect(accepted(requestWithReceived(acceptedRequest(bytes), from)).headerAll('via')).toEqual([fixed]);
  });

  it('a request handed on is as received but for its top Via', () => {
    const bytes = invite({ via: 'v :\r\n SIP/2.0/TLS 192.0.2.1;branch=b\r\n ;rport' }, [
      'Via: SIP/2.0/UDP b;rport',
      'X: ü\r\n y',
    ]);
    const handed = requestWithReceived(acceptedRequest(bytes), peer).toString();
    const before = 'v :\r\n SIP/2.0/TLS 192.0.2.1;branch=b\r\n ;rport';
    const after = 'v : SIP/2.0/TLS 192.0.2.1;branch=b;rport=5061;received=192.0.2.1';
    expect(handed).toBe(bytes.toString().replace(before, after));
  });

  it('a request that needs no change is handed on unchanged', () => {
    const parsed = acceptedRequest(invite({ via: 'Via: SIP/2.0/TLS 192.0.2.1;branch=b' }));
    expect(requestWithReceived(parsed, peer)).toBe(parsed.raw);
  });
});

describe('refusals of what could not be parsed', () => {
  const refuse = (bytes: Buffer, headers?: readonly (readonly [string, string])[]): string => {
    const { reply, status } = refused(bytes);
    if (reply === null || status === null) throw new Error('not answerable');
    return buildRefusal(reply, far, status, headers).toString();
  };

  it('are well-formed responses with the fields of the request', () => {
    const made = acceptedResponse(Buffer.from(refuse(invite({ cseq: 'CSeq: 1 BYE' }), [['Retry-After', '5']])));
    expect(made).toMatchObject({ status: 400, reason: 'Bad Request', cseq: { number: 1, method: 'BYE' } });
    expect(made.via[0].params.get('received')).toBe('198.51.100.7');
    expect(made.toTag).toMatch(/^[0-9a-f]{16}$/);
    expect(made.header('retry-after')).toBe('5');
  });

  it.each([
    ['To: <sip:b@h>;tag=1;x', false],
    ['To: "Mr. J <sip:b@h>', true],
    ['To: "Mr. J <sip:b@h> ; TAG = 1', false],
    ['To: <sip:b@h;tag=no>', true],
  ])('§8.2.6.2: %s gets a tag of ours: %s', (to, ours) => {
    const text = refuse(invite({ to, max: 'Max-Forwards: x' }));
    expect(/^To: .*;tag=[0-9a-f]{16}\r$/m.test(text)).toBe(ours);
  });

  it('a Via that is none is echoed as it is', () => {
    expect(refuse(invite({ via: 'Via: SIP/2.0/UDP 192.0.2.15;;,;,,' }))).toContain(
      '\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n',
    );
  });
});
