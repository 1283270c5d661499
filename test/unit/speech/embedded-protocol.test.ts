import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dictionaryFor, grammarWords } from '../../../src/speech/embedded/grammar.js';
import { parseAlignment } from '../../../src/speech/embedded/pocketsphinx-output.js';
import { parseClientMessage, parseObject, resultMessage } from '../../../src/speech/embedded/recognize-protocol.js';
import { ServiceAuth } from '../../../src/speech/embedded/service-auth.js';
import { speakablePieces } from '../../../src/speech/embedded/speakable.js';
import { MAX_TEXT_BYTES, parseSynthesis } from '../../../src/speech/embedded/synthesize-protocol.js';

const start = (fields: object = {}): string =>
  JSON.stringify({ action: 'start', 'content-type': 'audio/basic', ...fields });

describe('messages of a recognition client', () => {
  it.each([
    ['the least', start(), { format: { encoding: 'mulaw', rate: 8_000 }, inactivityMs: 30_000, timestamps: false }],
    ['timestamps', start({ timestamps: true }), { timestamps: true }],
    ['timestamps that are not a boolean', start({ timestamps: 'yes' }), { timestamps: false }],
    ['never inactive', start({ inactivity_timeout: -1 }), { inactivityMs: null }],
    ['inactive after 5 s', start({ inactivity_timeout: 5 }), { inactivityMs: 5_000 }],
    ['a-law', start({ 'content-type': 'audio/alaw;rate=8000' }), { format: { encoding: 'alaw', rate: 8_000 } }],
    ['wideband', start({ 'content-type': 'audio/l16;rate=16000' }), { format: { encoding: 'l16', rate: 16_000 } }],
    ['what is not known', start({ interim_results: true, smart_formatting: true }), { timestamps: false }],
  ])('start: %s', (_name, text, expected) => {
    const message = parseClientMessage(text);
    expect(message).toMatchObject({ kind: 'start', start: expected });
  });

  it('stop', () => {
    expect(parseClientMessage('{"action":"stop"}')).toEqual({ kind: 'stop' });
  });

  it.each([
    '',
    'start',
    'null',
    '[]',
    '"start"',
    '{}',
    '{"action":"go"}',
    '{"__proto__":{"action":"stop"}}',
    '{"action":"start"}',
    start({ 'content-type': 'audio/wav' }),
    start({ 'content-type': 'audio/l16' }),
    start({ 'content-type': 8 }),
    start({ inactivity_timeout: 0 }),
    start({ inactivity_timeout: -2 }),
    start({ inactivity_timeout: '30' }),
    start({ inactivity_timeout: 1e9 }),
  ])('bad: %s', (text) => {
    expect(parseClientMessage(text).kind).toBe('bad');
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseClientMessage(text)));
    fc.assert(fc.property(fc.json(), (text) => void parseClientMessage(text)));
  });

  it('reads no inherited key', () => {
    expect(parseObject('{}')?.get('constructor')).toBeUndefined();
  });
});

describe('results', () => {
  const result = {
    text: 'yes please',
    words: [
      { word: 'yes', startMs: 500, endMs: 900 },
      { word: 'please', startMs: 910, endMs: 1_200 },
    ],
  };

  it('are finals without a made-up confidence', () => {
    expect(JSON.parse(resultMessage(3, result, false))).toEqual({
      result_index: 3,
      results: [{ final: true, alternatives: [{ transcript: 'yes please' }] }],
    });
  });

  it('carry times in seconds on request', () => {
    expect(JSON.parse(resultMessage(0, result, true))).toMatchObject({
      results: [
        {
          alternatives: [
            {
              timestamps: [
                ['yes', 0.5, 0.9],
                ['please', 0.91, 1.2],
              ],
            },
          ],
        },
      ],
    });
  });
});

describe('synthesis requests', () => {
  const message = JSON.stringify({ text: 'hello' });

  it.each([
    ['audio/basic', 'audio/basic'],
    ['audio/ogg;codecs=opus, audio/basic', 'audio/basic'],
    ['audio/l16;rate=16000', 'audio/l16;rate=16000'],
    ['*/*', 'audio/wav;rate=8000'],
    [null, 'audio/wav;rate=8000'],
  ])('Accept %s gives %s', (accept, mime) => {
    expect(parseSynthesis(message, accept)).toMatchObject({ ok: true, text: 'hello', voice: 'slt', type: { mime } });
  });

  it('reads accept and voice from the message when the transport has none', () => {
    const asked = parseSynthesis(JSON.stringify({ text: 'x', accept: 'audio/alaw', voice: 'rms' }), null, null);
    expect(asked).toMatchObject({ ok: true, voice: 'rms', type: { encoding: 'alaw' } });
  });

  it.each([
    [400, 'no JSON', undefined, undefined],
    [400, '{}', undefined, undefined],
    [400, '{"text":7}', undefined, undefined],
    [400, '{"text":"  "}', undefined, undefined],
    [404, message, 'audio/basic', 'en-US_AllisonVoice'],
    [406, message, 'audio/ogg;codecs=opus', undefined],
    [406, message, '', undefined],
    [413, JSON.stringify({ text: 'é'.repeat(MAX_TEXT_BYTES / 2 + 1) }), 'audio/basic', undefined],
  ])('%i for %.30s %s %s', (status, text, accept, voice) => {
    expect(parseSynthesis(text, accept, voice)).toMatchObject({ ok: false, status });
  });

  it('takes a text of exactly the bound', () => {
    expect(parseSynthesis(JSON.stringify({ text: 'a'.repeat(MAX_TEXT_BYTES) }), 'audio/basic').ok).toBe(true);
  });
});

