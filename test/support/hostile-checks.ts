import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DecisionRecord } from '../../src/policy/policy.js';
import type { RunningGateway } from './running-gateway.js';

/** What must be back at zero when every peer is gone. */
export const LIVE_GAUGES = [
  'portcullis_calls',
  'portcullis_sip_dialogs',
  'portcullis_sip_transactions',
  'portcullis_sip_connections',
  'portcullis_rtp_ports_in_use',
  'portcullis_rtp_ports_resting',
] as const;

/** Warnings that hostile bytes may bring about, and why. Every other one, and every error, is a complaint. */
const EXPECTED_WARNINGS: ReadonlyMap<string, string> = new Map([
  ['call cannot be served', 'the caller withdrew while its call was being set up'],
  ['stt.lost', 'the speech double answers late: it lives in the process that sends the flood'],
  ['speech service failed', 'the same, as the call sees it'],
  ['re-negotiation refused', 'a re-INVITE or UPDATE had a session description that cannot be served'],
]);

const POLL_MS = 250;

/** Waits until nothing is held any more, for at most `limitMs`. Returns what is still held, as text; empty: nothing. */
export async function stillHeld(gateway: RunningGateway, limitMs: number): Promise<string> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const values = await Promise.all(LIVE_GAUGES.map((name) => gateway.metric(name)));
    const held = LIVE_GAUGES.flatMap((name, index) => (values[index] === 0 ? [] : [`${name} ${values[index] ?? ''}`]));
    if (held.length === 0 || Date.now() > deadline) return held.join(', ');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Log lines since the start that tell of a fault of ours, or are no JSON; at most ten. */
export function complaints({ program: { output } }: RunningGateway): string[] {
  const [, ...lines] = output.slice(output.indexOf('"msg":"ready"')).split('\n');
  return lines.filter((line) => line !== '' && !isExpected(line)).slice(0, 10);
}

function isExpected(line: string): boolean {
  try {
    const { level, msg } = JSON.parse(line) as { level: string; msg: string };
    return level === 'info' || (level === 'warn' && EXPECTED_WARNINGS.has(msg));
  } catch {
    return false;
  }
}

export interface DecisionCounts {
  readonly lines: number;
  /** Messages refused by the framer or the parser: their reason is the code of the error. */
  readonly malformed: number;
  readonly allowed: number;
}

/** Counts the decision lines so far. Throws when one of them is not a whole record on one line. */
export async function countDecisions(gateway: RunningGateway): Promise<DecisionCounts> {
  const counts = { lines: 0, malformed: 0, allowed: 0 };
  for await (const line of createInterface(createReadStream(join(gateway.home, 'decisions.jsonl'), 'utf8'))) {
    const { rule, reason, verdict } = JSON.parse(line) as DecisionRecord;
    counts.lines++;
    if ((rule === 'sanity' || rule === 'framing') && /^SIP_[A-Z_]+$/.test(reason)) counts.malformed++;
    if (verdict === 'allow') counts.allowed++;
  }
  return counts;
}
