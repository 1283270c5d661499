import type { Metrics } from '../api/metrics.js';
import { LineSink } from '../audit/line-sink.js';
import type { Clock } from '../base/clock.js';
import type { Lifetime } from '../base/lifetime.js';
import type { Log } from '../base/log.js';
import type { CallRecord } from '../call/record.js';
import type { TranscriptEvent } from '../call/contract.js';
import type { Config } from '../config/schema.js';
import { createDialer } from '../egress/dialer.js';
import { parseWebhookUrl, WebhookQueue } from '../egress/webhook-queue.js';
import type { DecisionRecord } from '../policy/policy.js';
import { webhookEgress } from './material.js';

/** Somebody in the process who watches: the demo, tests. */
export interface GatewayObserver {
  onDecision?(record: DecisionRecord): void;
  onTranscript?(event: TranscriptEvent): void;
  onCallRecord?(record: CallRecord): void;
}

export interface OutletsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly observer: GatewayObserver;
}

/** How long queued webhook events may still take when the gateway closes. */
const FLUSH_MS = 5_000;

/** Where records and events leave the gateway: decision log, webhooks, log and metrics. None of them can hold up a call. */
export class Outlets {
  readonly #config: Config;
  readonly #deps: OutletsDeps;
  #decisions: LineSink | null = null;
  #transcripts: WebhookQueue | null = null;
  #callRecords: WebhookQueue | null = null;

  constructor(config: Config, deps: OutletsDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Opens what is configured; `life` closes it. Throws GatewayError FILE_UNAVAILABLE, TLS_*. */
  async open(life: Lifetime): Promise<void> {
    const { decisions, transcripts, callRecords } = this.#config;
    if (decisions.log !== null) {
      const sink = new LineSink(decisions.log);
      await sink.start();
      life.defer(() => sink.close());
      this.#decisions = sink;
    }
    if (transcripts.webhook === null && callRecords.webhook === null) return;
    const { clock, log } = this.#deps;
    const dialer = createDialer(await webhookEgress(this.#config), { log, clock });
    const queueTo = (url: string | null): WebhookQueue | null => {
      if (url === null) return null;
      const queue = new WebhookQueue(parseWebhookUrl(url), { dialer, clock, log });
      life.defer(() => queue.close(FLUSH_MS));
      return queue;
    };
    this.#transcripts = queueTo(transcripts.webhook);
    this.#callRecords = queueTo(callRecords.webhook);
  }

  decision(record: DecisionRecord): void {
    this.#decisions?.write(record);
    this.#deps.metrics.decided(record.verdict, record.rule, record.micros);
    this.#deps.observer.onDecision?.(record);
  }

  transcript(event: TranscriptEvent): void {
    if (this.#transcripts?.push(event) === false) this.#deps.metrics.webhookDropped('transcript');
    this.#deps.observer.onTranscript?.(event);
  }

  callRecord(record: CallRecord): void {
    this.#deps.log.info({ record }, 'call ended');
    this.#deps.metrics.callEnded(record.endReason, record.failure);
    if (this.#callRecords?.push(record) === false) this.#deps.metrics.webhookDropped('call-record');
    this.#deps.observer.onCallRecord?.(record);
  }
}
