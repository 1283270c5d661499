import { codeOf } from '../base/errors.js';
import type { Log, LogFields } from '../base/log.js';
import type { LogLevelName, MediaReply } from './worker-protocol.js';

/** A log whose lines go to the main thread as replies; that thread scrubs and writes them. */
export function replyLog(reply: (reply: MediaReply) => void, bound: LogFields = {}): Log {
  const line = (level: LogLevelName) => (fields: LogFields, message: string) =>
    reply({ type: 'log', level, fields: plainFields({ ...bound, ...fields }), message });
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => replyLog(reply, { ...bound, ...fields }),
  };
}

/** Fields that survive the way to another thread: an error keeps its code, what cannot be cloned becomes text. */
function plainFields(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value)]));
}

function plain(value: unknown): unknown {
  if (value instanceof Error) {
    return { code: codeOf(value), name: value.name, message: value.message, stack: value.stack };
  }
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? String(value) : value;
  }
  return JSON.parse(JSON.stringify(value) ?? 'null') as unknown;
}
