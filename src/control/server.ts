import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { type Clock, systemClock } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';
import { hostPort, isLoopback, parseIp } from '../base/ip.js';
import type { Log } from '../base/log.js';
import type { Secret } from '../base/secret.js';
import type { EdgeApplication, EdgeOwner, EdgeService } from '../sip/edge-application.js';
import type { BoundListener } from '../sip/edge-contract.js';
import { ControlSession } from './session.js';

export interface ControlServerOptions {
  /** A loopback address: the channel is not encrypted. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Shared with the applications; must not be empty or hold `|`. */
  readonly secret: Secret;
}

export interface ControlServerDeps {
  readonly edge: EdgeService;
  readonly log: Log;
  readonly clock?: Clock;
}

/** The version whose protocol this is; drachtio-srf begins to ping from v0.8.2 on. */
const PROTOCOL_VERSION = 'v0.9.2';
/** Applications connected at the same time. */
const MAX_SESSIONS = 64;

/** Speaks drachtio-server's control protocol to applications on loopback and routes new requests among them. */
export class ControlServer implements EdgeApplication {
  readonly #options: ControlServerOptions;
  readonly #deps: Required<ControlServerDeps>;
  readonly #server: Server;
  readonly #sessions = new Set<ControlSession>();
  /** Round robin: how many requests of a method were routed. */
  readonly #turns = new Map<string, number>();
  #closing: Promise<void> | undefined;

  /** Throws GatewayError CONFIG_INVALID when the host is not loopback or the secret cannot be carried. */
  constructor(options: ControlServerOptions, deps: ControlServerDeps) {
    const address = parseIp(options.host);
    if (address === null || !isLoopback(address)) {
      throw new GatewayError('CONFIG_INVALID', 'the control server listens on loopback only');
    }
    if (!/^[^|\r\n]+$/.test(options.secret.reveal())) {
      throw new GatewayError('CONFIG_INVALID', 'the control secret is empty or holds a | or a line end');
    }
    this.#options = options;
    this.#deps = { clock: systemClock, ...deps };
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = MAX_SESSIONS;
  }

  /** Listens and becomes the edge's application. Throws GatewayError PORT_UNAVAILABLE. */
  async start(): Promise<{ readonly host: string; readonly port: number }> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        reject(new GatewayError('PORT_UNAVAILABLE', 'the control port cannot be opened', { cause }));
      });
      this.#server.listen(port, host, resolve);
    });
    this.#deps.edge.attach(this);
    return { host, port: (this.#server.address() as AddressInfo).port };
  }

  /** Cuts every application off and stops listening. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const session of this.#sessions) session.destroy();
    });
    return this.#closing;
  }

  route(method: string): EdgeOwner | null {
    const verb = method.toLowerCase();
    const serving = [...this.#sessions].filter((session) => session.serves(verb));
    if (serving.length === 0) return null;
    const turn = this.#turns.get(verb) ?? 0;
    this.#turns.set(verb, turn + 1);
    return serving[turn % serving.length]?.owner ?? null;
  }

  #accept(socket: Socket): void {
    const session = new ControlSession(socket, {
      ...this.#deps,
      secret: this.#options.secret,
      greeting: () => this.#greeting(),
      onClosed: (closed) => this.#sessions.delete(closed),
    });
    this.#sessions.add(session);
  }

  #greeting(): readonly string[] {
    const { bound, advertisedHost } = this.#deps.edge.addresses();
    const list = (host: string | null) => bound.map((listener) => describe(listener, host)).join(',');
    return [list(advertisedHost), PROTOCOL_VERSION, list(null)];
  }
}

function describe({ transport, address, port }: BoundListener, advertisedHost: string | null): string {
  return `${transport}/${hostPort(advertisedHost ?? address, port)}`;
}
