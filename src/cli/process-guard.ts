import type { Log } from '../base/log.js';

/** Exit code for a fault of our own. */
const FAULT = 70;
/** Time for the log line to leave before the process does. */
const LAST_WORDS_MS = 100;

/**
 * What to do with an error that nobody caught. One thrown inside drachtio-srf concerns one message on the control channel:
 * it is logged and calls go on. Any other leaves the state unknown: the process ends with 70 and its supervisor starts anew.
 */
export function guardProcess(log: Log): void {
  const guard = (error: unknown): void => {
    if (isFrontEndFault(error)) {
      log.error({ err: error }, 'drachtio-srf threw; the message was lost');
      return;
    }
    log.error({ err: error }, 'uncaught fault; ending');
    process.exitCode = FAULT;
    setTimeout(() => process.exit(FAULT), LAST_WORDS_MS);
  };
  process.on('uncaughtException', guard);
  process.on('unhandledRejection', guard);
}

/** Whether the innermost frame of the stack that is not node's own lies in drachtio-srf. */
export function isFrontEndFault(error: unknown): boolean {
  if (!(error instanceof Error) || error.stack === undefined) return false;
  const frame = error.stack.split('\n').find((line) => /^\s+at /.test(line) && !line.includes('node:'));
  return frame?.includes('/node_modules/drachtio-srf/') ?? false;
}
