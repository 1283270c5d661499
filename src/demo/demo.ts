import { readFile } from 'node:fs/promises';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { randomToken } from '../base/random.js';
import { Secret } from '../base/secret.js';
import type { CallRecord } from '../call/record.js';
import type { TranscriptEvent } from '../call/contract.js';
import { Caller, type CallReport } from '../caller/caller.js';
import type { Line } from '../caller/line.js';
import { resolveTarget } from '../caller/target.js';
import type { Config } from '../config/schema.js';
import { Gateway, type GatewayInfo } from '../gateway/gateway.js';
import { readWav, toTelephone } from '../audio/wav.js';
import type { DecisionRecord } from '../policy/policy.js';
import { DEMO_CALLED, DEMO_CALLS, type DemoCall } from './demo-calls.js';

export interface DemoDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Told as things happen. */
  onStarted(info: GatewayInfo): void;
  onCall(call: DemoCall): void;
  onTranscript(event: TranscriptEvent): void;
  onOutcome(outcome: DemoOutcome): void;
}

/** What one call came to. */
export interface DemoOutcome {
  readonly call: DemoCall;
  readonly decisions: readonly DecisionRecord[];
  readonly report: CallReport;
  readonly transcripts: readonly TranscriptEvent[];
  readonly record: CallRecord | null;
  /** What went otherwise than expected, in words; empty when nothing did. */
  readonly faults: readonly string[];
}

const GREETING_MS = 15_000;
const ANSWER_MS = 20_000;
const PAUSE_MS = 900;
/** The record follows the end of a call when speech-to-text has said its last words. */
const RECORD_MS = 5_000;

/** A gateway on free ports and four calls into it, over real sockets. Nothing is kept and nothing outside is asked. */
export class Demo {
  readonly #config: Config;
  readonly #deps: DemoDeps;
  readonly #password = new Secret(randomToken(18));
  readonly #decisions: DecisionRecord[] = [];
  readonly #transcripts: TranscriptEvent[] = [];
  readonly #records: CallRecord[] = [];
  #onRecord: () => void = () => {};

  constructor(config: Config, deps: DemoDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Runs everything. Resolves with the outcomes; throws GatewayError when the gateway cannot start. */
  async run(): Promise<readonly DemoOutcome[]> {
    const { clock, log } = this.#deps;
    const gateway = new Gateway(this.#config, {
      clock,
      log,
      sipPassword: this.#password,
      observer: {
        onDecision: (record) => void this.#decisions.push(record),
        onTranscript: (event) => {
          this.#transcripts.push(event);
          this.#deps.onTranscript(event);
        },
        onCallRecord: (record) => {
          this.#records.push(record);
          this.#onRecord();
        },
      },
    });
    const info = await gateway.start();
    try {
      this.#deps.onStarted(info);
      const outcomes: DemoOutcome[] = [];
      for (const call of DEMO_CALLS) {
        this.#deps.onCall(call);
        const outcome = await this.#place(call, info);
        outcomes.push(outcome);
        this.#deps.onOutcome(outcome);
      }
      return outcomes;
    } finally {
      await gateway.drain();
      await gateway.close();
    }
  }

  async #place(call: DemoCall, info: GatewayInfo): Promise<DemoOutcome> {
    const recordArrives = new Promise<void>((resolve) => {
      this.#onRecord = resolve;
    });
    const [decided, transcribed, recorded] = [this.#decisions.length, this.#transcripts.length, this.#records.length];
    const heard = { greeting: false, answer: false };
    const report = await (await this.#caller(call, info)).call((line) => this.#converse(line, heard));
    if (report.answered) await Promise.race([recordArrives, this.#pause(RECORD_MS)]);
    const outcome = {
      call,
      report,
      decisions: this.#decisions.slice(decided),
      transcripts: this.#transcripts.slice(transcribed),
      record: this.#records[recorded] ?? null,
    };
    return { ...outcome, faults: faultsOf({ ...outcome, ...heard }) };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#deps.clock.after(ms, resolve));
  }

  async #caller(call: DemoCall, info: GatewayInfo): Promise<Caller> {
    const listener = info.listeners.find(({ transport }) => transport === call.transport);
    const target = await resolveTarget(
      `sip:${DEMO_CALLED}@127.0.0.1:${listener?.port ?? 0};transport=${call.transport}`,
    );
    return new Caller(
      {
        target,
        from: `sip:${call.from}@example.com`,
        credentials: call.credentials ? { username: this.#config.sip.auth.username, password: this.#password } : null,
        codec: 'PCMU',
        udpAddress: '127.0.0.1',
        // The caller trusts exactly the certificate that this gateway has just made.
        tls: { ca: info.certificate.pem, verify: true },
      },
      this.#deps,
    );
  }

  /** Hears the greeting, says the sentence, and hears the answer. */
  async #converse(line: Line, heard: { greeting: boolean; answer: boolean }): Promise<void> {
    const sentence = await readFile(new URL('../../assets/demo-caller.wav', import.meta.url));
    heard.greeting = await line.heardTurn(PAUSE_MS, GREETING_MS);
    const answer = line.say(toTelephone(readWav(sentence))).then(() => line.heardTurn(PAUSE_MS, ANSWER_MS));
    heard.answer = await answer;
  }
}

function faultsOf(outcome: Omit<DemoOutcome, 'faults'> & { greeting: boolean; answer: boolean }): string[] {
  const { call, report, decisions, transcripts } = outcome;
  const statuses = report.attempts.map(({ status }) => status).join(', ');
  const last = decisions.at(-1);
  const faults: string[] = [];
  if (statuses !== call.statuses.join(', ')) faults.push(`answered ${statuses}, expected ${call.statuses.join(', ')}`);
  if (last?.rule !== call.rule) faults.push(`decided by ${last?.rule ?? 'nobody'}, expected ${call.rule}`);
  if (!call.answered) return faults;
  if (!outcome.greeting) faults.push('no greeting was heard');
  if (!transcripts.some(({ final }) => final)) faults.push('nothing was transcribed');
  if (!outcome.answer) faults.push('no spoken answer was heard');
  return faults;
}
