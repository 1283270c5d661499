import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyRtpPacket,
  MAX_RTP_BYTES,
  parseRtp,
  PayloadStore,
  RtpReader,
  writeRtpHeader,
} from '../../../src/media/rtp.js';
import type { RtpPacket } from '../../../src/media/stage.js';
import { rtpBytes } from '../../support/rtp-media.js';

function read(data: Buffer): RtpPacket | string {
  const packet = emptyRtpPacket();
  return parseRtp(data, packet, new PayloadStore()) ?? packet;
}

/** A packet with flag bits and the bytes behind the fixed header given. */
function raw(flags: number, ...rest: number[]): Buffer {
  const head = rtpBytes({ sequence: 7 }, new Uint8Array(0));
  head.writeUInt8(flags, 0);
  return Buffer.concat([head, Buffer.from(rest)]);
}

describe('parseRtp (RFC 3550 §5.1)', () => {
  it('reads the fixed header and the payload', () => {
    const bytes = rtpBytes({
      payloadType: 8,
      sequence: 65_535,
      timestamp: 0xffff_ffff,
      ssrc: 0xdead_beef,
      marker: true,
    });
    expect(read(bytes)).toEqual({
      payloadType: 8,
      marker: true,
      sequence: 65_535,
      timestamp: 0xffff_ffff,
      ssrc: 0xdead_beef,
      payload: new Uint8Array(160).fill(0x55),
      receivedMs: 0,
    });
  });

  it.each<[string, Buffer, number[]]>([
    ['no payload', raw(0x80), []],
    ['two CSRCs', raw(0x82, ...Array<number>(8).fill(1), 9), [9]],
    ['an empty extension', raw(0x90, 0xbe, 0xde, 0, 0, 9), [9]],
    ['an extension of one word', raw(0x90, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 9), [9]],
    ['padding', raw(0xa0, 9, 0, 0, 3), [9]],
    ['padding only', raw(0xa0, 0, 0, 3), []],
    ['all of it', raw(0xb1, 1, 1, 1, 1, 0, 0, 0, 1, 2, 2, 2, 2, 9, 0, 2), [9]],
  ])('finds the payload behind %s', (_name, bytes, payload) => {
    expect(read(bytes)).toMatchObject({ sequence: 7, payload: Uint8Array.from(payload) });
  });

  // Threat 113.
  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'rtp_short'],
    ['11 bytes', rtpBytes().subarray(0, 11), 'rtp_short'],
    ['version 0', raw(0x00), 'rtp_version'],
    ['version 1', raw(0x40), 'rtp_version'],
    ['version 3', raw(0xc0), 'rtp_version'],
    ['CSRC=15 without them', raw(0x8f, 1, 2, 3), 'rtp_csrc'],
    ['an extension cut off', raw(0x90, 0xbe, 0xde, 0), 'rtp_extension'],
    ['extension length 65535', raw(0x90, 0xbe, 0xde, 0xff, 0xff, 1, 2), 'rtp_extension'],
    ['padding without a byte', raw(0xa0), 'rtp_padding'],
    ['padding of zero', raw(0xa0, 1, 0), 'rtp_padding'],
    ['padding longer than the payload', raw(0xa0, 1, 3), 'rtp_padding'],
    ['padding that reaches into the CSRCs', raw(0xa1, 1, 1, 1, 1, 2), 'rtp_padding'],
    ['more than we look at', rtpBytes({}, new Uint8Array(MAX_RTP_BYTES)), 'rtp_oversize'],
  ])('threat 113: refuses %s as %s', (_name, bytes, reason) => {
    expect(read(bytes)).toBe(reason);
  });

  it('property: no bytes make it throw, and a payload lies inside the datagram', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, valid) => {
        const data = Buffer.from(bytes);
        if (valid && data.length > 0) data.writeUInt8(0x80 | (data.readUInt8(0) & 0x3f), 0);
        const packet = read(data);
        if (typeof packet === 'string') expect(packet).toMatch(/^rtp_/);
        else expect(data.includes(Buffer.from(packet.payload))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('property: what is written is read', () => {
    const header = fc.record({
      payloadType: fc.integer({ min: 0, max: 127 }),
      marker: fc.boolean(),
      sequence: fc.integer({ min: 0, max: 0xffff }),
      timestamp: fc.integer({ min: 0, max: 0xffff_ffff }),
      ssrc: fc.integer({ min: 0, max: 0xffff_ffff }),
    });
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 200 }), (fields, payload) => {
        const buffer = Buffer.alloc(12 + payload.length);
        writeRtpHeader(buffer, fields);
        buffer.set(payload, 12);
        expect(read(buffer)).toEqual({ ...fields, payload, receivedMs: 0 });
      }),
    );
  });
});

describe('RtpReader', () => {
  it('hands on one reused packet, with views of its own memory, and counts what it refuses', () => {
    const packets = new Set<RtpPacket>();
    const views = new Set<Uint8Array>();
    const reader = new RtpReader({
      push: (packet) => {
        packets.add(packet);
        views.add(packet.payload);
        expect(packet.receivedMs).toBe(5);
      },
    });
    const data = rtpBytes();
    for (let count = 0; count < 3; count += 1) reader.push({ data, receivedMs: 5, address: '', port: 0 });
    reader.push({ data: raw(0x00), receivedMs: 5, address: '', port: 0 });
    expect([packets.size, views.size]).toEqual([1, 1]); // nothing is allocated per packet
    expect(reader.drops).toMatchObject({ rtp_version: 1, rtp_short: 0 });
  });
});
