// Makes the recordings and dictionaries in assets/. Run `npm run build` first: it speaks with the product's own voice.
// The dictionaries come from the model of the Debian package pocketsphinx-en-us; without it they are left as they are.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { systemClock } from '../dist/base/clock.js';
import { writeWav } from '../dist/audio/wav.js';
import { dictionaryFor, grammarWords } from '../dist/speech/embedded/grammar.js';
import { normalize } from '../dist/speech/embedded/resample.js';
import { Synthesis } from '../dist/speech/embedded/synthesis.js';

const ASSETS = new URL('../assets/', import.meta.url);
const MODEL = '/usr/share/pocketsphinx/model/en-us/';
const RATE = 8_000;
/** -3 dBFS. */
const PEAK = 23_197;

const RECORDINGS = [
  {
    name: 'greeting.wav',
    leadMs: 100,
    tailMs: 200,
    text: 'Hello. You are connected. Please speak after this message.',
  },
  {
    name: 'apology.wav',
    leadMs: 100,
    tailMs: 200,
    text: 'We are sorry, the service is not available at the moment. Please call again later.',
  },
  { name: 'demo-caller.wav', leadMs: 500, tailMs: 800, text: 'What are your opening hours?' },
];

async function makeRecordings() {
  const synthesis = new Synthesis(systemClock);
  for (const { name, leadMs, tailMs, text } of RECORDINGS) {
    const parts = [silence(leadMs)];
    for await (const samples of synthesis.speak(text, 'slt', RATE, new AbortController().signal)) parts.push(samples);
    const whole = normalize(Int16Array.from([...parts, silence(tailMs)].flatMap((part) => [...part])), PEAK);
    writeFileSync(new URL(name, ASSETS), writeWav({ rate: RATE, samples: whole }));
    console.log(name, `${(whole.length / RATE).toFixed(2)} s`, `RMS ${rmsDb(whole).toFixed(1)} dBFS`);
  }
  await synthesis.close();
}

function makeDictionaries() {
  if (!existsSync(`${MODEL}cmudict-en-us.dict`))
    return console.log('pocketsphinx-en-us is not installed: no dictionaries');
  const dictionary = readFileSync(`${MODEL}cmudict-en-us.dict`, 'utf8');
  const words = grammarWords(readFileSync(new URL('demo.gram', ASSETS), 'utf8'));
  const own = dictionaryFor(words, dictionary);
  const missing = words.filter((word) => !own.split('\n').some((line) => line.startsWith(`${word} `)));
  if (missing.length > 0) throw new Error(`words of demo.gram that the dictionary does not have: ${missing.join(' ')}`);
  writeFileSync(new URL('demo.dict', ASSETS), own);
  // A filler that is one sound each: pocketsphinx may put them anywhere, at a price.
  const sounds = new Set(
    dictionary
      .split('\n')
      .flatMap((line) => line.split(' ').slice(1))
      .filter((sound) => sound !== ''),
  );
  const fillers = [...sounds].sort().map((sound) => `++${sound}++ ${sound}\n`);
  writeFileSync(new URL('fillers.dict', ASSETS), readFileSync(`${MODEL}en-us/noisedict`, 'utf8') + fillers.join(''));
  console.log('demo.dict', `${words.length} words;`, 'fillers.dict', `${sounds.size} sounds`);
}

const silence = (ms) => new Int16Array((ms * RATE) / 1_000);
const rmsDb = (samples) => 10 * Math.log10(samples.reduce((sum, s) => sum + s * s, 0) / samples.length / 32_768 ** 2);

await makeRecordings();
makeDictionaries();
