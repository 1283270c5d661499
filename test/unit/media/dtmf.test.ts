import { describe, expect, it } from 'vitest';
import { DtmfStage } from '../../../src/media/dtmf.js';
import { rtpPacket } from '../../support/rtp-media.js';

function dtmf() {
  let keys = 0;
  const passed: number[] = [];
  const stage = new DtmfStage({ push: ({ payloadType }) => passed.push(payloadType) }, 101, () => (keys += 1));
  const event = (key: number, timestamp: number, duration: number, end = false, ssrc = 1): void =>
    stage.push(
      rtpPacket({
        payloadType: 101,
        timestamp,
        ssrc,
        payload: Uint8Array.of(key, end ? 0x8a : 0x0a, duration >> 8, duration & 0xff),
      }),
    );
  return { stage, event, passed, keys: () => keys };
}

describe('DtmfStage (RFC 4733)', () => {
  it('says one key press for all packets of an event, its end sent three times (§2.5.1)', () => {
    const { event, keys } = dtmf();
    [160, 320, 480].forEach((duration) => event(5, 1_000, duration));
    [640, 640, 640].forEach((duration) => event(5, 1_000, duration, true));
    expect(keys()).toBe(1);
  });

  it('says two presses of the same key', () => {
    const { event, keys } = dtmf();
    event(5, 1_000, 160, true);
    event(5, 3_000, 160, true);
    expect(keys()).toBe(2);
  });

  it('says a press of which only an end packet arrived', () => {
    const { event, keys } = dtmf();
    event(1, 0, 800, true);
    expect(keys()).toBe(1);
  });

  it('a long event in segments is one press (§2.5.1.3)', () => {
    const { event, keys } = dtmf();
    event(9, 1_000, 0xffff);
    event(9, 1_000 + 0xffff, 160);
    event(9, 1_000 + 0xffff, 320, true);
    expect(keys()).toBe(1);
  });

  it('across the wrap of the timestamp too', () => {
    const { event, keys } = dtmf();
    event(9, 0xffff_f000, 0x1000);
    event(9, 0, 160);
    expect(keys()).toBe(1);
  });

  it('two quick keys whose segments touch are two presses', () => {
    const { event, keys } = dtmf();
    event(1, 0, 160);
    event(2, 160, 160);
    expect(keys()).toBe(2);
  });

  it('the same key again right after its end is a new press', () => {
    const { event, keys } = dtmf();
    event(1, 0, 160, true);
    event(1, 160, 160);
    expect(keys()).toBe(2);
  });

  it('events beyond the sixteen keys are no presses (§3.2)', () => {
    const { event, keys, passed } = dtmf();
    event(16, 0, 160);
    event(255, 500, 160);
    expect([keys(), passed]).toEqual([0, []]);
  });

  it('events never go on to the recogniser; other packets do', () => {
    const { event, passed, stage } = dtmf();
    event(1, 0, 160);
    stage.push(rtpPacket());
    expect(passed).toEqual([0]);
  });

  it.each([0, 1, 3])('counts a payload of %i bytes', (length) => {
    const { stage, keys } = dtmf();
    stage.push(rtpPacket({ payloadType: 101, payload: new Uint8Array(length) }));
    expect([stage.drops.dtmf_malformed, keys()]).toEqual([1, 0]);
  });

  it('follows the payload type of a new plan', () => {
    const { stage, event, keys, passed } = dtmf();
    stage.accept(null);
    event(1, 0, 160);
    expect([keys(), passed]).toEqual([0, [101]]);
  });
});
