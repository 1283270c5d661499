import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.js';
import { encodeAudio } from '../../../src/speech/embedded/audio.js';
import { Flite } from '../../../src/speech/embedded/flite.js';
import { runPiped } from '../../../src/speech/embedded/piped-run.js';
import { findInstalled, findPocketsphinx } from '../../../src/speech/embedded/pocketsphinx.js';
import { Recognition } from '../../../src/speech/embedded/recognition.js';
import type { FinalResult } from '../../../src/speech/embedded/recognize-protocol.js';
import { PromptCache, Synthesis } from '../../../src/speech/embedded/synthesis.js';
import { WorkQueue } from '../../../src/speech/embedded/work-queue.js';
import { FakeClock } from '../../support/fake-clock.js';
import { joined, noise, silence, voice } from './embedded-signals.js';

const failure = (code: string): unknown => expect.objectContaining({ code });

describe('WorkQueue', () => {
  function gates(): { open: (() => void)[]; task: (name: string, order: string[]) => () => Promise<string> } {
    const open: (() => void)[] = [];
    const task = (name: string, order: string[]) => async (): Promise<string> => {
      order.push(name);
      await new Promise<void>((resolve) => open.push(resolve));
      return name;
    };
    return { open, task };
  }

  it('runs no more than its width at once, in order', async () => {
    const queue = new WorkQueue(2, 10);
    const { open, task } = gates();
    const order: string[] = [];
    const all = ['a', 'b', 'c', 'd'].map((name) => queue.run(task(name, order)));
    expect(order).toEqual(['a', 'b']);
    open[1]?.();
    expect(await all[1]).toBe('b');
    expect(order).toEqual(['a', 'b', 'c']);
    open[0]?.();
    await all[0];
    open[2]?.();
    open[3]?.();
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('refuses what would wait too long, and works on', async () => {
    const queue = new WorkQueue(1, 1);
    const { open, task } = gates();
    const order: string[] = [];
    const first = queue.run(task('a', order));
    const second = queue.run(task('b', order));
    await expect(queue.run(task('c', order))).rejects.toEqual(failure('SPEECH_UNAVAILABLE'));
    open[0]?.();
    await first;
    open[1]?.();
    await second;
    expect(order).toEqual(['a', 'b']);
    await expect(queue.run(() => Promise.resolve('d'))).resolves.toBe('d');
  });

  it('gives the place back when a task fails', async () => {
    const queue = new WorkQueue(1, 5);
    await expect(queue.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
    await expect(queue.run(() => Promise.resolve(1))).resolves.toBe(1);
  });
});

describe('PromptCache', () => {
  it('drops what was not used for longest', () => {
    const cache = new PromptCache(20);
    for (const key of ['a', 'b']) cache.set(key, new Int16Array(5));
    expect(cache.get('a')).toHaveLength(5);
    cache.set('c', new Int16Array(5));
    expect([cache.get('a')?.length, cache.get('b'), cache.get('c')?.length]).toEqual([5, undefined, 5]);
  });

  it('never holds more than its bound', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.nat(40))), (entries) => {
        const cache = new PromptCache(64);
        for (const [key, length] of entries) cache.set(key, new Int16Array(length));
        expect(cache.bytes).toBeLessThanOrEqual(64);
      }),
    );
  });
});

