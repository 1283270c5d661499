import type { Duplex } from 'node:stream';

/**
 * One awaited step on a stream. `begin` listens, calls `done` at success or `fail`, and returns how to stop listening.
 * The step also fails when the stream errs or closes, and with the signal's reason. A failed step destroys the stream.
 */
export function step<T>(
  stream: Duplex,
  signal: AbortSignal,
  begin: (done: (value: T) => void, fail: (error: Error) => void) => () => void,
): Promise<T> {
  // Whoever gets the stream may listen later than it breaks: an unheard 'error' would end the process.
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener('abort', aborted);
      stream.off('error', fail).off('close', closed);
      stop();
    };
    const fail = (error: Error): void => {
      settle();
      stream.destroy();
      reject(error);
    };
    const done = (value: T): void => {
      settle();
      resolve(value);
    };
    const aborted = (): void => fail(signal.reason as Error);
    const closed = (): void => fail(new Error('the connection was closed'));
    stream.on('error', fail).on('close', closed);
    signal.addEventListener('abort', aborted);
    const stop = begin(done, fail);
    if (signal.aborted) aborted();
  });
}

function ignore(): void {}
