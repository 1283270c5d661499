import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { createLog, silentLog } from '../../src/base/log.js';
import { decodeAudio, encodeAudio } from '../../src/speech/embedded/audio.js';
import { grammarWords } from '../../src/speech/embedded/grammar.js';
import { decimate } from '../../src/speech/embedded/resample.js';
import { type EmbeddedSpeech, startEmbeddedSpeech } from '../../src/speech/embedded/server.js';
import { Synthesis } from '../../src/speech/embedded/synthesis.js';
import { TestSocket, USER } from '../support/embedded-client.js';
import { requirePeer } from '../support/peer.js';
import { joined, silence, voice } from '../unit/speech/embedded-signals.js';

const MODEL = '/usr/share/pocketsphinx/model/en-us';
const PRESENT = requirePeer('pocketsphinx_continuous', `${MODEL}/en-us/mdef`, `${MODEL}/cmudict-en-us.dict`);

const asset = (name: string): URL => new URL(`../../assets/${name}`, import.meta.url);

/** Said within the grammar, by voices that the model was not tuned to. */
const PHRASES = [
  'i would like to speak to an agent',
  'what is my account balance',
  'i want to make an appointment on monday',
  'please cancel my appointment',
  'where are you located',
  'i lost my card',
  'one two three four',
  'no thank you',
];
const STRANGE = [
  'the weather in paris is lovely today',
  'my dog has eaten the sofa',
  'i would like a large pizza with mushrooms',
  'please tell me a joke',
];

interface Final {
  readonly results: readonly {
    readonly alternatives: readonly { transcript: string; timestamps: [string, number, number][] }[];
  }[];
}

