import { isLoopback, isUnspecified, parseIp } from '../../src/base/ip.js';
import { parseMessage } from '../../src/sip/message/parse.js';
import type { SipResponse } from '../../src/sip/message/types.js';
import { offerText } from './raw-sip.js';
import { ANSWER_LIMITS } from './sip-socket.js';

/** Request-URI of the INVITE. */
export const TARGET = 'sip:12345556789@127.0.0.1:5060;user=phone';
const OFFER = [
  ...offerText(40_000).trimEnd().split('\r\n'),
  ...['a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15', 'a=ptime:20', 'a=sendrecv', ''],
].join('\r\n');

/** A valid INVITE with most of what a parser has to know. */
export function validInvite(id: string, authorization: string | null): Buffer {
  const lines = [
    `INVITE ${TARGET} SIP/2.0`,
    `Via: SIP/2.0/TCP 127.0.0.1:5099;branch=z9hG4bK${id};rport`,
    `Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKp${id};received=192.0.2.7`,
    'Max-Forwards: 70',
    `From: "Alice \\"A\\" <x>" <sip:2345550001@example.com;x=y>;tag=f${id};p="q,r"`,
    'To: Bob Example <sip:12345556789@example.com>',
    `Call-ID: ${id}@hostile.example`,
    'CSeq: 4711 INVITE',
    'Contact: <sip:alice@127.0.0.1:5099;transport=tcp>;+sip.instance="<urn:uuid:1>"',
    'Record-Route: <sip:127.0.0.1:5099;lr>',
    'Allow: INVITE, ACK, BYE, CANCEL',
    'Supported: timer, 100rel',
    'Session-Expires: 1800;refresher=uac',
    'User-Agent: hostile/1.0 (seeded)',
    ...(authorization === null ? [] : [`Authorization: ${authorization}`]),
    'Content-Type: application/sdp',
    `Content-Length: ${OFFER.length}`,
    ...['', OFFER],
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

/** Whether a session description would have the gateway send media to another host: no test may do that. */
export function leadsAway(bytes: Buffer): boolean {
  const words =
    bytes
      .toString('latin1')
      .match(/^c=.*$/gm)
      ?.flatMap((line) => line.split(/[ \t/\r]/)) ?? [];
  return words.some((word) => {
    const ip = parseIp(word);
    return ip !== null && !isLoopback(ip) && !isUnspecified(ip);
  });
}

const ECHOED = /^(Via|From|To|Call-ID|CSeq): [^\r\n]*$/;
const SOUND = [
  'Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKx',
  ...['From: <sip:a@h>;tag=1', 'To: <sip:a@h>;tag=1', 'Call-ID: x', 'CSeq: 1 INVITE'],
];

/**
 * The status of an answer to a malformed request. RFC 3261 §8.2.6.2 has Via, From, To, Call-ID and CSeq copied as they
 * are; the rest must be well-formed. Null when it is not, or when it is no refusal.
 */
export function statusOfEcho(bytes: Buffer): number | null {
  const [head = ''] = bytes.toString('utf8').split('\r\n\r\n', 1);
  const lines = head.split('\r\n').filter((line) => !ECHOED.test(line));
  const [start = '', ...rest] = lines;
  const parsed = parseMessage(Buffer.from([start, ...SOUND, ...rest, '', ''].join('\r\n')), ANSWER_LIMITS);
  if (!parsed.ok || parsed.message.kind !== 'response' || parsed.message.status < 400) return null;
  return parsed.message.status;
}

/** The ACK of a 2xx, or the BYE after it. */
export function requestOf(ok: SipResponse, method: 'ACK' | 'BYE'): Buffer {
  const number = method === 'ACK' ? ok.cseq.number : ok.cseq.number + 1;
  const lines = [
    `${method} sip:gate@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/TCP 127.0.0.1:5099;branch=z9hG4bK${method}${ok.toTag ?? ''};rport`,
    ...['From', 'To', 'Call-ID'].map((name) => `${name}: ${ok.header(name.toLowerCase()) ?? ''}`),
    ...[`CSeq: ${number} ${method}`, 'Max-Forwards: 70', 'Content-Length: 0', '', ''],
  ];
  return Buffer.from(lines.join('\r\n'));
}
