import { pendingTimers, type Clock } from '../base/clock.js';
import { Lifetime } from '../base/lifetime.js';
import type { Log } from '../base/log.js';
import { collectGarbage } from '../base/memory.js';
import { randomToken } from '../base/random.js';
import { Secret } from '../base/secret.js';
import { Metrics } from '../api/metrics.js';
import type { Readiness } from '../api/server.js';
import type { CallRecord } from '../call/record.js';
import type { TranscriptEvent } from '../call/contract.js';
import type { Config } from '../config/schema.js';
import { WorkerMediaPort } from '../media/worker-port.js';
import type { RuleDescription } from '../policy/pipeline.js';
import { AdmissionDesk } from '../signaling/admission.js';
import { SipApplication, type ControlTarget } from '../signaling/application.js';
import type { BoundListener } from '../sip/edge-contract.js';
import type { ServerIdentity } from '../tls/server-identity.js';
import { startApi } from './api-setup.js';
import { Calls } from './calls.js';
import { startEdge, type RunningEdge } from './edge-setup.js';
import { Gate } from './gate.js';
import { serverIdentity, speechEgress } from './material.js';
import { type GatewayObserver, Outlets } from './outlets.js';
import type { ReadyInfo } from './ready-file.js';
import { setUpSpeech, type SpeechSetup } from './speech-setup.js';

export interface GatewayDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The digest password; null only when authentication is off. */
  readonly sipPassword: Secret | null;
  /** What happens is also told here: for the demo and for tests. */
  readonly observer?: GatewayObserver;
}

/** What a started gateway is, for people and for the ready file. */
export interface GatewayInfo extends ReadyInfo {
  readonly rules: readonly RuleDescription[];
  readonly speech: readonly string[];
  readonly certificate: { readonly selfSigned: boolean; readonly fingerprint256: string; readonly pem: string };
}

/** How often the key that signs nonces changes; never sooner than two nonce lives. */
const NONCE_KEY_MS = 3_600_000;

/** The whole gateway: the only place that knows every module. Built from a checked configuration; `start` does the work. */
export class Gateway {
  readonly #config: Config;
  readonly #deps: GatewayDeps;
  readonly #log: Log;
  readonly #life: Lifetime;
  readonly #desk: AdmissionDesk;
  readonly #metrics: Metrics;
  readonly #outlets: Outlets;
  #calls: Calls | null = null;
  #edge: RunningEdge | null = null;
  #media: WorkerMediaPort | null = null;
  #connected = false;
  #draining = false;

  constructor(config: Config, deps: GatewayDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#log = deps.log;
    this.#life = new Lifetime((error) => this.#log.error({ err: error }, 'closing failed'));
    this.#desk = new AdmissionDesk(deps.clock);
    this.#metrics = new Metrics(() => this.#figures());
    this.#outlets = new Outlets(config, { ...deps, metrics: this.#metrics, observer: deps.observer ?? {} });
  }