describe.runIf(PRESENT)('pocketsphinx as the embedded recogniser', () => {
  const lines: string[] = [];
  let service: EmbeddedSpeech;
  let synthesis: Synthesis;

  beforeAll(async () => {
    const log = createLog({ level: 'debug', write: (line) => lines.push(line) });
    service = await startEmbeddedSpeech({ clock: systemClock, log, ...USER });
    synthesis = new Synthesis(systemClock);
  });
  afterAll(async () => {
    await synthesis.close();
    await service.close();
  });

  async function speak(text: string, voiceName: 'slt' | 'rms' | 'awb', rate = 16_000): Promise<Int16Array> {
    const parts = [silence(500, rate)];
    for await (const part of synthesis.speak(text, voiceName, rate, new AbortController().signal)) parts.push(part);
    return joined(...parts, silence(800, rate));
  }

  async function hear(
    audio: Uint8Array,
    type = 'audio/basic',
  ): Promise<Final['results'][number]['alternatives'][number][]> {
    const client = await new TestSocket(`${service.url}/v1/recognize`).opened();
    client.sendJson({ action: 'start', 'content-type': type, timestamps: true });
    expect(await client.next()).toEqual({ state: 'listening' });
    client.socket.send(audio);
    client.sendJson({ action: 'stop' });
    const heard = [];
    for (let message = await client.next(); !isListening(message); message = await client.next()) {
      heard.push(...(message as Final).results.flatMap(({ alternatives }) => alternatives));
    }
    client.socket.terminate();
    return heard;
  }

  it('says what it is', () => {
    expect(service.stt).toMatchObject({ name: 'pocketsphinx', recognises: true });
    expect(service.stt.describe).toContain('demo.gram');
  });

  it('understands the demonstration caller after each codec, with the times of the words', async () => {
    const samples = decodeAudio(readFileSync(asset('demo-caller.wav')).subarray(44), 'l16');
    for (const [type, encoding] of [
      ['audio/basic', 'mulaw'],
      ['audio/alaw', 'alaw'],
      ['audio/l16;rate=8000', 'l16'],
    ] as const) {
      const [heard, ...more] = await hear(encodeAudio(samples, encoding), type);
      expect(more).toEqual([]);
      expect(heard?.transcript).toBe('what are your opening hours');
      expect(heard).not.toHaveProperty('confidence');
      const times = heard?.timestamps ?? [];
      expect(times.map(([word]) => word)).toEqual(['what', 'are', 'your', 'opening', 'hours']);
      expect(times[0]?.[1]).toBeGreaterThan(0.4);
      expect(times.at(-1)?.[2]).toBeLessThan(samples.length / 8_000);
    }
  });

  it('understands most of what is in its grammar, and is hardly ever wrong', async () => {
    const outcomes = { right: 0, wrong: 0, unknown: 0 };
    for (const voiceName of ['slt', 'rms', 'awb'] as const) {
      for (const phrase of PHRASES) {
        const heard = await hear(encodeAudio(decimate(await speak(phrase, voiceName)), 'mulaw'));
        const text = heard.map(({ transcript }) => transcript).join(' ');
        outcomes[text === phrase ? 'right' : text.startsWith('[speech') ? 'unknown' : 'wrong'] += 1;
      }
    }
    expect(outcomes.right).toBeGreaterThanOrEqual(18);
    expect(outcomes.wrong).toBeLessThanOrEqual(2);
  }, 60_000);

  it('does not guess at what is not in its grammar', async () => {
    const heard = [];
    for (const phrase of STRANGE) heard.push(...(await hear(encodeAudio(await speak(phrase, 'slt', 8_000), 'mulaw'))));
    expect(heard.length).toBeGreaterThanOrEqual(STRANGE.length);
    for (const { transcript } of heard) expect(transcript).toMatch(/^\[speech \d+\.\d s\]$/);
  });

  it('does not hear words in a sound that is none', async () => {
    const heard = await hear(encodeAudio(joined(silence(500), voice(1_200, 9_000), silence(800)), 'mulaw'));
    expect(heard.map(({ transcript }) => transcript)).toEqual([expect.stringMatching(/^\[speech 1\.[12] s\]$/)]);
  });

  it('hears wideband audio as it is', async () => {
    const [heard] = await hear(
      encodeAudio(await speak('what are your opening hours', 'slt'), 'l16'),
      'audio/l16;rate=16000',
    );
    expect(heard?.transcript).toBe('what are your opening hours');
  });

  it('serves several callers at once', async () => {
    const audio = encodeAudio(await speak('i lost my card', 'slt', 8_000), 'mulaw');
    const all = await Promise.all(Array.from({ length: 6 }, () => hear(audio)));
    expect(new Set(all.map((heard) => heard.map(({ transcript }) => transcript).join('|')))).toEqual(
      new Set(['i lost my card']),
    );
  });

  it('threat: a transcript in the log. Counts are logged, words never', () => {
    expect(lines.some((line) => line.includes('utterance recognised'))).toBe(true);
    for (const line of lines) expect(line).not.toMatch(/opening hours|account balance|lost my card|appointment/);
  });

  it('runs with a grammar of the operator, and says so when that names an unknown word', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'grammar-'));
    try {
      const path = join(directory, 'own.gram');
      for (const [word, recognises] of [
        ['open the pod bay doors', true],
        ['open the qwxyz doors', false],
      ] as const) {
        writeFileSync(path, `#JSGF V1.0;\ngrammar own;\npublic <u> = ${word};\n`);
        const own = await startEmbeddedSpeech({ clock: systemClock, log: silentLog, ...USER, grammar: path });
        expect(own.stt.recognises).toBe(recognises);
        await own.close();
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('has a built-in dictionary with every word of its grammar', () => {
    const dictionary = readFileSync(asset('demo.dict'), 'utf8').split('\n');
    for (const word of grammarWords(readFileSync(asset('demo.gram'), 'utf8'))) {
      expect(dictionary.some((line) => line.startsWith(`${word} `))).toBe(true);
    }
  });
});

function isListening(message: unknown): boolean {
  return (message as { state?: string }).state === 'listening';
}
