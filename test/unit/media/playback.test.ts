import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { PromptOutcome } from '../../../src/call/ports.js';
import { Playback, type PromptSource } from '../../../src/media/playback.js';
import { noise } from '../../support/rtp-media.js';

function playback() {
  const ended: [number, PromptOutcome][] = [];
  const errors: unknown[] = [];
  const player = new Playback({
    onEnded: (id, outcome) => ended.push([id, outcome]),
    onError: (error) => errors.push(error),
  });
  const read = (bytes = 160): Buffer => {
    const out = Buffer.alloc(bytes);
    return out.subarray(0, player.read(out));
  };
  return { player, ended, errors, read };
}

/** A source of the chunks given that counts how many were asked for. */
function source(...chunks: Uint8Array[]) {
  const state = { given: 0, aborted: false };
  const prompt: PromptSource = async function* (signal) {
    signal.addEventListener('abort', () => (state.aborted = true));
    for (const chunk of chunks) {
      state.given += 1;
      yield await Promise.resolve(chunk);
    }
  };
  return { prompt, state };
}

/** A source that is fed by hand. */
function tap() {
  const queue: Uint8Array[] = [];
  let wake = (): void => {};
  let done = false;
  const prompt: PromptSource = async function* () {
    for (;;) {
      for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) yield chunk;
      if (done) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return {
    prompt,
    give: (bytes: Uint8Array): void => {
      queue.push(bytes);
      wake();
    },
    end: (): void => {
      done = true;
      wake();
    },
  };
}

describe('Playback', () => {
  it('plays chunks of any length bit for bit and says `played` after the last packet', async () => {
    const { player, ended, read } = playback();
    const audio = noise(1_000);
    player.enqueue(
      1,
      source(audio.subarray(0, 333), audio.subarray(333, 334), new Uint8Array(0), audio.subarray(334)).prompt,
    );
    await turn();
    const played = Array.from({ length: 7 }, () => read());
    expect(Buffer.concat(played).equals(audio)).toBe(true);
    expect(played.at(-1)?.length).toBe(40);
    expect(ended).toEqual([]); // the last packet still sounds
    expect(read().length).toBe(0);
    expect(ended).toEqual([[1, 'played']]);
  });

  it('plays prompts one after the other without a gap when the next is ready', async () => {
    const { player, ended, read } = playback();
    player.enqueue(1, source(noise(160)).prompt);
    player.enqueue(2, source(noise(160, 2)).prompt);
    await turn();
    expect(read().equals(noise(160))).toBe(true);
    read();
    await turn();
    expect(read().equals(noise(160, 2))).toBe(true);
    read();
    expect(ended).toEqual([
      [1, 'played'],
      [2, 'played'],
    ]);
  });

  it('begins with 60 ms in hand, or with all there is', async () => {
    const { player, read } = playback();
    const fed = tap();
    player.enqueue(1, fed.prompt);
    fed.give(noise(479));
    await turn();
    expect(read().length).toBe(0);
    fed.give(noise(1));
    await turn();
    expect(read().length).toBe(160);
  });

  it('fault 6: a source that stalls mid-prompt leaves silence, and the rest plays when it comes', async () => {
    const { player, ended, read } = playback();
    const fed = tap();
    player.enqueue(1, fed.prompt);
    fed.give(noise(500));
    await turn();
    expect([1, 2, 3, 4, 5].map(() => read().length)).toEqual([160, 160, 160, 20, 0]);
    fed.give(noise(160));
    await turn();
    expect(read().length).toBe(160);
    fed.end();
    await turn();
    expect(ended).toEqual([[1, 'played']]);
  });

  it('reads two seconds ahead and no further (threat 125: a voice that never ends)', async () => {
    const { player, read } = playback();
    const { prompt, state } = source(...Array.from({ length: 100 }, () => noise(1_600)));
    player.enqueue(1, prompt);
    await turn();
    expect(state.given).toBe(10);
    for (let count = 0; count < 20; count += 1) read();
    await turn();
    expect(state.given).toBe(12);
  });

  it('stop interrupts what plays and what waits, and aborts the source', async () => {
    const { player, ended, read } = playback();
    const long = source(...Array.from({ length: 100 }, () => noise(1_600)));
    player.enqueue(1, long.prompt);
    player.enqueue(2, source(noise(160)).prompt);
    await turn();
    read();
    player.stop();
    await turn();
    expect(ended).toEqual([
      [1, 'interrupted'],
      [2, 'interrupted'],
    ]);
    expect([long.state.aborted, long.state.given, read().length, player.length]).toEqual([true, 10, 0, 0]);
    player.stop();
    expect(ended.length).toBe(2);
  });

  it('a new prompt plays after a stop', async () => {
    const { player, ended, read } = playback();
    player.enqueue(1, tap().prompt);
    player.stop();
    player.enqueue(2, source(noise(160)).prompt);
    await turn();
    expect(read().length).toBe(160);
    read();
    expect(ended).toEqual([
      [1, 'interrupted'],
      [2, 'played'],
    ]);
  });

  it('a source that throws fails its prompt after what it gave has played, and the next plays', async () => {
    const { player, ended, errors, read } = playback();
    const failing: PromptSource = async function* () {
      yield await Promise.resolve(noise(160));
      throw new Error('broken');
    };
    player.enqueue(1, failing);
    player.enqueue(2, source(noise(160, 2)).prompt);
    await turn();
    expect(read().equals(noise(160))).toBe(true);
    read();
    await turn();
    expect(read().equals(noise(160, 2))).toBe(true);
    expect(ended).toEqual([[1, 'failed']]);
    expect(errors.length).toBe(1);
  });

  it('a source without audio ends by itself, though nobody reads', async () => {
    const { player, ended } = playback();
    player.enqueue(1, source().prompt);
    await turn();
    expect(ended).toEqual([[1, 'played']]);
  });

  it('a source that throws at the call fails its prompt', async () => {
    const { player, ended, errors } = playback();
    player.enqueue(1, () => {
      throw new Error('at once');
    });
    await turn();
    expect([ended, errors.length]).toEqual([[[1, 'failed']], 1]);
  });

  it('holds 64 prompts; one more fails at once', () => {
    const { player, ended } = playback();
    for (let id = 0; id < 65; id += 1) player.enqueue(id, tap().prompt);
    expect(ended).toEqual([[64, 'failed']]);
  });
});
