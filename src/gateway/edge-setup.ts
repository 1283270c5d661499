import { networkInterfaces } from 'node:os';
import type { Clock } from '../base/clock.js';
import type { Lifetime } from '../base/lifetime.js';
import type { Log } from '../base/log.js';
import type { Secret } from '../base/secret.js';
import type { Config } from '../config/schema.js';
import { ControlServer } from '../control/server.js';
import type { Verdict } from '../policy/policy.js';
import type { AdmissionDesk } from '../signaling/admission.js';
import { SipEdge } from '../sip/edge.js';
import type { BoundListener, EdgeHooks, EdgeVerdict, ListenerOptions } from '../sip/edge-contract.js';
import type { ServerIdentity } from '../tls/server-identity.js';
import type { Gate } from './gate.js';

export interface EdgeSetupDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly gate: Gate;
  readonly desk: AdmissionDesk;
  readonly identity: ServerIdentity;
  readonly secret: Secret;
  readonly life: Lifetime;
}

export interface RunningEdge {
  /** Opens the SIP listeners: last, when the application is connected. */
  listen(): Promise<readonly BoundListener[]>;
  /** Where the control channel listens, on loopback. */
  readonly control: { readonly host: string; readonly port: number };
  counts(): { readonly dialogs: number; readonly transactions: number; readonly connections: number };
}

/** Makes our own SIP edge and starts the control channel that drachtio-srf connects to. */
export async function startEdge(config: Config, deps: EdgeSetupDeps): Promise<RunningEdge> {
  const { clock, log, identity, life } = deps;
  const edge = new SipEdge(
    {
      listeners: listenersOf(config, identity),
      limits: config.sip.limits,
      advertisedHost: config.sip.host,
      productToken: null,
    },
    { clock, log, hooks: hooksOf(deps) },
  );
  const control = new ControlServer({ host: '127.0.0.1', port: 0, secret: deps.secret }, { edge, log });
  life.defer(() => edge.close());
  life.defer(() => control.close());
  return { control: await control.start(), listen: () => edge.start(), counts: () => edge.counts() };
}

function hooksOf({ gate, desk }: EdgeSetupDeps): EdgeHooks {
  return {
    screen: (peer) => gate.screen(peer),
    trusted: (address) => gate.trusts(address),
    judge(request, peer, transactionId) {
      const verdict = gate.judge(request, peer);
      if (verdict.verdict === 'allow') desk.put(transactionId, { request, peer, verdict });
      return edgeVerdict(verdict);
    },
    onRefused: (refusal) => gate.refused(refusal),
  };
}

function edgeVerdict(verdict: Verdict): EdgeVerdict {
  if (verdict.verdict === 'allow') return { kind: 'accept' };
  if (verdict.verdict === 'drop' || verdict.status === null) return { kind: 'drop' };
  return { kind: 'answer', status: verdict.status, headers: verdict.headers };
}

function listenersOf(config: Config, identity: ServerIdentity): readonly ListenerOptions[] {
  const { bindAddress, udp, tcp, tls } = config.sip;
  const material = { cert: identity.cert, key: identity.key };
  const open = (transport: 'udp' | 'tcp' | 'tls', port: number | 'off'): ListenerOptions[] =>
    port === 'off'
      ? []
      : [
          {
            name: `sip-${transport}`,
            transport,
            address: bindAddress === '::' && !hasIpv6() ? '0.0.0.0' : bindAddress,
            port,
            ...(transport === 'tls' ? { tls: material } : {}),
          },
        ];
  return [...open('udp', udp.port), ...open('tcp', tcp.port), ...open('tls', tls.port)];
}

/** Hosts whose kernel has no IPv6 refuse `::`, which else means every address of both families. */
function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'));
}
