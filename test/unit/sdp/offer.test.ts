import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.js';
import { readOffer } from '../../../src/sdp/offer.js';
import { SDP_LIMITS } from '../../../src/sdp/sdp-lines.js';

const HEAD = ['v=0', 'o=alice 2890844526 2890844526 IN IP4 host.example', 's=-'];
const AUDIO = ['m=audio 49170 RTP/AVP 0 8 101', 'a=rtpmap:101 telephone-event/8000'];
const sdp = (...lines: string[]): string => `${lines.join('\r\n')}\r\n`;
const GOOD = sdp(...HEAD, 'c=IN IP4 192.0.2.1', 't=0 0', ...AUDIO);
/** A good offer with one line changed, removed or added. */
const withLine = (from: string, to: string): string => GOOD.replace(from, to);

function codeFrom(text: string): string {
  try {
    readOffer(text);
    return 'accepted';
  } catch (error) {
    return error instanceof GatewayError ? error.code : `${String(error)}`;
  }
}

describe('readOffer', () => {
  it('reads what matters (RFC 8866 §5)', () => {
    const offer = readOffer(GOOD);
    expect(offer.origin).toEqual({ sessionId: '2890844526', version: '2890844526' });
    expect(offer).toMatchObject({ audio: 0, encrypted: false });
    expect(offer.media[0]).toMatchObject({
      kind: 'audio',
      port: 49_170,
      protocol: 'RTP/AVP',
      direction: 'sendrecv',
      ptimeMs: null,
      rtp: [
        { payloadType: 0, encoding: 'PCMU', clockRate: 8000 },
        { payloadType: 8, encoding: 'PCMA', clockRate: 8000 },
        { payloadType: 101, encoding: 'TELEPHONE-EVENT', clockRate: 8000 },
      ],
    });
    expect(offer.media[0]?.address?.text).toBe('192.0.2.1');
  });

  it.each([
    ['a single format, which the parser turns into a number', withLine('0 8 101', '0')],
    ['LF line ends (RFC 8866 §5)', GOOD.replaceAll('\r\n', '\n')],
    ['no end of the last line', GOOD.trimEnd()],
    ['unknown attributes', `${GOOD}a=x-vendor:1 2 3\r\na=__proto__\r\na=constructor:x\r\n`],
    [
      'a media-level address instead of the session one',
      `${withLine('c=IN IP4 192.0.2.1\r\n', '')}c=IN IP4 192.0.2.2\r\n`,
    ],
    ['IPv6 (RFC 5118 §4.1)', withLine('c=IN IP4 192.0.2.1', 'c=IN IP6 2001:db8::1')],
    ['0.0.0.0 as old-style hold (RFC 3264 §8.4)', withLine('c=IN IP4 192.0.2.1', 'c=IN IP4 0.0.0.0')],
    ['a refused video stream beside it', `${GOOD}m=video 0 RTP/AVP 96\r\n`],
    ['the highest port', withLine('49170', '65535')],
  ])('accepts %s', (_name, text) => {
    expect(codeFrom(text)).toBe('accepted');
  });

  // Threat 99 and the shapes that the lenient parser would let through.
  it.each([
    ['nothing', ''],
    ['free text', 'garbage'],
    ['no v=', GOOD.slice(5)],
    ['v=1', withLine('v=0', 'v=1')],
    ['v= twice', withLine('s=-', 's=-\r\nv=0')],
    ['no o=', withLine('o=alice 2890844526 2890844526 IN IP4 host.example\r\n', '')],
    ['o= of four words', withLine(' IN IP4 host.example', '')],
    ['no s=', withLine('s=-\r\n', '')],
    ['no t=', withLine('t=0 0\r\n', '')],
    ['t= of words', withLine('t=0 0', 't=now never')],
    ['two session c=', withLine('t=0 0', 'c=IN IP4 192.0.2.9\r\nt=0 0')],
    ['two media c=', `${GOOD}c=IN IP4 192.0.2.2\r\nc=IN IP4 192.0.2.3\r\n`],
    ['c= with words behind the address', withLine('192.0.2.1', '192.0.2.1 192.0.2.2')],
    ['c= of another network', withLine('c=IN IP4', 'c=ATM IP4')],
    ['no c= at all', withLine('c=IN IP4 192.0.2.1\r\n', '')],
    ['port 65536', withLine('49170', '65536')],
    ['port -1', withLine('49170', '-1')],
    ['port 049170', withLine('49170', '049170')],
    ['a port count', withLine('49170', '49170/2')],
    ['no format', withLine(' 0 8 101', '')],
    ['a format twice', withLine('0 8 101', '0 8 0')],
    ['payload type 128', withLine('0 8 101', '0 128')],
    ['payload type 00', withLine('0 8 101', '00')],
    ['a numeric media kind', `${GOOD}m=123 4000 RTP/AVP 0\r\n`],
    ['ptime 0', `${GOOD}a=ptime:0\r\n`],
    ['ptime 10000', `${GOOD}a=ptime:10000\r\n`],
    ['ptime 500', `${GOOD}a=ptime:500\r\n`],
    ['ptime 020', `${GOOD}a=ptime:020\r\n`],
    ['ptime twice', `${GOOD}a=ptime:20\r\na=ptime:30\r\n`],
    ['two directions', `${GOOD}a=sendonly\r\na=sendrecv\r\n`],
    ['a direction with a tail', `${GOOD}a=sendonlyX\r\n`],
    ['a malformed rtpmap', `${GOOD}a=rtpmap:x PCMU/8000\r\n`],
    ['rtpmap of type 128', `${GOOD}a=rtpmap:128 PCMU/8000\r\n`],
    ['rtpmap twice', `${GOOD}a=rtpmap:101 PCMU/8000\r\n`],
    ['a NUL', withLine('s=-', 's=\u0000')],
    ['a bare CR, a line end for some readers', withLine('s=-', 's=-\rc=IN IP4 203.0.113.9')],
    ['a line without type', `${GOOD}hello\r\n`],
    ['an empty line inside', withLine('t=0 0', '\r\nt=0 0')],
    ['10,000 m= lines', `${GOOD}${'m=audio 4000 RTP/AVP 0\r\n'.repeat(10_000)}`],
    ['nine m= lines', `${GOOD}${'m=video 0 RTP/AVP 96\r\n'.repeat(8)}`],
    ['257 lines', `${GOOD}${'a=x\r\n'.repeat(257)}`],
    ['a huge attribute', `${GOOD}a=${'x'.repeat(SDP_LIMITS.lineChars)}\r\n`],
    ['33 formats', withLine('0 8 101', Array.from({ length: 33 }, (_, n) => n + 90).join(' '))],
    ['more than 16 KiB', `${GOOD}${`a=${'x'.repeat(500)}\r\n`.repeat(33)}`],
  ])('threat 99: %s is SDP_INVALID', (_name, text) => {
    expect(codeFrom(text)).toBe('SDP_INVALID');
  });

  it.each([
    ['a host name', 'c=IN IP4 media.example'],
    ['multicast', 'c=IN IP4 224.2.1.1'],
    ['multicast with TTL', 'c=IN IP4 224.2.1.1/127'],
    ['broadcast', 'c=IN IP4 255.255.255.255'],
    ['link-local', 'c=IN IP4 169.254.169.254'],
    ['[::]', 'c=IN IP6 ::'],
    ['IPv6 multicast', 'c=IN IP6 ff02::1'],
    ['IPv6 link-local', 'c=IN IP6 fe80::1'],
    ['an IPv6 zone', 'c=IN IP6 fe80::1%eth0'],
    ['the other family', 'c=IN IP6 192.0.2.1'],
    ['a mapped address', 'c=IN IP6 ::ffff:192.0.2.1'],
    ['octal', 'c=IN IP4 010.0.0.1'],
    ['a short form', 'c=IN IP4 127.1'],
    ['a number', 'c=IN IP4 2130706433'],
    ['hexadecimal', 'c=IN IP4 0x7f.0.0.1'],
  ])('threat 99: %s is MEDIA_ADDRESS', (_name, line) => {
    expect(codeFrom(withLine('c=IN IP4 192.0.2.1', line))).toBe('MEDIA_ADDRESS');
  });

  it.each(['1', '53', '1023'])('threat 99: port %s would make us a reflector: MEDIA_ADDRESS', (port) => {
    expect(codeFrom(withLine('49170', port))).toBe('MEDIA_ADDRESS');
  });

  it('takes the direction of the section before that of the session (RFC 8866 §6.7)', () => {
    const both = withLine('t=0 0', 't=0 0\r\na=inactive');
    expect(readOffer(both).media[0]?.direction).toBe('inactive');
    expect(readOffer(`${both}a=recvonly\r\n`).media[0]?.direction).toBe('recvonly');
  });

  it('threat 101: sees that encryption was asked for and takes the plain stream only', () => {
    const offer = readOffer(
      sdp(...HEAD, 'c=IN IP4 192.0.2.1', 't=0 0', 'm=audio 4000 RTP/SAVP 0', 'a=crypto:1 X inline:AAAA', ...AUDIO),
    );
    expect(offer).toMatchObject({ encrypted: true, audio: 1 });
    expect(readOffer(GOOD.replace('RTP/AVP', 'RTP/SAVP'))).toMatchObject({ encrypted: true, audio: null });
  });

  it('never quotes the peer in an error', () => {
    const marker = 'canary-4711';
    for (const text of [withLine('s=-', `s=-\r\n${marker}`), withLine('c=IN IP4 192.0.2.1', `c=IN IP4 ${marker}`)]) {
      expect(() => readOffer(text)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining(marker) as string }),
      );
      expect(() => readOffer(text)).toThrow(GatewayError);
    }
  });

  it('property: any text is read or refused with a code of ours', () => {
    const line = fc.oneof(
      fc.constantFrom(
        ...GOOD.trimEnd().split('\r\n'),
        'm=audio 0 RTP/AVP 0',
        'a=ptime:20',
        'a=sendonly',
        'c=IN IP4 ::',
      ),
      fc.string(),
      fc
        .tuple(fc.constantFrom('m=', 'c=', 'a=rtpmap:', 'a=ptime:', 'o=', 't='), fc.string())
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), (lines, headed) => {
        const text = headed ? `${GOOD}${lines.join('\r\n')}` : lines.join('\r\n');
        expect(['accepted', 'SDP_INVALID', 'MEDIA_ADDRESS']).toContain(codeFrom(text));
      }),
      { numRuns: 1_000 },
    );
  });
});
