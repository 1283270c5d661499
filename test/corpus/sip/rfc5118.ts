import { torture, type TortureCase } from './torture-case.js';

const register = (uri: string, via: string, contact: string): Buffer =>
  torture(`
REGISTER ${uri} SIP/2.0
To: sip:user@example.com
From: sip:user@example.com;tag=81x2
Via: ${via}
Call-ID: SSG9559905523997077@hlau_4100
Max-Forwards: 70
Contact: ${contact}
CSeq: 98176 REGISTER
Content-Length: 0

`);

const invite = (more: string, connection: string): Buffer =>
  torture(`
INVITE sip:user@[2001:db8::10] SIP/2.0
To: sip:user@[2001:db8::10]
From: sip:user@example.com;tag=81x2
${more}
Call-ID: SSG9559905523997077@hlau_4100
Contact: "Caller" <sip:caller@[2001:db8::1]>
CSeq: 8612 INVITE
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: {length}

v=0
o=assistant 971731711378798081 0 IN IP6 2001:db8::20
s=Live video feed for today's meeting
c=${connection}
t=3338481189 3370017201
m=audio 6000 RTP/AVP 2
a=rtpmap:2 G726-32/8000
`);

const VIA = 'SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111';
const CONTACT = '"Caller" <sip:caller@[2001:db8::1]>';

/** RFC 5118 §4: IPv6 in SIP. */
export const RFC5118: readonly TortureCase[] = [
  {
    name: 'ipv6-good',
    section: '4.1',
    bytes: register('sip:[2001:db8::10]', VIA, CONTACT),
    datagram: { start: 'REGISTER', target: [null, '2001:db8::10'] },
    stream: 1,
  },
  {
    name: 'ipv6-bad',
    section: '4.2',
    bytes: register('sip:2001:db8::10', VIA, CONTACT),
    datagram: { code: 'SIP_URI', status: 400 },
    stream: 1,
  },
  {
    name: 'port-ambiguous',
    section: '4.3',
    bytes: register('sip:[2001:db8::10:5070]', VIA, CONTACT),
    datagram: { start: 'REGISTER', target: [null, '2001:db8::10:5070'] },
    stream: 1,
  },
  {
    name: 'port-unambiguous',
    section: '4.4',
    bytes: register('sip:[2001:db8::10]:5070', VIA, CONTACT),
    datagram: { start: 'REGISTER', target: [null, '2001:db8::10'] },
    stream: 1,
  },
  {
    name: 'via-received-param-with-delim',
    section: '4.5',
    bytes: register('sip:[2001:db8::10]', `${VIA};received=[2001:db8::9:255]`, CONTACT),
    datagram: { start: 'REGISTER', vias: 1 },
    stream: 1,
  },
  {
    name: 'via-received-param-no-delim',
    section: '4.5',
    bytes: register('sip:[2001:db8::10]', `${VIA};received=2001:db8::9:255`, CONTACT),
    datagram: { start: 'REGISTER', vias: 1 },
    stream: 1,
  },
  {
    name: 'ipv6-in-sdp',
    section: '4.6',
    bytes: invite(`Via: ${VIA}`, 'IN IP6 2001:db8::20'),
    datagram: { start: 'INVITE', target: ['user', '2001:db8::10'] },
    stream: 1,
  },
  {
    name: 'mult-ip-in-header',
    section: '4.7',
    bytes: register(
      'sip:user@example.com',
      `${VIA}\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKkdjuw,\n SIP/2.0/UDP [2001:db8::9:4]:5070`,
      '<sip:user@[2001:db8::1]>, <sip:user@192.0.2.1>',
    ),
    datagram: { start: 'REGISTER', vias: 3, contacts: 2 },
    stream: 1,
  },
  {
    name: 'mult-ip-in-sdp',
    section: '4.8',
    bytes: invite(`Via: ${VIA}`, 'IN IP6 2001:db8::1\nc=IN IP4 192.0.2.1'),
    datagram: { start: 'INVITE' },
    stream: 1,
  },
  {
    name: 'ipv4-mapped-ipv6',
    section: '4.9',
    bytes: register(
      'sip:user@[::ffff:192.0.2.2]',
      'SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19',
      '"T. desk phone" <sip:ted@[::ffff:192.0.2.2]>',
    ),
    datagram: { start: 'REGISTER', target: ['user', '192.0.2.2'], vias: 1, contacts: 1 },
    stream: 1,
  },
  {
    name: 'ipv6-bug-abnf-3-colons',
    section: '4.10',
    bytes: register('sip:user@[2001:db8:::192.0.2.1]', VIA, CONTACT),
    datagram: { code: 'SIP_URI', status: 400 },
    stream: 1,
  },
  {
    name: 'ipv6-correct-abnf-2-colons',
    section: '4.10',
    bytes: register('sip:user@[2001:db8::192.0.2.1]', VIA, CONTACT),
    datagram: { start: 'REGISTER', target: ['user', '2001:db8::c000:201'] },
    stream: 1,
  },
];
