import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesPerMs,
  failureOfClose,
  mediaType,
  parseMessage,
  recognizeUrl,
  startMessage,
  synthesizeUrl,
} from '../../../src/speech/watson-protocol.js';

describe('URLs (behaviour §8, interfaces §5)', () => {
  it.each([
    ['wss://stt.example', 'en-US_NarrowbandModel', 'wss://stt.example/v1/recognize?model=en-US_NarrowbandModel'],
    ['https://api.example/instances/1/', null, 'wss://api.example/instances/1/v1/recognize'],
    ['http://127.0.0.1:8080', 'a&b', 'ws://127.0.0.1:8080/v1/recognize?model=a%26b'],
    ['wss://stt.example/?x=1#y', 'm', 'wss://stt.example/v1/recognize?x=1&model=m'],
  ])('recognises under %s', (base, model, url) => expect(recognizeUrl(base, model).href).toBe(url));

  it.each([
    ['https://tts.example', 'en-US_AllisonVoice', 'https://tts.example/v1/synthesize?voice=en-US_AllisonVoice'],
    ['wss://tts.example/text-to-speech/api', null, 'wss://tts.example/text-to-speech/api/v1/synthesize'],
  ])('speaks under %s', (base, voice, url) => expect(synthesizeUrl(base, voice).href).toBe(url));

  it('refuses what is no URL without repeating it', () => {
    expect(() => recognizeUrl('//u:canary@x', null)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    expect(() => recognizeUrl('//u:canary@x', null)).toThrow(/^(?!.*canary)/);
  });
});

describe('audio formats (interfaces §5)', () => {
  it.each([
    [{ encoding: 'mulaw', rate: 8_000 }, 'audio/basic', 8],
    [{ encoding: 'mulaw', rate: 16_000 }, 'audio/mulaw;rate=16000', 16],
    [{ encoding: 'alaw', rate: 8_000 }, 'audio/alaw;rate=8000', 8],
    [{ encoding: 'l16', rate: 8_000 }, 'audio/l16;rate=8000', 16],
    [{ encoding: 'l16', rate: 16_000 }, 'audio/l16;rate=16000', 32],
  ] as const)('%o is %s', (format, type, rate) => {
    expect(mediaType(format)).toBe(type);
    expect(bytesPerMs(format)).toBe(rate);
  });

  it('asks for μ-law, word times and no end on silence', () => {
    expect(JSON.parse(startMessage({ encoding: 'mulaw', rate: 8_000 }, true))).toEqual({
      action: 'start',
      'content-type': 'audio/basic',
      interim_results: true,
      timestamps: true,
      inactivity_timeout: -1,
    });
  });
});

describe('parseMessage', () => {
  const results = (...list: unknown[]) => parseMessage(JSON.stringify({ result_index: 0, results: list }));

  it.each([
    ['{"state":"listening"}', { kind: 'listening' }],
    ['{"error":"Session timed out."}', { kind: 'error' }],
    ['{"warnings":["x"]}', { kind: 'other' }],
    ['{"speaker_labels":[]}', { kind: 'other' }],
    ['{"state":"stopping"}', { kind: 'other' }],
    ['{"results":[]}', { kind: 'results', results: [] }],
  ])('reads %s', (text, message) => expect(parseMessage(text)).toEqual(message));

  it('reads a final result with word times', () => {
    const alternative = {
      transcript: ' hello world ',
      confidence: 0.91,
      timestamps: [
        ['hello', 0.5, 0.9],
        ['world', 1, 1.2346],
      ],
    };
    expect(results({ final: true, alternatives: [alternative, { transcript: 'other' }] })).toEqual({
      kind: 'results',
      results: [{ text: 'hello world', final: true, confidence: 0.91, span: { startMs: 500, endMs: 1_235 } }],
    });
  });

  it.each([
    ['no times', {}, null],
    ['empty times', { timestamps: [] }, null],
    ['times that are no numbers', { timestamps: [['a', '1', 2]] }, null],
    ['times that run backwards', { timestamps: [['a', 2, 1]] }, null],
    ['negative times', { timestamps: [['a', -1, 1]] }, null],
  ])('gives no span for %s', (_name, more, span) => {
    expect(results({ alternatives: [{ transcript: 'a', ...more }] })).toMatchObject({
      results: [{ final: false, span }],
    });
  });

  it.each([[2], [-1], ['0.5'], [null]])('gives no confidence for %j', (confidence) => {
    expect(results({ alternatives: [{ transcript: 'a', confidence }] })).toMatchObject({
      results: [{ confidence: null }],
    });
  });

  it.each([
    ['no JSON', '{'],
    ['a number', '1'],
    ['null', 'null'],
    ['a list', '[]'],
    ['results that are no list', '{"results":{}}'],
    ['a result that is no object', '{"results":[1]}'],
    ['a result without alternatives', '{"results":[{"alternatives":[]}]}'],
    ['a transcript that is no text', '{"results":[{"alternatives":[{"transcript":1}]}]}'],
    [
      'a transcript beyond measure',
      JSON.stringify({ results: [{ alternatives: [{ transcript: 'x'.repeat(16_385) }] }] }),
    ],
    ['results beyond measure', JSON.stringify({ results: Array(65).fill({ alternatives: [{ transcript: 'x' }] }) })],
    ['deep nesting', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
  ])('finds %s invalid (threats 124, 125)', (_name, text) => expect(parseMessage(text)).toEqual({ kind: 'invalid' }));

  it('never throws, whatever the JSON (threat 125)', () => {
    const message = fc.record({ results: fc.anything(), state: fc.anything() }, { requiredKeys: [] });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          message.map((one) => JSON.stringify(one) ?? ''),
        ),
        (text) => void parseMessage(text),
      ),
    );
  });

  it('is not fooled by __proto__ (threat 124)', () => {
    expect(parseMessage('{"__proto__":{"state":"listening"}}')).toEqual({ kind: 'other' });
  });
});

describe('failureOfClose (RFC 6455 §7.4.1)', () => {
  it.each([
    [1000, 'SPEECH_UNAVAILABLE'],
    [1001, 'SPEECH_UNAVAILABLE'],
    [1006, 'SPEECH_UNAVAILABLE'],
    [1011, 'SPEECH_UNAVAILABLE'],
    [4001, 'SPEECH_UNAVAILABLE'],
    [1002, 'SPEECH_PROTOCOL'],
    [1007, 'SPEECH_PROTOCOL'],
    [1009, 'SPEECH_PROTOCOL'],
  ])('%i is %s', (closeCode, code) => {
    expect(failureOfClose(closeCode)).toEqual({ code, message: expect.stringContaining(String(closeCode)) as string });
  });
});
