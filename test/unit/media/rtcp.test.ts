import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRtcp, type ReportBlock, type SenderState, writeBye, writeReport } from '../../../src/media/rtcp.js';
import { RtcpSession } from '../../../src/media/rtcp-session.js';
import { FakeClock } from '../../support/fake-clock.js';

const SENDER: SenderState = { ssrc: 0xaabb_ccdd, packetsSent: 5, bytesSent: 800, timestamp: 1_600, wallMs: 1_500 };
const BLOCK: ReportBlock = {
  state: { ssrc: 0x1111_2222, highest: 0x1_0005, received: 90, expected: 100, jitter: 17 },
  fractionLost: 26,
  lastSr: 0x0102_0304,
  delay: 65_536,
};
const RR = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1]);

describe('parseRtcp (RFC 3550 §6, Appendix A.2)', () => {
  it('takes the middle of the NTP time out of a sender report', () => {
    const report = writeReport(SENDER, null, 'name');
    expect(parseRtcp(report)).toEqual({ lastSr: report.readUInt32BE(10) });
    expect(parseRtcp(RR)).toEqual({ lastSr: null });
    expect(parseRtcp(writeBye(SENDER, BLOCK, 'name'))).toMatchObject({ lastSr: report.readUInt32BE(10) });
  });

  // Threat 113.
  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'rtcp_malformed'],
    ['four bytes (AST-2017-008)', Buffer.from([0x80, 201, 0, 0]), 'rtcp_malformed'],
    ['a length that is no multiple of four', Buffer.concat([RR, Buffer.from([0])]), 'rtcp_malformed'],
    ['version 1', Buffer.from([0x40, 201, 0, 1, 0, 0, 0, 1]), 'rtcp_malformed'],
    ['a first packet of another type', Buffer.from([0x81, 203, 0, 1, 0, 0, 0, 1]), 'rtcp_malformed'],
    ['padding in the first packet', Buffer.from([0xa0, 201, 0, 1, 0, 0, 0, 1]), 'rtcp_malformed'],
    ['a length beyond the datagram', Buffer.from([0x80, 201, 0xff, 0xff, 0, 0, 0, 1]), 'rtcp_malformed'],
    ['report blocks that are not there', Buffer.from([0x9f, 201, 0, 1, 0, 0, 0, 1]), 'rtcp_malformed'],
    ['a sender report cut short', Buffer.from([0x80, 200, 0, 1, 0, 0, 0, 1]), 'rtcp_malformed'],
    ['garbage behind a good packet', Buffer.concat([RR, Buffer.from([1, 2, 3, 4])]), 'rtcp_malformed'],
    ['more than we read', Buffer.alloc(1_504), 'rtcp_oversize'],
  ])('threat 113: refuses %s', (_name, data, reason) => {
    expect(parseRtcp(data)).toBe(reason);
  });

  it('property: no bytes make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        const result = parseRtcp(Buffer.concat([RR, Buffer.from(bytes)]));
        expect(typeof result === 'object' || result === 'rtcp_malformed').toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('writeReport (RFC 3550 §6.4)', () => {
  it('writes SR, report block and SDES', () => {
    const report = writeReport(SENDER, BLOCK, 'abc');
    expect([...report.subarray(0, 8)]).toEqual([0x81, 200, 0, 12, 0xaa, 0xbb, 0xcc, 0xdd]);
    expect(report.readUInt32BE(8)).toBe(2_208_988_801);
    expect(report.readUInt32BE(12)).toBe(0x8000_0000); // half a second
    expect([16, 20, 24].map((at) => report.readUInt32BE(at))).toEqual([1_600, 5, 800]);
    expect([28, 36, 40, 44, 48].map((at) => report.readUInt32BE(at))).toEqual([
      0x1111_2222, 0x1_0005, 17, 0x0102_0304, 65_536,
    ]);
    expect([report.readUInt8(32), report.readIntBE(33, 3)]).toEqual([26, 10]);
    const sdes = report.subarray(52);
    expect([...sdes]).toEqual([0x81, 202, 0, 3, 0xaa, 0xbb, 0xcc, 0xdd, 1, 3, 0x61, 0x62, 0x63, 0, 0, 0]);
  });

  it('writes RR when nothing was sent, and keeps the loss within 24 bits', () => {
    const lost = { ...BLOCK, state: { ...BLOCK.state, expected: 99_999_999 } };
    const report = writeReport({ ...SENDER, packetsSent: 0 }, lost, 'abc');
    expect([report.readUInt8(1), report.readIntBE(13, 3)]).toEqual([201, 0x7f_ffff]);
  });

  it('ends with BYE (§6.6)', () => {
    expect([...writeBye(SENDER, null, 'abc').subarray(-8)]).toEqual([0x81, 203, 0, 1, 0xaa, 0xbb, 0xcc, 0xdd]);
  });
});

describe('RtcpSession', () => {
  function session(clock = new FakeClock()) {
    const sent: Buffer[] = [];
    const state = { ssrc: 9, highest: 10, received: 10, expected: 10, jitter: 0 };
    const rtcp = new RtcpSession(clock, {
      sender: () => ({ ssrc: 1, packetsSent: 1, bytesSent: 160, timestamp: 0 }),
      reception: () => state,
      send: (packet) => sent.push(packet),
    });
    return { clock, sent, state, rtcp };
  }

  it('reports every 2.5 to 7.5 s, the first time after half of that (RFC 3550 §6.2, §6.3.1)', () => {
    const { clock, sent, rtcp } = session();
    rtcp.start();
    const times: number[] = [];
    for (let ms = 0; ms < 600_000; ms += 20) {
      clock.advance(20);
      const before = sent.length;
      rtcp.tick(clock.monotonic());
      if (sent.length > before) times.push(clock.monotonic());
    }
    const gaps = times.map((at, index) => at - (times[index - 1] ?? 0));
    expect(gaps.shift()).toBeLessThanOrEqual(3_770);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2_500);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(7_520);
    expect(new Set(gaps).size).toBeGreaterThan(10); // not in step
  });

  it('says how much was lost since the last report and when the last SR came (§6.4.1, A.3)', () => {
    const { clock, sent, state, rtcp } = session();
    rtcp.start();
    clock.advance(10_000);
    rtcp.tick(clock.monotonic());
    rtcp.receive({ data: writeReport(SENDER, null, 'x'), receivedMs: clock.monotonic(), address: '', port: 0 });
    state.expected += 100;
    state.received += 75;
    clock.advance(10_000);
    rtcp.tick(clock.monotonic());
    expect(sent.map((packet) => packet.readUInt8(32))).toEqual([0, 64]);
    expect(sent.map((packet) => packet.readUInt32BE(48))).toEqual([0, 655_360]);
  });

  it('says BYE once, and only after reports began', () => {
    const { sent, rtcp } = session();
    rtcp.bye();
    expect(sent).toEqual([]);
    rtcp.start();
    rtcp.bye();
    rtcp.bye();
    expect(sent.length).toBe(1);
  });

  it('counts garbage', () => {
    const { rtcp } = session();
    rtcp.receive({ data: Buffer.alloc(4), receivedMs: 0, address: '', port: 0 });
    expect(rtcp.drops).toEqual({ rtcp_malformed: 1, rtcp_oversize: 0 });
  });
});
