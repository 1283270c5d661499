import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { Clock } from '../../base/clock.js';
import { GatewayError } from '../../base/errors.js';
import { hostPort, parseIp } from '../../base/ip.js';
import type { ConnectTarget, TlsTarget } from './contract.js';
import { checkSipIdentity } from './server-identity.js';
import { TLS_POLICY } from './tls-settings.js';

/** Opens outbound TCP and TLS connections. TLS is verified for the SIP domain asked for; nothing falls back to TCP. */
export class Dialer {
  readonly #clock: Clock;
  readonly #connectMs: number;
  readonly #dials = new Set<(why: GatewayError) => void>();

  constructor(clock: Clock, connectMs: number) {
    this.#clock = clock;
    this.#connectMs = connectMs;
  }

  /** Resolves with a connected (for TLS: verified) socket. Rejects with SIP_TRANSPORT or EGRESS_TLS. */
  dial(target: ConnectTarget): Promise<Socket> {
    const where = hostPort(target.address, target.port);
    if (parseIp(target.address) === null) {
      return Promise.reject(new GatewayError('SIP_TRANSPORT', 'the target is no IP address'));
    }
    return new Promise((resolve, reject) => {
      const socket = open(target);
      let reached = false;
      const settle = (error: GatewayError | null) => {
        cancelDeadline();
        this.#dials.delete(settle);
        socket.off('error', failed);
        if (error === null) return resolve(socket);
        socket.on('error', () => {});
        socket.destroy();
        reject(error);
      };
      const failed = (cause: unknown) => {
        const code = reached && target.tls !== undefined ? 'EGRESS_TLS' : 'SIP_TRANSPORT';
        settle(new GatewayError(code, `cannot connect to ${where}`, { cause }));
      };
      const cancelDeadline = this.#clock.after(this.#connectMs, () =>
        settle(new GatewayError('SIP_TRANSPORT', `no connection to ${where} in time`)),
      );
      this.#dials.add(settle);
      socket.on('error', failed);
      socket.once('connect', () => {
        reached = true;
      });
      socket.once(target.transport === 'tls' ? 'secureConnect' : 'connect', () => settle(null));
    });
  }

  /** Ends dials that are under way. */
  close(): void {
    for (const settle of [...this.#dials]) settle(new GatewayError('SIP_TRANSPORT', 'the transport is closed'));
  }
}

function open(target: ConnectTarget): Socket {
  const { address: host, port } = target;
  if (target.transport !== 'tls') return connectTcp({ host, port, noDelay: true });
  if (target.tls === undefined) throw new GatewayError('TLS_MATERIAL', 'a TLS target needs a server name');
  return connectTls({ host, port, ...TLS_POLICY, ...tlsOptions(target.tls) });
}

function tlsOptions({ servername, ca, cert, key, rejectUnauthorized }: TlsTarget): ConnectionOptions {
  return {
    // RFC 6066 §3: literal addresses are not permitted as a server name.
    ...(parseIp(servername) === null ? { servername } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    rejectUnauthorized: rejectUnauthorized ?? true,
    checkServerIdentity: (_host, certificate) => checkSipIdentity(servername, certificate),
  };
}
