import fc from 'fast-check';
import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import type { CodecName, MediaPlan } from '../../../src/call/ports.js';
import { type AnswerOptions, makeAnswer } from '../../../src/sdp/answer.js';
import { makeOffer, readAnswer, readOffer, type OfferOptions } from '../../../src/sdp/offer.js';

const OPTIONS: AnswerOptions = {
  codecs: ['PCMU', 'PCMA'],
  localAddress: '198.51.100.7',
  rtpPort: 20_000,
  sessionId: 42,
  sessionVersion: 1,
};

function offerText(media: string[], address = '192.0.2.1'): string {
  const head = [
    'v=0',
    'o=- 1 1 IN IP4 192.0.2.1',
    's=-',
    `c=IN IP${address.includes(':') ? 6 : 4} ${address}`,
    't=0 0',
  ];
  return [...head, ...media, ''].join('\r\n');
}
const answer = (media: string[], changes: Partial<AnswerOptions> = {}, address?: string) =>
  makeAnswer(readOffer(offerText(media, address)), { ...OPTIONS, ...changes });

describe('makeAnswer (RFC 3264 §6)', () => {
  it('is written whole and exact', () => {
    const { sdp, plan } = answer(['m=audio 4000 RTP/AVP 8 0 101', 'a=rtpmap:101 telephone-event/8000', 'a=ptime:40']);
    expect(sdp).toBe(
      [
        'v=0',
        'o=- 42 1 IN IP4 198.51.100.7',
        's=-',
        'c=IN IP4 198.51.100.7',
        't=0 0',
        'm=audio 20000 RTP/AVP 8 101',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
        'a=ptime:20',
        'a=sendrecv',
        '',
      ].join('\r\n'),
    );
    expect(plan).toEqual({
      codec: 'PCMA',
      payloadType: 8,
      dtmfPayloadType: 101,
      ptimeMs: 40,
      remoteAddress: '192.0.2.1',
      remotePort: 4_000,
      direction: 'sendrecv',
    });
  });

  it.each<[string, string[], CodecName[], CodecName, number]>([
    ['the offerer’s order', ['m=audio 4000 RTP/AVP 8 0'], ['PCMU', 'PCMA'], 'PCMA', 8],
    ['only what we serve', ['m=audio 4000 RTP/AVP 8 0'], ['PCMU'], 'PCMU', 0],
    ['unknown codecs in front', ['m=audio 4000 RTP/AVP 9 18 96 0', 'a=rtpmap:96 opus/48000/2'], ['PCMU'], 'PCMU', 0],
    ['a dynamic type', ['m=audio 4000 RTP/AVP 96', 'a=rtpmap:96 pcmu/8000'], ['PCMU'], 'PCMU', 96],
  ])('chooses by %s', (_name, media, codecs, codec, payloadType) => {
    expect(answer(media, { codecs }).plan).toMatchObject({ codec, payloadType });
  });

  it.each([
    ['unknown codecs only', ['m=audio 4000 RTP/AVP 9 18']],
    ['no audio', ['m=video 4000 RTP/AVP 96']],
    ['a switched-off stream', ['m=audio 0 RTP/AVP 0']],
    ['threat 100: SRTP only', ['m=audio 4000 RTP/SAVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA']],
    ['DTLS only', ['m=audio 4000 UDP/TLS/RTP/SAVPF 0']],
    ['PCMU at another rate', ['m=audio 4000 RTP/AVP 96', 'a=rtpmap:96 PCMU/16000']],
    ['type 0 that is not PCMU', ['m=audio 4000 RTP/AVP 0', 'a=rtpmap:0 L16/8000']],
    ['no stream', []],
  ])('%s is MEDIA_NO_CODEC (488)', (_name, media) => {
    expect(() => answer(media)).toThrow(expect.objectContaining({ code: 'MEDIA_NO_CODEC' }));
  });

  it.each([
    ['sendrecv', 'sendrecv'],
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ])('mirrors %s to %s (RFC 3264 §6.1)', (offered, ours) => {
    const { sdp, plan } = answer(['m=audio 4000 RTP/AVP 0', `a=${offered}`]);
    expect(plan.direction).toBe(ours);
    expect(sdp).toContain(`a=${ours}\r\n`);
  });

  it.each([
    ['sendrecv', 'recvonly'],
    ['recvonly', 'inactive'],
  ])('a peer at 0.0.0.0 and %s gets nothing: %s (RFC 3264 §8.4)', (offered, ours) => {
    const first = answer(['m=audio 4000 RTP/AVP 0']).plan;
    const held = answer(['m=audio 4000 RTP/AVP 0', `a=${offered}`], { previous: first }, '0.0.0.0').plan;
    expect(held).toEqual({ ...first, direction: ours });
    expect(answer(['m=audio 4000 RTP/AVP 0', `a=${offered}`], {}, '0.0.0.0').plan).toMatchObject({
      remoteAddress: '0.0.0.0',
      direction: ours,
    });
  });

  it('keeps the codec in use while it is offered (RFC 3264 §8.3.2)', () => {
    const previous: MediaPlan = answer(['m=audio 4000 RTP/AVP 8']).plan;
    expect(answer(['m=audio 4000 RTP/AVP 0 8'], { previous }).plan.codec).toBe('PCMA');
    expect(answer(['m=audio 4000 RTP/AVP 0'], { previous }).plan.codec).toBe('PCMU');
  });

  it('refuses every other stream in its place with port zero (RFC 3264 §6)', () => {
    const { sdp } = answer([
      'm=video 5000 RTP/AVP 96',
      'm=audio 4000 RTP/AVP 0',
      'm=audio 4002 RTP/AVP 8',
      'm=image 0 udptl t38',
    ]);
    expect(sdp.split('\r\n').filter((line) => line.startsWith('m='))).toEqual([
      'm=video 0 RTP/AVP 96',
      'm=audio 20000 RTP/AVP 0',
      'm=audio 0 RTP/AVP 8',
      'm=image 0 UDPTL t38',
    ]);
  });

  it.each([
    [20, 20],
    [40, 40],
    [60, 60],
    [30, 20],
    [10, 20],
  ])('sends packets of a length our ticker can keep: asked %i, sent %i', (asked, sent) => {
    expect(answer(['m=audio 4000 RTP/AVP 0', `a=ptime:${asked}`]).plan.ptimeMs).toBe(sent);
  });

  it('refuses a peer of another family than ours', () => {
    expect(() => answer(['m=audio 4000 RTP/AVP 0'], {}, '2001:db8::1')).toThrow(
      expect.objectContaining({ code: 'MEDIA_ADDRESS' }),
    );
    const { sdp } = answer(['m=audio 4000 RTP/AVP 0'], { localAddress: '2001:db8::7' }, '2001:db8::1');
    expect(sdp).toContain('c=IN IP6 2001:db8::7\r\n');
  });

  it.each(['0.0.0.0', '::', 'gw.example', '198.51.100.7\r\na=x'])('never writes %j as our address', (localAddress) => {
    expect(() => answer(['m=audio 4000 RTP/AVP 0'], { localAddress })).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });

  it.each([
    ['rtpPort', 65_536],
    ['rtpPort', 1.5],
    ['sessionId', -1],
    ['sessionVersion', Number.NaN],
  ])('never writes %s %d', (key, value) => {
    expect(() => answer(['m=audio 4000 RTP/AVP 0'], { [key]: value })).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });

  it('property: whatever was offered, the answer holds only our words and parses as one stream per offered stream', () => {
    const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,8}$/);
    const stream = fc.tuple(token, fc.integer({ min: 1024, max: 65_535 }), fc.stringMatching(/^[a-z0-9.*+-]{1,6}$/));
    fc.assert(
      fc.property(fc.array(stream, { maxLength: 6 }), token, (others, canary) => {
        const media = others.map(([kind, port, format]) => `m=${kind}x ${port} udp ${format}`);
        const { sdp } = answer([...media, 'm=audio 4000 RTP/AVP 0', `a=x-${canary}:canary`, `i=canary ${canary}`]);
        expect(sdp).not.toContain('canary');
        const parsed = parse(sdp);
        expect(parsed.media.length).toBe(others.length + 1);
        expect(parsed.media.filter(({ port }) => port !== 0).length).toBe(1);
      }),
    );
  });
});

