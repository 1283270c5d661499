import type { SipLimits } from '../../base/limits.js';

type ConnectionLimits = Pick<SipLimits, 'connections' | 'connectionsPerIp' | 'connectionsPerTrustedIp'>;

/** Counts accepted connections, in all and by peer address, and says when there are too many (threat 73). */
export class ConnectionLedger {
  readonly #limits: ConnectionLimits;
  readonly #trusted: (address: string) => boolean;
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  constructor(limits: ConnectionLimits, trusted: (address: string) => boolean) {
    this.#limits = limits;
    this.#trusted = trusted;
  }

  get total(): number {
    return this.#total;
  }

  /** Takes a place for `address`. Returns its release, which may be called twice, or the name of the limit in the way. */
  acquire(address: string): (() => void) | 'connections' | 'connections-per-ip' {
    if (this.#total >= this.#limits.connections) return 'connections';
    const held = this.#byAddress.get(address) ?? 0;
    const most = this.#trusted(address) ? this.#limits.connectionsPerTrustedIp : this.#limits.connectionsPerIp;
    if (held >= most) return 'connections-per-ip';
    this.#total += 1;
    this.#byAddress.set(address, held + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release(address);
    };
  }

  #release(address: string): void {
    this.#total -= 1;
    const held = this.#byAddress.get(address) ?? 0;
    if (held > 1) this.#byAddress.set(address, held - 1);
    else this.#byAddress.delete(address);
  }
}