describe('what a voice can say', () => {
  it.each([
    ['Hello there.', ['Hello there.']],
    ['Hello. How are you? Fine!', ['Hello.', 'How are you?', 'Fine!']],
    ['It costs 3.50 at acme.example today', ['It costs 3.50 at acme.example today']],
    ['<speak>Hi <break time="1s"/>there &amp; here</speak>', ['Hi  there & here']],
    ['a &lt;b&gt; c', ['a <b> c']],
    ['“Café” — déjà vu…', ['"Cafe" ,  deja vu.']],
    ['日本語', []],
    ['... !', []],
    ['', []],
    ['-voice rms', ['-voice rms']],
    ['one\u0000two\r\nthree', ['one two  three']],
  ])('%j', (text, pieces) => {
    expect(speakablePieces(text)).toEqual(pieces);
  });

  it('is short printable ASCII for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (text) => {
        for (const piece of speakablePieces(text)) expect(piece).toMatch(/^[\x20-\x7e]{1,240}$/);
      }),
    );
  });

  it('loses no word of a long sentence', () => {
    const words = Array.from({ length: 400 }, (_, index) => `word${index}`);
    expect(speakablePieces(words.join(' ')).join(' ').split(' ')).toEqual(words);
    expect(speakablePieces('x'.repeat(1_000)).join('')).toBe('x'.repeat(1_000));
  });
});

describe('the log of pocketsphinx', () => {
  const header = 'word                 start end   pprob ascr       lscr       lback\n';
  const row = (word: string, from: number, to: number): string =>
    `${word.padEnd(20)} ${from}     ${to}    1.000 -256       -337       1  \n`;

  it('gives words and times without variants, silences and grammar nodes', () => {
    const log = `INFO: x\n${header}${row('<sil>', 0, 49)}${row('what', 50, 74)}${row('(NULL)', 74, 74)}${row('hours(2)', 75, 99)}${row('<sil>', 100, 120)}`;
    expect(parseAlignment(log)).toEqual({
      words: [
        { word: 'what', startMs: 500, endMs: 750 },
        { word: 'hours', startMs: 750, endMs: 1_000 },
      ],
      strayShare: 0,
    });
  });

  it('counts sounds that no word explains', () => {
    for (const stray of ['++AA++', '[NOISE]', '[SPEECH]']) {
      const log = row(stray, 0, 9) + row('yes', 10, 39);
      expect(parseAlignment(log)).toMatchObject({ words: [{ word: 'yes' }], strayShare: 0.25 });
    }
  });

  it.each(['', 'INFO: fsg 0.04 CPU 0.018 xRT\n', header, row('++AA++', 0, 90), row('<sil>', 0, 90)])(
    'finds no words in %.40j and then all is stray',
    (log) => {
      expect(parseAlignment(log)).toEqual({ words: [], strayShare: 1 });
    },
  );

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (log) => void parseAlignment(log)));
  });
});

describe('grammars', () => {
  it('gives the words and nothing else', () => {
    const grammar = `#JSGF V1.0;\n/** not\nthese */\ngrammar demo; // nor this\npublic <a> = [<polite>] say (yes | don't) {tag} /0.5/ on | <b>*;\n<b> = yes;`;
    expect(grammarWords(grammar)).toEqual(["don't", 'on', 'say', 'yes']);
  });

  it('picks every way to say a word from a dictionary', () => {
    const dictionary = 'yes Y EH S\nyesterday Y EH\nhours AW ER Z\nhours(2) AW R Z\nour AW R\n';
    expect(dictionaryFor(['hours', 'yes'], dictionary)).toBe('yes Y EH S\nhours AW ER Z\nhours(2) AW R Z\n');
  });
});

describe('Basic credentials (RFC 7617)', () => {
  const auth = new ServiceAuth('user', 'p:ä');
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  it.each([basic('user:p:ä'), basic('user:p:ä').replace('Basic', 'bASIC')])('accepts %s', (value) => {
    expect(auth.accepts(value)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'Basic',
    'Basic ',
    basic('user:'),
    basic('user:p:ä '),
    basic('User:p:ä'),
    basic(':p:ä'),
    basic('user:p:ä').replace('Basic', 'Bearer'),
    `${basic('user:p:ä')}, Basic x`,
  ])('refuses %j', (value) => {
    expect(auth.accepts(value)).toBe(false);
  });

  it('refuses the empty header even when the empty text is the secret', () => {
    expect(new ServiceAuth('', '').accepts(undefined)).toBe(false);
  });
});
