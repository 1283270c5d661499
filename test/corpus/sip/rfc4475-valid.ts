import { SDP, torture, type TortureCase } from './torture-case.js';

const repeat = (text: string, times: number): string => text.repeat(times);

const INTMETH_URI = "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)";
const INTMETH_METHOD = "!interesting-Method0123456789_*+`.%indeed'~";

const intmeth = (toDisplayName: string): Buffer =>
  torture(`
${INTMETH_METHOD} ${INTMETH_URI}@example.com SIP/2.0
Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+\`'~
To: "${toDisplayName}" <${INTMETH_URI}@example.com>
From: token1~\` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%="работающий";tag=_token~1'+\`*%!-.
Call-ID: intmeth.word%ZK-!.*_+'@word\`~)(><:\\/"][?}{
CSeq: 139122385 ${INTMETH_METHOD}
Max-Forwards: 255
extensionHeader-!.%*+_\`'~:\u{fefe}\u{fefe}大停電
Content-Length: 0

`);

const LONG_VIAS = Array.from({ length: 33 }, (_, index) => {
  const spelling = ['Via:', 'v:', 'V :', 'VIA  :', 'vIa:'][index % 5] ?? 'Via:';
  return `${spelling} SIP/2.0/TCP sip${33 - index}.example.com`;
}).join('\n');

