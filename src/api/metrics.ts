import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Live figures that are read when a scrape comes, so that nothing is counted twice. */
export interface LiveFigures {
  readonly calls: number;
  readonly dialogs: number;
  readonly transactions: number;
  readonly connections: number;
  readonly rtpPortsInUse: number;
  readonly rtpPortsResting: number;
  readonly timers: number;
}

/**
 * Every metric of the process. Label values come from closed sets (verdicts, rules, end reasons, error codes): nothing a
 * peer sends can add a series. docs/reference/metrics.md lists the same names; a test compares them.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #decisions: Counter<'verdict' | 'rule'>;
  readonly #decisionSeconds: Histogram;
  readonly #calls: Counter<'end_reason' | 'failure'>;
  readonly #webhooks: Counter<'hook'>;
  readonly #gauges: readonly (readonly [keyof LiveFigures, Gauge])[];
  readonly #figures: () => Promise<LiveFigures>;

  constructor(figures: () => Promise<LiveFigures>) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#decisions = new Counter({
      name: 'portcullis_decisions_total',
      help: 'Decisions of the gate by verdict and deciding rule.',
      labelNames: ['verdict', 'rule'],
      registers,
    });
    this.#decisionSeconds = new Histogram({
      name: 'portcullis_decision_seconds',
      help: 'Time one decision of the gate took.',
      buckets: [0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.01],
      registers,
    });
    this.#calls = new Counter({
      name: 'portcullis_calls_total',
      help: 'Ended calls by end reason and failure code.',
      labelNames: ['end_reason', 'failure'],
      registers,
    });
    this.#webhooks = new Counter({
      name: 'portcullis_webhook_dropped_total',
      help: 'Events dropped after their retries or because a queue was full.',
      labelNames: ['hook'],
      registers,
    });
    this.#gauges = LIVE_GAUGES.map(([key, name, help]) => [key, new Gauge({ name, help, registers })]);
    this.#figures = figures;
  }

  decided(verdict: string, rule: string, micros: number): void {
    this.#decisions.inc({ verdict, rule });
    this.#decisionSeconds.observe(micros / 1e6);
  }

  callEnded(endReason: string, failure: string | null): void {
    this.#calls.inc({ end_reason: endReason, failure: failure ?? 'none' });
  }

  webhookDropped(hook: 'transcript' | 'call-record'): void {
    this.#webhooks.inc({ hook });
  }

  /** The Prometheus text of this moment. */
  async text(): Promise<string> {
    const live = await this.#figures();
    for (const [key, gauge] of this.#gauges) gauge.set(live[key]);
    return this.registry.metrics();
  }
}

const LIVE_GAUGES: readonly (readonly [keyof LiveFigures, string, string])[] = [
  ['calls', 'portcullis_calls', 'Calls that are up or being set up.'],
  ['dialogs', 'portcullis_sip_dialogs', 'SIP dialogs held by the edge.'],
  ['transactions', 'portcullis_sip_transactions', 'SIP transactions held by the edge.'],
  ['connections', 'portcullis_sip_connections', 'TCP and TLS connections of SIP peers.'],
  ['rtpPortsInUse', 'portcullis_rtp_ports_in_use', 'RTP port pairs that calls hold.'],
  ['rtpPortsResting', 'portcullis_rtp_ports_resting', 'RTP port pairs in quarantine.'],
  ['timers', 'portcullis_timers', 'Timers that wait, in all threads.'],
];
