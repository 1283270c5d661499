import { afterEach, describe, expect, it } from 'vitest';
import { RtpEndpoint } from '../../../src/media/rtp-endpoint.js';
import { FakeClock } from '../../support/fake-clock.js';
import { noise } from '../../support/rtp-media.js';

const open: RtpEndpoint[] = [];
afterEach(() => Promise.all(open.splice(0).map((endpoint) => endpoint.close())));

async function pair() {
  const clock = new FakeClock();
  const [from, to] = [new RtpEndpoint(clock), new RtpEndpoint(clock)];
  open.push(from, to);
  await from.open('127.0.0.1');
  const remote = { address: '127.0.0.1', port: (await to.open('127.0.0.1')).port };
  return { clock, from, to, remote };
}

describe('RtpEndpoint', () => {
  it('sends pieces of any length in packets of 20 ms, one a tick, the last filled with silence', async () => {
    const { clock, from, to, remote } = await pair();
    const audio = noise(500);
    const sending = from.sendG711([audio.subarray(0, 33), audio.subarray(33)], 0, remote);
    clock.advance(60);
    await to.receivedAtLeast(3);
    clock.advance(20);
    await sending;
    await to.receivedAtLeast(4);
    expect(Buffer.from(to.audio(0)).equals(Buffer.concat([audio, Buffer.alloc(140, 0xff)]))).toBe(true);
  });

  it('keeps one stream over several calls and counts the pause in its timestamps', async () => {
    const { clock, from, to, remote } = await pair();
    for (const pauseMs of [0, 1_000]) {
      clock.advance(pauseMs);
      const sending = from.sendG711([noise(320)], 8, remote);
      clock.advance(40);
      await sending;
    }
    await to.receivedAtLeast(4);
    const [first] = to.received;
    const offsets = to.received.map(({ timestamp }) => (timestamp - (first?.timestamp ?? 0)) >>> 0);
    expect(offsets).toEqual([0, 160, 8_320, 8_480]);
    expect(new Set(to.received.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect(to.received.map(({ marker }) => marker)).toEqual([true, false, true, false]);
  });

  it('pieces sent one after the other keep the pace', async () => {
    const { clock, from, to, remote } = await pair();
    for (let piece = 0; piece < 10; piece += 1) {
      const sending = from.sendG711([noise(800)], 0, remote);
      clock.advance(100);
      await sending; // hangs when a piece takes longer than its audio
    }
    await to.receivedAtLeast(50);
    expect(to.received.length).toBe(50);
  });

  it('closes twice, and before it was opened', async () => {
    const endpoint = new RtpEndpoint();
    await endpoint.close();
    await endpoint.open('127.0.0.1');
    await endpoint.close();
    await endpoint.close();
    expect(endpoint.received).toEqual([]);
  });
});