describe('Recognition', () => {
  const sentence = joined(silence(1_000), voice(1_000, 9_000), silence(1_000), voice(600, 9_000), silence(1_000));
  const bytes = encodeAudio(sentence, 'mulaw');
  const mulaw = { encoding: 'mulaw', rate: 8_000 } as const;

  async function texts(
    format: { encoding: 'mulaw' | 'l16'; rate: number },
    chunks: readonly Uint8Array[],
  ): Promise<FinalResult[]> {
    const results: FinalResult[] = [];
    const recognition = new Recognition(format, null, (result) => results.push(result));
    for (const chunk of chunks) recognition.write(chunk);
    await recognition.finish();
    return results;
  }

  it('tells how long somebody spoke when it has no recogniser, never words', async () => {
    const results = await texts(mulaw, [bytes]);
    expect(results.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^\[speech (0\.9|1\.0) s\]$/),
      expect.stringMatching(/^\[speech 0\.[56] s\]$/),
    ]);
    expect(results[0]?.words).toEqual([
      { word: results[0]?.text, startMs: expect.any(Number) as number, endMs: expect.any(Number) as number },
    ]);
  });

  it('hears the same however the audio is cut, even inside a sample', async () => {
    const whole = await texts({ encoding: 'l16', rate: 8_000 }, [encodeAudio(sentence, 'l16')]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9_999 }), { minLength: 1, maxLength: 5 }), async (sizes) => {
        const all = encodeAudio(sentence, 'l16');
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < all.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(all.subarray(at, at + size));
          at += size;
        }
        expect(await texts({ encoding: 'l16', rate: 8_000 }, chunks)).toEqual(whole);
      }),
      { numRuns: 15 },
    );
  });

  it('hands the recogniser the utterance with a margin, and shifts its times to the session', async () => {
    const heard: number[] = [];
    const results: FinalResult[] = [];
    const recogniser = {
      recognise: (samples: Int16Array) => {
        heard.push(samples.length / 8);
        return Promise.resolve([{ word: 'x', startMs: 300, endMs: 400 }]);
      },
    };
    const recognition = new Recognition(mulaw, recogniser, (result) => results.push(result));
    recognition.write(bytes);
    await recognition.finish();
    expect(heard).toHaveLength(2);
    expect(heard[0]).toBeGreaterThanOrEqual(1_500);
    expect(heard[0]).toBeLessThanOrEqual(1_700);
    expect(results.map(({ text }) => text)).toEqual(['x', 'x']);
    expect(Math.abs((results[0]?.words[0]?.startMs ?? 0) - 1_000)).toBeLessThanOrEqual(60);
    expect(Math.abs((results[1]?.words[0]?.startMs ?? 0) - 3_000)).toBeLessThanOrEqual(60);
  });

  it('reports in the order of speech even when a later utterance is understood first', async () => {
    const answers: ((words: null) => void)[] = [];
    const results: FinalResult[] = [];
    const recogniser = { recognise: () => new Promise<null>((resolve) => answers.push(resolve)) };
    const recognition = new Recognition(mulaw, recogniser, (result) => results.push(result));
    recognition.write(bytes);
    const finished = recognition.finish();
    answers[1]?.(null);
    await Promise.resolve();
    expect(results).toEqual([]);
    answers[0]?.(null);
    await finished;
    expect(results.map(({ words }) => (words[0]?.startMs ?? 0) < 2_000)).toEqual([true, false]);
  });

  it.each([
    ['null', null],
    ['no words', []],
  ])('says how long somebody spoke when the recogniser gives %s', async (_name, words) => {
    const results: FinalResult[] = [];
    const recognition = new Recognition(mulaw, { recognise: () => Promise.resolve(words) }, (result) =>
      results.push(result),
    );
    recognition.write(bytes);
    await recognition.finish();
    expect(results.map(({ text }) => text.slice(0, 7))).toEqual(['[speech', '[speech']);
  });

  it('counts silence, noise included, and forgets it when somebody speaks', () => {
    const recognition = new Recognition(mulaw, null, () => {});
    recognition.write(encodeAudio(silence(2_000), 'mulaw'));
    expect(recognition.silentMs).toBe(2_000);
    recognition.write(encodeAudio(voice(400, 9_000), 'mulaw'));
    expect(recognition.silentMs).toBe(0);
    recognition.write(encodeAudio(joined(silence(1_000), noise(500, 50)), 'mulaw'));
    expect(recognition.silentMs).toBeGreaterThanOrEqual(1_400);
    expect(recognition.silentMs).toBeLessThan(1_700);
  });
});

describe('flite in its worker', () => {
  it('speaks, gives the thread back after a quiet minute and starts it again', async () => {
    const clock = new FakeClock();
    const flite = new Flite(clock);
    expect(flite.running).toBe(false);
    const samples = await flite.speak('hello', 'slt');
    expect(samples.length / 16_000).toBeGreaterThan(0.2);
    expect(Math.max(...samples)).toBeGreaterThan(3_000);
    expect(clock.pending).toBe(1);
    clock.advance(60_000);
    await flite.close();
    expect(flite.running).toBe(false);
    expect((await flite.speak('hello', 'rms')).length).toBeGreaterThan(3_000);
    await flite.close();
    expect([flite.running, clock.pending]).toEqual([false, 0]);
  });

  it('says something else for each voice, and nothing of its arguments is an option', async () => {
    const flite = new Flite(new FakeClock());
    const lengths = [];
    for (const voiceName of ['slt', 'rms', 'awb'] as const)
      lengths.push((await flite.speak('good morning', voiceName)).length);
    expect(new Set(lengths).size).toBe(3);
    expect((await flite.speak('-voice nobody', 'slt')).length).toBeGreaterThan(3_000);
    await flite.close();
  });

  it('fails a request that takes too long, and the next one works', async () => {
    const clock = new FakeClock();
    const flite = new Flite(clock);
    const slow = flite.speak('hello', 'slt');
    clock.advance(10_000);
    await expect(slow).rejects.toEqual(failure('SPEECH_UNAVAILABLE'));
    expect((await flite.speak('hello', 'slt')).length).toBeGreaterThan(3_000);
    await flite.close();
  });

  it('fails a request under way when it is closed', async () => {
    const flite = new Flite(new FakeClock());
    const cut = flite.speak('hello', 'slt');
    const failed = expect(cut).rejects.toBeInstanceOf(GatewayError);
    await flite.close();
    await failed;
    expect(flite.running).toBe(false);
  });
});

