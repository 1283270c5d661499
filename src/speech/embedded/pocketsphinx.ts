import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../base/clock.js';
import type { Log } from '../../base/log.js';
import { encodeAudio } from './audio.js';
import { runPiped } from './piped-run.js';
import { parseAlignment } from './pocketsphinx-output.js';
import type { Recogniser } from './recognition.js';
import type { TimedWord } from './recognize-protocol.js';
import { normalize, upsampleFilled } from './resample.js';
import { WorkQueue } from './work-queue.js';

/** Full path of an installed program, or null. */
export type FindProgram = (name: string) => string | null;

/** What a run needs: the program of Debian's `pocketsphinx`, the model of `pocketsphinx-en-us`, and a grammar. */
export interface PocketsphinxFiles {
  readonly program: string;
  readonly model: string;
  readonly dictionary: string;
  readonly grammar: string;
}

const DIRECTORIES = ['/usr/bin', '/usr/local/bin'];
const MODEL = '/usr/share/pocketsphinx/model/en-us';
const ASSETS = new URL('../../../assets/', import.meta.url);
/** Every single sound of the language as filler: what the grammar does not hold is absorbed by these, not forced on it. */
const FILLERS = asset('fillers.dict');

const MODEL_RATE = 16_000;
const DEADLINE_MS = 10_000;
const MAX_LOG_BYTES = 262_144;
const MAX_WAITING = 32;
/** Loudest sample of an utterance as the model gets it; with it, the noise of the upper band lies 38 dB below the voice. */
const PEAK = 5_000;
/**
 * Measured over four voices: with more than a fifth of stray sounds, the words are more often wrong than right. The
 * probability of a stray sound is the price that keeps them out of what the grammar explains well.
 */
const MAX_STRAY_SHARE = 0.2;
const STRAY_PROBABILITY = '4e-2';

/** Looks for programs where Debian puts them; PATH has no say in what the gateway runs. */
export function findInstalled(name: string): string | null {
  return DIRECTORIES.map((directory) => `${directory}/${name}`).find((path) => isThere(path, constants.X_OK)) ?? null;
}

/** The files of an installed pocketsphinx, or null. `grammar` null is the built-in one, which brings a small dictionary. */
export function findPocketsphinx(find: FindProgram, grammar: string | null): PocketsphinxFiles | null {
  const program = find('pocketsphinx_continuous');
  const dictionary = `${MODEL}/cmudict-en-us.dict`;
  if (program === null || !isThere(`${MODEL}/en-us/mdef`) || !isThere(dictionary)) return null;
  const model = `${MODEL}/en-us`;
  if (grammar !== null) return { program, model, dictionary, grammar };
  return { program, model, dictionary: asset('demo.dict'), grammar: asset('demo.gram') };
}

/**
 * Debian's pocketsphinx as a child process per utterance, with a JSGF grammar. What does not fit the grammar is not
 * recognised, and said so. Audio goes through a pipe, text is never logged.
 */
export class Pocketsphinx implements Recogniser {
  readonly #files: PocketsphinxFiles;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #queue = new WorkQueue(Math.max(1, availableParallelism() - 1), MAX_WAITING);
  readonly #ending = new AbortController();
  readonly #runs = new Set<Promise<unknown>>();

  constructor(files: PocketsphinxFiles, deps: { readonly clock: Clock; readonly log: Log }) {
    this.#files = files;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  get describe(): string {
    return (
      `pocketsphinx with the grammar ${basename(this.#files.grammar)}: it recognises the phrases of that grammar only, ` +
      'everything else is reported as [speech 1.4 s]'
    );
  }

  /** Whether the program runs with these files: a grammar with an unknown word does not. */
  async works(): Promise<boolean> {
    return (await this.#run(new Int16Array(MODEL_RATE / 5))) !== null;
  }

  async recognise(samples: Int16Array, rate: number): Promise<readonly TimedWord[] | null> {
    try {
      return await this.#queue.run(() => this.#understand(samples, rate));
    } catch (err) {
      this.#log.warn({ err }, 'an utterance was not recognised');
      return null;
    }
  }

  /** Ends what runs and waits for it; later utterances are not recognised. */
  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#runs);
  }

  async #understand(samples: Int16Array, rate: number): Promise<readonly TimedWord[] | null> {
    const began = this.#clock.monotonic();
    const level = normalize(samples, PEAK);
    const log = await this.#run(rate === MODEL_RATE ? level : upsampleFilled(level));
    if (log === null) {
      if (!this.#ending.signal.aborted) this.#log.warn({}, 'the recogniser failed or took too long');
      return null;
    }
    const { words, strayShare } = parseAlignment(log);
    const understood = words.length > 0 && strayShare <= MAX_STRAY_SHARE;
    const micros = Math.round((this.#clock.monotonic() - began) * 1_000);
    this.#log.debug({ understood, words: words.length, samples: samples.length, micros }, 'utterance recognised');
    return understood ? words : null;
  }

  async #run(samples: Int16Array): Promise<string | null> {
    const { program, model, dictionary, grammar } = this.#files;
    const args = ['-hmm', model, '-dict', dictionary, '-jsgf', grammar, '-infile', '/dev/stdin'];
    args.push('-fdict', FILLERS, '-fillprob', STRAY_PROBABILITY);
    // One utterance comes in, so one must come out, with times that count every frame.
    args.push('-remove_silence', 'no', '-compallsen', 'yes', '-backtrace', 'yes');
    const input = encodeAudio(samples, 'l16');
    const limits = { maxLogBytes: MAX_LOG_BYTES, deadlineMs: DEADLINE_MS };
    const run = runPiped({ program, args, input, ...limits }, this.#clock, this.#ending.signal);
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
    }
  }
}

function asset(name: string): string {
  return fileURLToPath(new URL(name, ASSETS));
}

function isThere(path: string, mode = constants.R_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
