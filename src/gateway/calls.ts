import { randomUUID } from 'node:crypto';
import { isUnspecified, parseIp } from '../base/ip.js';
import { CallRegistry } from '../call/registry.js';
import type { CallFacts } from '../call/record.js';
import type { CallDeps } from '../call/contract.js';
import { CallSession } from '../call/session.js';
import type { Config } from '../config/schema.js';
import { maskIdentity, type MaskMode } from '../policy/record.js';
import type { Admission } from '../signaling/admission.js';
import type { UasLeg } from '../signaling/uas-leg.js';
import { IdleMemory } from './idle-memory.js';
import type { Uri } from '../sip/message/types.js';

/** Makes a call of every admitted INVITE and keeps the register of live ones. */
export class Calls {
  readonly registry: CallRegistry;
  readonly #config: Config;
  readonly #deps: CallDeps;
  readonly #memory: IdleMemory;

  /** `giveBack` is called when there have been no calls for a while. */
  constructor(config: Config, deps: CallDeps, giveBack: () => void) {
    this.#memory = new IdleMemory(deps.clock, giveBack);
    this.registry = new CallRegistry(config.calls.max);
    this.#config = config;
    this.#deps = {
      ...deps,
      onEnded: (sessionId, record) => {
        this.registry.remove(sessionId);
        if (this.registry.size === 0) this.#memory.idle();
        deps.onEnded(sessionId, record);
      },
    };
  }

  /** What is exhausted, in words, or null while there is room. */
  exhausted(): string | null {
    const { max } = this.#config.calls;
    return this.registry.hasRoom ? null : `${this.registry.size} of ${max} calls`;
  }

  /** Starts the call of an admitted INVITE. The place may have been taken since the verdict: then 503. */
  begin(admission: Admission, leg: UasLeg): void {
    const session = new CallSession(
      {
        facts: factsOf(admission, this.#config.decisions.maskIdentities),
        offer: admission.request.body.toString('utf8'),
        signalingAddress: admission.peer.address,
        localAddress: this.#localAddress(admission),
      },
      leg,
      this.#deps,
    );
    if (!this.registry.add(session)) {
      leg.reject(503, [['Retry-After', '30']]);
      return;
    }
    this.#memory.busy();
    leg.listen({
      onCallerGone: () => session.callerGone(),
      onOffer: (offer) => (offer === null ? (session.currentDescription() ?? '') : session.renegotiate(offer)),
    });
    session.start();
  }

  #localAddress(admission: Admission): string {
    const local = parseIp(admission.peer.localAddress);
    return local === null || isUnspecified(local) ? this.#config.sip.bindAddress : local.text;
  }
}

function factsOf({ request, peer, verdict }: Admission, mask: MaskMode): CallFacts {
  return {
    callId: request.callId,
    sessionId: randomUUID(),
    direction: 'inbound',
    from: identity(request.from.uri, mask),
    to: identity(verdict.called ?? request.to.uri, mask),
    tenant: verdict.tenant,
    trunk: null,
    signalingEncrypted: peer.transport === 'tls',
    sipAuthenticated: verdict.user !== null,
    decisions: [verdict.record.id],
  };
}

/** A URI for records: scheme, masked user or number, host. */
function identity(uri: Uri, mask: MaskMode): string {
  if (uri.kind === 'tel') return `tel:${maskIdentity(uri.number, mask)}`;
  if (uri.kind === 'other') return `${uri.scheme}:${mask === 'none' ? uri.text : '***'}`;
  const user = uri.user === null ? '' : `${maskIdentity(uri.user, mask)}@`;
  return `${uri.scheme}:${user}${uri.host}`;
}