describe('makeOffer and readAnswer', () => {
  const offered: OfferOptions = { codecs: ['PCMU', 'PCMA'], localAddress: '198.51.100.7', rtpPort: 20_000, dtmf: true };

  it('an offer of ours is read by our own reader, and its answer back to the mirrored plan', () => {
    const { sdp, plan } = makeAnswer(readOffer(makeOffer(offered)), {
      ...OPTIONS,
      localAddress: '192.0.2.1',
      rtpPort: 4_000,
    });
    expect(plan).toMatchObject({
      codec: 'PCMU',
      dtmfPayloadType: 101,
      remoteAddress: '198.51.100.7',
      remotePort: 20_000,
    });
    expect(readAnswer(sdp, offered)).toEqual({
      codec: 'PCMU',
      payloadType: 0,
      dtmfPayloadType: 101,
      ptimeMs: 20,
      remoteAddress: '192.0.2.1',
      remotePort: 4_000,
      direction: 'sendrecv',
    });
  });

  it('offers the direction and the origin asked for', () => {
    const text = makeOffer({
      ...offered,
      dtmf: false,
      direction: 'inactive',
      origin: { sessionId: 9, sessionVersion: 3 },
    });
    expect(text).toContain('o=- 9 3 IN IP4 198.51.100.7\r\n');
    expect(text).toContain('m=audio 20000 RTP/AVP 0 8\r\n');
    expect(text).toContain('a=inactive\r\n');
    expect(text).not.toContain('telephone-event');
  });

  it('takes events only when both sides named them', () => {
    const plain = makeAnswer(readOffer(makeOffer(offered)), { ...OPTIONS, localAddress: '192.0.2.1' }).sdp;
    expect(readAnswer(plain, { ...offered, dtmf: false }).dtmfPayloadType).toBeNull();
  });

  it.each([
    ['a refused stream', ['m=audio 0 RTP/AVP 0'], 'MEDIA_NO_CODEC'],
    ['a codec that was not offered', ['m=audio 4000 RTP/AVP 18'], 'MEDIA_NO_CODEC'],
    ['a payload type that was not offered', ['m=audio 4000 RTP/AVP 96', 'a=rtpmap:96 PCMU/8000'], 'SDP_INVALID'],
    ['one stream too many', ['m=audio 4000 RTP/AVP 0', 'm=audio 4002 RTP/AVP 0'], 'SDP_INVALID'],
    ['threat 101: SRTP in the answer', ['m=audio 4000 RTP/SAVP 0'], 'MEDIA_NO_CODEC'],
  ])('refuses an answer with %s', (_name, media, code) => {
    expect(() => readAnswer(offerText(media), offered)).toThrow(expect.objectContaining({ code }));
  });
});