describe('Synthesis', () => {
  async function collect(
    synthesis: Synthesis,
    text: string,
    rate: number,
    signal = new AbortController().signal,
  ): Promise<Int16Array[]> {
    const parts: Int16Array[] = [];
    for await (const part of synthesis.speak(text, 'slt', rate, signal)) parts.push(part);
    return parts;
  }

  it('speaks sentence by sentence, half as many samples at half the rate, a known one from memory', async () => {
    const synthesis = new Synthesis(new FakeClock());
    const narrow = await collect(synthesis, 'Good morning. How are you?', 8_000);
    const wide = await collect(synthesis, 'Good morning.', 16_000);
    expect(narrow).toHaveLength(2);
    expect(Math.abs((wide[0]?.length ?? 0) / 2 - (narrow[0]?.length ?? 0))).toBeLessThan(200);
    expect((await collect(synthesis, 'Good morning.', 8_000))[0]).toBe(narrow[0]);
    await synthesis.close();
  });

  it('says nothing for what cannot be said, and nothing after an abort', async () => {
    const synthesis = new Synthesis(new FakeClock());
    expect(await collect(synthesis, '日本', 8_000)).toEqual([]);
    expect(await collect(synthesis, 'hello', 8_000, AbortSignal.abort())).toEqual([]);
    await synthesis.close();
  });
});

describe('a program over a pipe', () => {
  const never = new AbortController().signal;
  const run = (program: string, args: string[], input = 'sound', maxLogBytes = 1_000) => ({
    program,
    args,
    input: Buffer.from(input),
    maxLogBytes,
    deadlineMs: 5_000,
  });

  it('reads the input from /dev/stdin and gives its standard error', async () => {
    const log = await runPiped(run('/bin/sh', ['-c', 'cat /dev/stdin >&2']), new FakeClock(), never);
    expect(log).toBe('sound');
  });

  it('hands arguments over as they are', async () => {
    const args = ['-c', 'printf %s "$1" >&2', 'sh', '$(id) `id` ; "\''];
    expect(await runPiped(run('/bin/sh', args), new FakeClock(), never)).toBe('$(id) `id` ; "\'');
  });

  it('gives the program nothing of our environment', async () => {
    const log = await runPiped(run('/usr/bin/env', ['sh', '-c', 'env >&2']), new FakeClock(), never);
    expect(log).not.toMatch(/^(?:HOME|PATH|NODE|npm)[A-Z_]*=.*node/m);
    expect(log).toMatch(/^LC_ALL=C$/m);
  });

  it.each([
    ['fails', '/bin/false', []],
    ['is not there', '/nonexistent/program', []],
  ])('gives null when the program %s', async (_name, program, args) => {
    expect(await runPiped(run(program, args), new FakeClock(), never)).toBeNull();
  });

  it('keeps no more of the log than allowed', async () => {
    const log = await runPiped(run('/bin/sh', ['-c', 'yes | head -c 100000 >&2'], '', 20_000), new FakeClock(), never);
    expect(log?.length ?? Infinity).toBeLessThanOrEqual(20_000);
  });

  it('survives a program that does not read', async () => {
    const input = 'x'.repeat(2_000_000);
    expect(await runPiped(run('/bin/true', [], input), new FakeClock(), never)).toBe('');
  });

  it('kills the program at its deadline', async () => {
    const clock = new FakeClock();
    const ended = runPiped(run('/bin/sleep', ['600']), clock, never);
    clock.advance(5_000);
    expect(await ended).toBeNull();
    expect(clock.pending).toBe(0);
  });

  it('kills the program when it is aborted, and starts none afterwards', async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const ended = runPiped(run('/bin/sleep', ['600']), clock, abort.signal);
    abort.abort();
    expect(await ended).toBeNull();
    expect(await runPiped(run('/bin/true', []), clock, abort.signal)).toBeNull();
    expect(clock.pending).toBe(0);
  });
});

describe('finding pocketsphinx', () => {
  it('is null without the program', () => {
    expect(findPocketsphinx(() => null, null)).toBeNull();
  });

  it('looks for programs in fixed directories only', () => {
    expect(findInstalled('env')).toBe('/usr/bin/env');
    expect(findInstalled('../bin/../../nonexistent')).toBeNull();
  });
});
