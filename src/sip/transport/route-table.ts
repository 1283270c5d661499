import { createSocket } from 'node:dgram';
import { isUnspecified, parseIp } from '../../base/ip.js';

/** Remote addresses remembered; a flood from more of them costs a lookup each, not memory. */
const MAX_ROUTES = 1_024;
/** How long a route is believed; interfaces come and go. */
const ROUTE_MS = 60_000;

/**
 * Which local address the system uses towards a peer. A datagram socket bound to all addresses does not tell; connecting
 * a socket of its own does, and sends nothing.
 */
export class RouteTable {
  readonly #monotonic: () => number;
  readonly #routes = new Map<string, { readonly local: string; readonly until: number }>();

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** The local address towards `remote` (canonical text), or `otherwise` when there is no route. */
  localAddress(remote: string, otherwise: string): string {
    const known = this.#routes.get(remote);
    if (known !== undefined && known.until > this.#monotonic()) return known.local;
    const local = askSystem(remote) ?? otherwise;
    if (this.#routes.size >= MAX_ROUTES) this.#routes.clear();
    this.#routes.set(remote, { local, until: this.#monotonic() + ROUTE_MS });
    return local;
  }
}

function askSystem(remote: string): string | null {
  const family = remote.includes(':') ? 6 : 4;
  // `lookup` is asked even for addresses; answering at once makes `connect` synchronous.
  const socket = createSocket({
    type: `udp${family}`,
    lookup: (host, _options, found) => found(null, host, family),
  });
  socket.on('error', () => {});
  try {
    socket.connect(9, remote); // discard; any port will do
    // Where the system has no route it leaves the socket unconnected, without a word, on all addresses.
    const local = parseIp(socket.address().address);
    return local === null || isUnspecified(local) ? null : local.text;
  } catch {
    return null;
  } finally {
    socket.close();
  }
}
