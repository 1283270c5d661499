import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;

/**
 * Runs a full garbage collection in this thread, so that memory taken under load goes back to the system. V8 does that by
 * itself only while a program goes on allocating; one that has fallen idle keeps what it had at its busiest. It stops the
 * thread for some tens of milliseconds: only for moments without calls.
 */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
