import type { Policy } from '../policy.js';
import { DEFAULT_RETRY_AFTER_SECONDS, denyWith } from './refusals.js';

export interface CapacityOptions {
  /** What is exhausted, in words (`1000 of 1000 calls`), or null while there is room. */
  exhausted(): string | null;
  readonly retryAfterSeconds?: number;
}

/** The last question: is there room for one more call. */
export function capacityPolicy(options: CapacityOptions): Policy {
  const seconds = options.retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS;
  return {
    name: 'capacity',
    describe: () => 'With calls, ports or workers exhausted, new requests get 503 with Retry-After.',
    judge() {
      const exhausted = options.exhausted();
      if (exhausted === null) return { kind: 'pass', input: 'room left' };
      return denyWith('CAPACITY', exhausted, `no room for another call: ${exhausted}`, [
        ['Retry-After', String(seconds)],
      ]);
    },
  };
}
