import { z } from 'zod';
import { isUnspecified, parseIp } from '../base/ip.js';
import type { LogLevel } from '../base/log.js';
import { Secret } from '../base/secret.js';
import { isHost, isPlainText, isServiceUrl, isWebhookUrl } from './value-rules.js';

/** How the text of a value is read, whether it comes from the file or from the environment. */
export type LeafKind = 'text' | 'secret' | 'number' | 'port' | 'boolean' | 'choice' | 'choices' | 'entries';

/** What the loader, the printer and the reference need to know of a key besides its schema. */
export interface LeafFacts {
  readonly kind: LeafKind;
  /** Completes "must be …"; never quotes the value, which may be a misplaced secret. */
  readonly expected: string;
  /** The words allowed, for `choice` and `choices`. */
  readonly words: readonly string[];
  /** A value for the example file, where the default is none. */
  readonly example: string | null;
  /** Says the default where it is a rule and not a value. */
  readonly defaultText: string | null;
}

/** Facts by schema: every leaf made below is in it, and nothing else is. */
export const leafFacts = z.registry<LeafFacts>();

function leaf<S extends z.ZodType>(
  description: string,
  facts: Partial<LeafFacts> & Pick<LeafFacts, 'kind' | 'expected'>,
  schema: S,
): S {
  const described = schema.describe(description);
  leafFacts.add(described, { words: [], example: null, defaultText: null, ...facts });
  return described;
}

/** A listening port: `0` takes any free one, `off` opens none. */
export function listenPort(initial: number | 'off', description: string) {
  const schema = z.union([z.literal('off'), z.int().min(0).max(65_535)]).default(initial);
  return leaf(description, { kind: 'port', expected: 'a port from 0 to 65535 (0: any free one), or off' }, schema);
}

/** A whole number within bounds. */
export function wholeNumber(initial: number, min: number, max: number, description: string) {
  const expected = `a whole number from ${min} to ${max}`;
  return leaf(description, { kind: 'number', expected }, z.int().min(min).max(max).default(initial));
}

/** The port of another machine, or none. */
export function remotePort(example: string, description: string) {
  const schema = z.int().min(1).max(65_535).nullable().default(null);
  return leaf(description, { kind: 'number', expected: 'a port from 1 to 65535', example }, schema);
}

/** True or false. */
export function flag(initial: boolean, description: string) {
  return leaf(description, { kind: 'boolean', expected: 'true or false' }, z.boolean().default(initial));
}

/** One of some words. */
export function choice<const W extends readonly [string, ...string[]]>(
  words: W,
  initial: W[number],
  description: string,
  defaultText: string | null = null,
) {
  const facts = { kind: 'choice', expected: `one of ${words.join(', ')}`, words, defaultText } as const;
  // zod's overloads cannot see that a word of a generic tuple is its own default.
  return leaf(description, facts, z.enum(words).default(initial as z.util.NoUndefined<W[number]>));
}

/** pino's levels, and IBM Voice Gateway's mapped to them. */
export const LOG_LEVELS: Readonly<Record<string, LogLevel>> = {
  silent: 'silent',
  fatal: 'fatal',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'trace',
  off: 'silent',
  severe: 'error',
  warning: 'warn',
  audit: 'info',
  fine: 'debug',
  finest: 'trace',
  all: 'trace',
};

/** A log level under any of its names; it leaves the schema as pino's. */
export function logLevel(initial: LogLevel, description: string) {
  const words = Object.keys(LOG_LEVELS);
  const schema = z.enum(words).transform((word): LogLevel => LOG_LEVELS[word] ?? initial);
  return leaf(description, { kind: 'choice', expected: `one of ${words.join(', ')}`, words }, schema.default(initial));
}

/** A list of different words, at least one. */
export function choices<const W extends readonly [string, ...string[]]>(
  words: W,
  initial: W[number][],
  description: string,
) {
  const expected = `a list of one or more of ${words.join(', ')}, none twice`;
  const schema = z
    .array(z.enum(words))
    .min(1)
    .refine((list) => new Set(list).size === list.length)
    .default(initial);
  return leaf(description, { kind: 'choices', expected, words }, schema);
}

/** Text with a default. `isValid` sees text without control characters. */
export function text(initial: string, expected: string, isValid: (value: string) => boolean, description: string) {
  const schema = z.string().refine((value) => isPlainText(value) && isValid(value));
  return leaf(description, { kind: 'text', expected }, schema.default(initial));
}

function optionalText(
  facts: Pick<LeafFacts, 'expected' | 'example'>,
  isValid: (value: string) => boolean,
  description: string,
) {
  const schema = z.string().refine((value) => isPlainText(value) && isValid(value));
  return leaf(description, { kind: 'text', ...facts }, schema.nullable().default(null));
}

/** Free text without control characters, or none. */
export function optionalName(example: string, description: string) {
  return optionalText({ expected: 'text without control characters, not empty', example }, () => true, description);
}

/** A path in the file system, relative to the working directory, or none. */
export function optionalPath(example: string, description: string) {
  return optionalText({ expected: 'a path, not empty', example }, () => true, description);
}

/** A path that has no default because its section is optional. */
export function requiredPath(example: string, description: string) {
  return leaf(description, { kind: 'text', expected: 'a path, not empty', example }, z.string().refine(isPlainText));
}

/** A host name or address, or none. */
export function optionalHost(example: string, description: string) {
  const expected = 'a host name or an IP address, without scheme and port';
  return optionalText({ expected, example }, isHost, description);
}

/** An address to put into messages, or none; never the unspecified one. */
export function optionalAddress(example: string, description: string) {
  const expected = 'an IP address other than 0.0.0.0 and ::';
  const isValid = (value: string): boolean => {
    const address = parseIp(value);
    return address !== null && !isUnspecified(address);
  };
  return optionalText({ expected, example }, isValid, description);
}

/** An address to bind. */
export function bindAddress(initial: string, description: string) {
  const expected = 'an IP address of this machine, 0.0.0.0 or ::';
  return text(initial, expected, (value) => parseIp(value) !== null, description);
}

/** The base URL of a speech service, or none. */
export function optionalServiceUrl(example: string, description: string) {
  const expected = 'an http, https, ws or wss URL without user, password, query and fragment';
  return optionalText({ expected, example }, isServiceUrl, description);
}

/** Where events are posted, or nowhere. */
export function optionalWebhook(example: string, description: string) {
  const expected = 'an https URL without user and password (http only to this machine: localhost, 127.0.0.1, [::1])';
  return optionalText({ expected, example }, isWebhookUrl, description);
}

/** A secret, or none. It leaves the schema as a `Secret`. */
export function optionalSecret(description: string) {
  const schema = z
    .string()
    .refine(isPlainText)
    .transform((value) => new Secret(value));
  const facts = {
    kind: 'secret',
    expected: 'text without control characters, not empty',
    example: 'change-me',
  } as const;
  return leaf(description, facts, schema.nullable().default(null));
}

/** One entry of a list that opens the gate: what was written, where, and how it is compared. */
export interface Entry {
  readonly text: string;
  /** `WHITELIST_FROM_URI[2]`, counted from 1, or `portcullis.yaml:14`. */
  readonly origin: string;
  readonly mode: 'contains' | 'exact' | 'cidr';
}

/** A list of entries. The loader makes the entries, because only it knows where each was written. */
export function entries(example: string, description: string) {
  const entry = z.custom<Entry>((value) => typeof value === 'object' && value !== null).meta({ type: 'string' });
  const facts = { kind: 'entries', expected: 'a list of text', example } as const;
  return leaf(description, facts, z.array(entry).default([]));
}
