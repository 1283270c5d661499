import pino from 'pino';
import { codeOf } from './errors.js';
import { scrub } from './scrub.js';

/** Fields of one log line. Identities go under `pii`, never into the message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What every module logs to. The message is a constant string; values go into fields. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Log;
}

/** pino's levels; IBM Voice Gateway's names are mapped before they come here. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** Receives whole lines; stderr by default, without blocking. */
  readonly write?: (line: string) => void;
}

const FORBIDDEN_KEYS = new Set([
  'password',
  'secret',
  'authorization',
  'credentials',
  'token',
  'key',
  'digits',
  'transcript',
]);
const MAX_DEPTH = 4;

/** Makes the process's log: JSON lines to stderr, every string scrubbed, forbidden keys masked at any depth. */
export function createLog(options: LogOptions): Log {
  const destination =
    options.write === undefined ? pino.destination({ fd: 2, sync: false, minLength: 0 }) : { write: options.write };
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => clean(fields, 0) as Record<string, unknown>,
      },
      serializers: { err: (value: unknown) => clean(value, 1) },
    },
    destination,
  );
}

/** A log that says nothing. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value);
  if (value instanceof Error) return cleanError(value, depth);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? value.toString() : value;
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, 64).map((item) => clean(item, depth + 1));
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return scrub(JSON.stringify(value) ?? '');
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      FORBIDDEN_KEYS.has(key.toLowerCase()) ? '[secret]' : clean(item, depth + 1),
    ]),
  );
}

function cleanError(error: Error, depth: number): unknown {
  return {
    code: codeOf(error),
    name: error.name,
    message: scrub(error.message),
    stack: error.stack === undefined ? undefined : scrub(error.stack),
    ...(error.cause !== undefined && depth < MAX_DEPTH ? { cause: clean(error.cause, depth + 1) } : {}),
  };
}
