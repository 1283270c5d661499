import { GatewayError } from '../base/errors.js';
import type { Outcome } from './edge-application.js';

/** `reason` is shown to the application's developer. */
export function refused(reason: string): Outcome {
  return { kind: 'refused', reason };
}

/** Runs `task`; what the application gave us may not be sendable (a URI or header with forbidden characters). */
export function attempt(task: () => Outcome): Outcome {
  try {
    return task();
  } catch (error) {
    if (error instanceof GatewayError) return refused(error.message);
    throw error;
  }
}
