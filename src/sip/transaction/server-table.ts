import type { ServerRun } from './server-run.js';
import { mergeKey } from './keys.js';

/**
 * How many more transactions of one peer may be in Accepted than in all other states. Those last 32 s after the answer
 * (RFC 6026) and there is one per admitted call, so that a busy trunk has many; every other kind is the peer's to choose.
 */
const ACCEPTED_FACTOR = 10;

interface PeerCount {
  open: number;
  accepted: number;
}

/** The server transactions there are: by key, by what merged requests share, and counted by peer address. */
export class ServerTable {
  readonly #byKey = new Map<string, ServerRun>();
  readonly #byMerge = new Map<string, ServerRun>();
  readonly #peers = new Map<string, PeerCount>();
  readonly #accepted = new WeakSet<ServerRun>();
  readonly #perPeer: number;

  constructor(transactionsPerPeer: number) {
    this.#perPeer = transactionsPerPeer;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): ServerRun | undefined {
    return this.#byKey.get(key);
  }

  /** The transaction of the same request that came by another path, if there is one. */
  merged(key: string): ServerRun | undefined {
    return this.#byMerge.get(key);
  }

  /** Whether the peer already has as many transactions as it may. */
  full(address: string): boolean {
    const count = this.#peers.get(address);
    return count !== undefined && (count.open >= this.#perPeer || count.accepted >= this.#perPeer * ACCEPTED_FACTOR);
  }

  add(run: ServerRun): void {
    this.#byKey.set(run.key, run);
    const merge = mergeKey(run.request);
    if (merge !== null && run.request.method !== 'CANCEL') this.#byMerge.set(merge, run);
    const count = this.#peers.get(run.flow.peer.address);
    if (count === undefined) this.#peers.set(run.flow.peer.address, { open: 1, accepted: 0 });
    else count.open += 1;
  }

  /** Moves the transaction from the peer's open ones to its accepted ones. */
  accepted(run: ServerRun): void {
    const count = this.#peers.get(run.flow.peer.address);
    if (count === undefined || this.#byKey.get(run.key) !== run) return;
    this.#accepted.add(run);
    count.open -= 1;
    count.accepted += 1;
  }

  remove(run: ServerRun): void {
    if (this.#byKey.get(run.key) !== run) return;
    this.#byKey.delete(run.key);
    const merge = mergeKey(run.request);
    if (merge !== null && this.#byMerge.get(merge) === run) this.#byMerge.delete(merge);
    const address = run.flow.peer.address;
    const count = this.#peers.get(address);
    if (count === undefined) return;
    if (this.#accepted.has(run)) count.accepted -= 1;
    else count.open -= 1;
    if (count.open + count.accepted === 0) this.#peers.delete(address);
  }

  clear(): void {
    this.#byKey.clear();
    this.#byMerge.clear();
    this.#peers.clear();
  }

  values(): Iterable<ServerRun> {
    return this.#byKey.values();
  }
}
