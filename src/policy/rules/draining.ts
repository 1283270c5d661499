import type { Policy } from '../policy.js';
import { DEFAULT_RETRY_AFTER_SECONDS, denyWith } from './refusals.js';

export interface DrainingOptions {
  /** Whether the gateway is shutting down. */
  draining(): boolean;
  readonly retryAfterSeconds?: number;
}

/** Refuses what is new while the gateway shuts down; what is inside calls never comes here. */
export function drainingPolicy(options: DrainingOptions): Policy {
  const seconds = options.retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS;
  return {
    name: 'draining',
    describe: () => 'While the gateway shuts down, new requests get 503 with Retry-After.',
    judge() {
      const draining = options.draining();
      const input = draining ? 'shutting down' : 'serving';
      if (!draining) return { kind: 'pass', input };
      return denyWith('DRAINING', input, 'the gateway is shutting down', [['Retry-After', String(seconds)]]);
    },
  };
}
