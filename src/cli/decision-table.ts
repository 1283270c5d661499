import type { Attempt } from '../caller/caller.js';
import type { DecisionRecord } from '../policy/policy.js';

const HEAD = ['verdict', 'status', 'rule', 'user', 'decided in', 'answered in', 'reason'] as const;

/** Decision records as an aligned table, each with the latency that the caller saw for its answer. */
export function decisionTable(records: readonly DecisionRecord[], attempts: readonly Attempt[]): readonly string[] {
  const rows = records.map((record, index) => {
    const attempt = attempts[index];
    return [
      record.verdict,
      record.status === null ? '-' : String(record.status),
      record.rule,
      record.user ?? '-',
      `${record.micros} µs`,
      attempt === undefined ? '-' : `${attempt.milliseconds.toFixed(1)} ms`,
      record.reason,
    ];
  });
  const widths = HEAD.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  return [[...HEAD], ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
