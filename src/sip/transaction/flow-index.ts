import type { Flow } from './contract.js';

/** Anything that a lost flow ends. */
export interface FlowBound {
  readonly flow: Flow;
  transportFailed(): void;
}

/** Which transactions live on which flow, so that a closed connection ends exactly its own. */
export class FlowIndex {
  readonly #byFlow = new Map<string, Set<FlowBound>>();

  add(run: FlowBound): void {
    const runs = this.#byFlow.get(run.flow.id);
    if (runs === undefined) this.#byFlow.set(run.flow.id, new Set([run]));
    else runs.add(run);
  }

  remove(run: FlowBound): void {
    const runs = this.#byFlow.get(run.flow.id);
    if (runs?.delete(run) === true && runs.size === 0) this.#byFlow.delete(run.flow.id);
  }

  /** Tells every transaction of the flow that it is gone. */
  fail(flow: Flow): void {
    for (const run of [...(this.#byFlow.get(flow.id) ?? [])]) run.transportFailed();
  }

  clear(): void {
    this.#byFlow.clear();
  }
}
