import { describe, expect, it } from 'vitest';
import { decisionTable } from '../../../src/cli/decision-table.js';
import { prettyLine } from '../../../src/cli/pretty-log.js';
import { isFrontEndFault } from '../../../src/cli/process-guard.js';
import type { DecisionRecord } from '../../../src/policy/policy.js';

const RECORD: DecisionRecord = {
  time: '2026-01-01T00:00:00.000Z',
  id: 'd',
  callId: 'c',
  method: 'INVITE',
  peer: '127.0.0.1:5',
  transport: 'tls',
  listener: 'sip-tls',
  verdict: 'deny',
  status: 403,
  rule: 'from',
  reason: 'no entry',
  entry: null,
  tenant: null,
  user: 'bob',
  micros: 42,
};

describe('decisionTable', () => {
  it('aligns its columns and shows what the caller measured', () => {
    const [head = '', first = '', second = ''] = decisionTable(
      [RECORD, { ...RECORD, verdict: 'challenge', status: null, user: null }],
      [{ status: 403, reason: 'Forbidden', milliseconds: 1.25 }],
    );
    expect(first).toMatch(/^deny\s+403\s+from\s+bob\s+42 µs\s+1\.3 ms\s+no entry$/);
    expect(second).toMatch(/^challenge\s+-\s+from\s+-\s+42 µs\s+-\s+no entry$/);
    expect(head.indexOf('rule')).toBe(first.indexOf('from'));
    expect(head.indexOf('reason')).toBe(second.indexOf('no entry'));
  });
});

describe('prettyLine', () => {
  const line = '{"level":"warn","time":"2026-01-01T10:20:30.456Z","code":"X","n":1,"msg":"something"}\n';

  it('shows time, level, message and fields, with colours only when asked', () => {
    expect(prettyLine(line, false)).toBe('10:20:30.456 warn  something  code=X n=1\n');
    expect(prettyLine(line, true)).toContain('\u001b[33mwarn \u001b[0m');
  });

  it('lets pass what is not JSON', () => {
    expect(prettyLine('plain\n', false)).toBe('plain\n');
  });
});

describe('isFrontEndFault', () => {
  const withStack = (stack: string): Error => Object.assign(new Error('x'), { stack });

  it.each([
    ['Error: x\n    at A.f (/app/node_modules/drachtio-srf/lib/dialog.js:1:1)\n    at B (/app/dist/x.js:1:1)', true],
    [
      'Error: x\n    at Socket.emit (node:events:1:1)\n    at A.f (/app/node_modules/drachtio-srf/lib/dialog.js:1:1)',
      true,
    ],
    ['Error: x\n    at B (/app/dist/x.js:1:1)\n    at A.f (/app/node_modules/drachtio-srf/lib/dialog.js:1:1)', false],
    ['Error: x', false],
  ])('%j: %s', (stack, expected) => {
    expect(isFrontEndFault(withStack(stack))).toBe(expected);
  });

  it('is no for what is not an error', () => {
    expect(isFrontEndFault('drachtio-srf')).toBe(false);
  });
});