/** RFC 4475 §3.1.1: messages that a parser must take. */
export const RFC4475_VALID: readonly TortureCase[] = [
  {
    name: 'wsinv',
    section: '3.1.1.1',
    bytes: torture(`
INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : {length}
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33

${SDP}`),
    datagram: {
      start: 'INVITE',
      from: ['J Rosenberg \\"', 'jdrosen', 'example.com'],
      target: ['vivekg', 'chair-dnrc.example.com'],
      vias: 3,
      contacts: 1,
      bodyBytes: 150,
    },
    stream: 1,
  },
  {
    // The message escapes raw control bytes in a quoted string. We refuse those bytes wherever they stand in a header.
    name: 'intmeth',
    section: '3.1.1.2',
    bytes: intmeth('BEL:\\\u0007 NUL:\\\u0000 DEL:\\\u007f'),
    datagram: { code: 'SIP_BYTES', status: 400, answerable: false },
    stream: 'SIP_BYTES',
  },
  {
    name: 'intmeth without control bytes',
    section: '3.1.1.2',
    bytes: intmeth('BEL NUL DEL'),
    datagram: {
      start: INTMETH_METHOD,
      from: ["token1~` token2'+_ token3*%!.-", 'mundane', 'example.com'],
      target: ["1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", 'example.com'],
      vias: 1,
    },
    stream: 1,
  },
  {
    name: 'esc01',
    section: '3.1.1.3',
    bytes: torture(`
INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0
To: sip:%75se%72@example.com
From: <sip:I%20have%20spaces@example.net>;tag=938
Max-Forwards: 87
i: esc01.239409asdfakjkn23onasd0-3234
CSeq: 234234 INVITE
Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw
C: application/sdp
Contact:
  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>
Content-Length: {length}

${SDP}`),
    datagram: {
      start: 'INVITE',
      from: [null, 'I have spaces', 'example.net'],
      target: ['sips:user@example.com', 'example.net'],
      contacts: 1,
    },
    stream: 1,
  },
  {
    // Legal, and refused: a decoded NUL ends the user part for some readers (threat 11).
    name: 'escnull',
    section: '3.1.1.4',
    bytes: torture(`
REGISTER sip:example.com SIP/2.0
To: sip:null-%00-null@example.com
From: sip:null-%00-null@example.com;tag=839923423
Max-Forwards: 70
Call-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd
CSeq: 14398234 REGISTER
Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw
Contact: <sip:%00@host5.example.com>
Contact: <sip:%00%00@host5.example.com>
L:0

`),
    datagram: { code: 'SIP_URI', status: 400 },
    stream: 1,
  },
  {
    name: 'esc02',
    section: '3.1.1.5',
    bytes: torture(`
RE%47IST%45R sip:registrar.example.com SIP/2.0
To: "%Z%45" <sip:resource@example.com>
From: "%Z%45" <sip:resource@example.com>;tag=f232jadfj23
Call-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf
Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234
CSeq: 29344 RE%47IST%45R
Max-Forwards: 70
Contact: <sip:alias1@host1.example.com>
C%6Fntact: <sip:alias2@host2.example.com>
Contact: <sip:alias3@host3.example.com>
l: 0

`),
    datagram: { start: 'RE%47IST%45R', from: ['%Z%45', 'resource', 'example.com'], contacts: 2 },
    stream: 1,
  },
  {
    name: 'lwsdisp',
    section: '3.1.1.6',
    bytes: torture(`
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: caller<sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID: lwsdisp.1234abcd@funky.example.com
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw
l: 0

`),
    datagram: { start: 'OPTIONS', from: ['caller', 'caller', 'example.com'] },
    stream: 1,
  },
  {
    // 34 Vias: more than the default of `sip.limits.viaCount` when that is 32.
    name: 'longreq',
    section: '3.1.1.7',
    bytes: torture(`
INVITE sip:user@example.com SIP/2.0
To: "I have a user name of ${repeat('extreme', 10)} proportion"<sip:user@example.com:6000;unknownparam1=very${repeat('long', 20)}value;longparam${repeat('name', 25)}=shortvalue;very${repeat('long', 25)}ParameterNameWithNoValue>
F: sip:${repeat('amazinglylongcallername', 5)}@example.net;tag=12${repeat('982', 50)}424;unknownheaderparam${repeat('name', 20)}=unknowheaderparam${repeat('value', 15)};unknownValueless${repeat('paramname', 10)}
Call-ID: longreq.one${repeat('really', 20)}longcallid
CSeq: 3882340 INVITE
Unknown-${repeat('Long', 20)}-Name: unknown-${repeat('long', 20)}-value; unknown-${repeat('long', 20)}-parameter-name = unknown-${repeat('long', 20)}-parameter-value
${LONG_VIAS}
v  : SIP/2.0/TCP host.example.com;received=192.0.2.5;branch=very${repeat('long', 50)}branchvalue
Max-Forwards: 70
Contact: <sip:${repeat('amazinglylongcallername', 5)}@host5.example.net>
Content-Type: application/sdp
l: {length}

${SDP}`),
    datagram: {
      start: 'INVITE',
      from: [null, repeat('amazinglylongcallername', 5), 'example.net'],
      vias: 34,
      contacts: 1,
    },
    stream: 1,
  },
  {
    name: 'dblreq',
    section: '3.1.1.8',
    bytes: torture(`
REGISTER sip:example.com SIP/2.0
To: sip:j.user@example.com
From: sip:j.user@example.com;tag=43251j3j324
Max-Forwards: 8
I: dblreq.0ha0isndaksdj99sdfafnl3lk233412
Contact: sip:j.user@host.example.com
CSeq: 8 REGISTER
Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492
Content-Length: 0

INVITE sip:joe@example.com SIP/2.0
t: sip:joe@example.com
From: sip:caller@example.net;tag=141334
Max-Forwards: 8
Call-ID: dblreq.0ha0isnda977644900765@192.0.2.15
CSeq: 8 INVITE
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw380234
Content-Type: application/sdp
Content-Length: 150

${SDP}`),
    datagram: { start: 'REGISTER', from: [null, 'j.user', 'example.com'], bodyBytes: 0 },
    stream: 2,
  },
  {
    name: 'semiuri',
    section: '3.1.1.9',
    bytes: torture(`
OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0
To: sip:j_user@example.com
From: sip:caller@example.org;tag=33242
Max-Forwards: 3
Call-ID: semiuri.0ha0isndaksdj
CSeq: 8 OPTIONS
Accept: application/sdp, application/pkcs7-mime,
        multipart/mixed, multipart/signed,
        message/sip, message/sipfrag
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw
l: 0

`),
    datagram: { start: 'OPTIONS', target: ['user;par=u@example.net', 'example.com'] },
    stream: 1,
  },
  {
    name: 'transports',
    section: '3.1.1.10',
    bytes: torture(`
OPTIONS sip:user@example.com SIP/2.0
To: sip:user@example.com
From: <sip:caller@example.com>;tag=323
Max-Forwards: 70
Call-ID:  transports.kijh4akdnaqjkwendsasfdj
Accept: application/sdp
CSeq: 60 OPTIONS
Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw
Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf
Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj
Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en
Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee
l: 0

`),
    datagram: { start: 'OPTIONS', vias: 5 },
    stream: 1,
  },
  {
    name: 'mpart01',
    section: '3.1.1.11',
    bytes: torture(`
MESSAGE sip:kumiko@example.org SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-;rport
Max-Forwards: 70
Route: <sip:127.0.0.1:5080>
Identity: r5mwreLuyDRYBi/0TiPwEsY3rEVsk/G2WxhgTV1PF7hHuLIK0YWVKZhKv9Mj8UeXqkMVbnVq37CD+813gvYjcBUaZngQmXc9WNZSDNGCzA+fWl9MEUHWIZo1CeJebdY/XlgKeTa0Olvq0rt70Q5jiSfbqMJmQFteeivUhkMWYUA=
Contact: <sip:fluffy@127.0.0.1:5070>
To: <sip:kumiko@example.org>
From: <sip:fluffy@example.com>;tag=2fb0dcc9
Call-ID: 3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..
CSeq: 1 MESSAGE
Content-Transfer-Encoding: binary
Content-Type: multipart/mixed;boundary=7a9cbec02ceef655
Date: Sat, 15 Oct 2005 04:44:56 GMT
User-Agent: SIPimp.org/0.2.5 (curses)
Content-Length: {length}

--7a9cbec02ceef655
Content-Type: text/plain
Content-Transfer-Encoding: binary

Hello\u0000\u0001\u007f
--7a9cbec02ceef655--`),
    datagram: { start: 'MESSAGE', from: [null, 'fluffy', 'example.com'], bodyBytes: 113 },
    stream: 1,
  },
  {
    name: 'unreason',
    section: '3.1.1.12',
    bytes: torture(`
SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое
Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923
Call-ID: unreason.1234ksdfak3j2erwedfsASdf
CSeq: 35 INVITE
From: sip:user@example.com;tag=11141343
To: sip:user@example.edu;tag=2229
Content-Length: {length}
Content-Type: application/sdp
Contact: <sip:user@host198.example.com>

${SDP}`),
    datagram: { start: 200, contacts: 1 },
    stream: 1,
  },
  {
    name: 'noreason',
    section: '3.1.1.13',
    bytes: torture(`
SIP/2.0 100${' '}
Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe
Call-ID: noreason.asndj203insdf99223ndf
CSeq: 35 INVITE
From: <sip:user@example.com>;tag=39ansfi3
To: <sip:user@example.edu>;tag=902jndnke3
Content-Length: 0
Contact: <sip:user@host105.example.com>

`),
    datagram: { start: 100 },
    stream: 1,
  },
];