  /** Starts everything or nothing. Throws GatewayError with the code of what is missing. */
  async start(): Promise<GatewayInfo> {
    try {
      return await this.#start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Takes no new calls, waits for live ones at most the configured time, then ends the rest with BYE. */
  async drain(): Promise<void> {
    this.#draining = true;
    const registry = this.#calls?.registry;
    if (registry === undefined) return;
    let cancel = (): void => {};
    const timeUp = new Promise<void>((resolve) => {
      cancel = this.#deps.clock.after(this.#config.calls.drainSeconds * 1000, resolve);
    });
    await Promise.race([registry.drain(), timeUp]);
    cancel();
    await registry.endAll((call) =>
      call.stop({ endReason: 'drained', failure: null, reason: 'SIP;cause=503;text="Shutting down"' }),
    );
  }

  /** Closes everything at once; live calls get BYE. Idempotent. */
  async close(): Promise<void> {
    this.#draining = true;
    for (const call of this.#calls?.registry.all() ?? []) {
      call.stop({ endReason: 'drained', failure: null, reason: 'SIP;cause=503;text="Shutting down"' });
    }
    await this.#life.end();
  }

  async #start(): Promise<GatewayInfo> {
    const { clock } = this.#deps;
    const config = this.#config;
    const identity = await serverIdentity(config, { clock, log: this.#log });
    await this.#outlets.open(this.#life);
    const speech = await setUpSpeech(config, { clock, log: this.#log, life: this.#life });
    const media = await this.#startMedia(speech);
    const calls = this.#makeCalls(media);
    const gate = this.#makeGate(calls);
    const listeners = await this.#startSip(gate, calls, identity);
    const { rest, metrics } = await startApi(this.#config, {
      log: this.#log,
      life: this.#life,
      identity,
      metrics: this.#metrics,
      readiness: () => this.#readiness(),
    });
    const { selfSigned, fingerprint256, cert } = identity;
    return {
      pid: process.pid,
      listeners,
      rest,
      metrics,
      rules: gate.describe(),
      speech: speech.describe,
      certificate: { selfSigned, fingerprint256, pem: cert },
    };
  }

  async #startMedia(speech: SpeechSetup): Promise<WorkerMediaPort> {
    const { media } = this.#config;
    const port = new WorkerMediaPort(
      {
        portRange: media.portRange,
        quarantineMs: media.quarantineSeconds * 1000,
        silenceMs: media.silenceSeconds * 1000,
        holdMs: media.holdSeconds * 1000,
        sttFrameMs: this.#config.speech.sttFrameMs,
        speech: speech.options,
        egress: await speechEgress(this.#config),
      },
      { clock: this.#deps.clock, log: this.#log },
    );
    this.#life.defer(() => port.close());
    await port.start();
    this.#media = port;
    return port;
  }

  #makeCalls(media: WorkerMediaPort): Calls {
    const { calls, speech, media: mediaConfig } = this.#config;
    const options = {
      maxSeconds: calls.maxSeconds,
      onSpeechFailure: speech.onFailure,
      greeting: speech.greeting,
      codecs: mediaConfig.codecs,
      sdpAddress: mediaConfig.sdpAddress,
    };
    const deps = {
      clock: this.#deps.clock,
      log: this.#log,
      media,
      options,
      onTranscript: (event: TranscriptEvent) => this.#outlets.transcript(event),
      onEnded: (_session: unknown, record: CallRecord) => this.#outlets.callRecord(record),
    };
    this.#calls = new Calls(this.#config, deps, () => {
      collectGarbage();
      media.tidy();
    });
    return this.#calls;
  }

  #makeGate(calls: Calls): Gate {
    const gate = new Gate(this.#config, this.#deps.sipPassword, {
      clock: this.#deps.clock,
      log: this.#log,
      exhausted: () => calls.exhausted(),
      draining: () => this.#draining,
      onDecision: (record) => this.#outlets.decision(record),
    });
    const rotationMs = Math.max(NONCE_KEY_MS, 2_000 * this.#config.sip.auth.nonceSeconds);
    this.#life.defer(this.#deps.clock.every(rotationMs, () => gate.rotateNonceKey()));
    return gate;
  }

  async #startSip(gate: Gate, calls: Calls, identity: ServerIdentity): Promise<readonly BoundListener[]> {
    const { clock } = this.#deps;
    const embedded = this.#config.sip.server === 'embedded';
    // The secret of the private channel is made anew at every start and never leaves the process.
    const secret = new Secret(randomToken(32));
    const edge = embedded
      ? await startEdge(this.#config, {
          clock,
          log: this.#log,
          gate,
          desk: this.#desk,
          identity,
          secret,
          life: this.#life,
        })
      : null;
    this.#edge = edge;
    const application = new SipApplication(this.#controlTarget(edge, secret), {
      clock,
      log: this.#log,
      desk: this.#desk,
      judge: (raw, peer) => {
        const judged = gate.judgeRaw(raw, peer);
        if (judged === null) return null;
        return judged.verdict.verdict === 'allow' ? { ...judged, peer } : judged.verdict;
      },
      onCall: (admission, leg) => calls.begin(admission, leg),
      onConnected: (connected) => {
        this.#connected = connected;
      },
    });
    this.#life.defer(() => application.close());
    await application.start();
    // Calls end before the channel that carries their BYE is closed.
    this.#life.defer(() => calls.registry.drain());
    return (await edge?.listen()) ?? [];
  }

  #controlTarget(edge: RunningEdge | null, secret: Secret): ControlTarget {
    if (edge !== null) return { ...edge.control, secret: secret.reveal() };
    const { host, port, secret: configured } = this.#config.sip.drachtio;
    return { host, port, secret: configured?.reveal() ?? '' };
  }

  #readiness(): Readiness {
    const reasons = [...(this.#draining ? ['draining'] : []), ...(this.#connected ? [] : ['control channel is down'])];
    return { ready: reasons.length === 0, reasons };
  }

  async #figures() {
    const edge = this.#edge?.counts() ?? { dialogs: 0, transactions: 0, connections: 0 };
    const media = (await this.#media?.counts()) ?? { portsInUse: 0, portsResting: 0, timers: 0 };
    return {
      calls: this.#calls?.registry.size ?? 0,
      ...edge,
      rtpPortsInUse: media.portsInUse,
      rtpPortsResting: media.portsResting,
      timers: pendingTimers() + media.timers,
    };
  }
}
