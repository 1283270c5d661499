import { describe, expect, it } from 'vitest';
import {
  connectionRecord,
  decisionRecord,
  maskAccount,
  maskEntry,
  maskIdentity,
  type RecordInput,
  refusalRecord,
} from '../../../src/policy/record.js';
import { T0, TLS_PEER } from './helpers.js';

const FIELDS = [
  'time',
  'id',
  'callId',
  'method',
  'peer',
  'transport',
  'listener',
  'verdict',
  'status',
  'rule',
  'reason',
  'entry',
  'tenant',
  'user',
  'micros',
];

const input: RecordInput = {
  time: T0,
  id: 'id-1',
  callId: 'call-1',
  method: 'INVITE',
  peer: TLS_PEER,
  verdict: 'deny',
  status: 403,
  rule: 'from',
  reason: 'because',
  entry: null,
  tenant: null,
  user: 'alice',
  micros: 12.6,
};

describe('masking of identities (interfaces.md §2)', () => {
  it.each([
    ['+12345556789', '***6789'],
    ['2345556789', '***6789'],
    ['123', '***123'],
    ['alice', '***'],
    ['+1-234-555-6789', '***6789'],
    ['agent007', '***007'],
    ['', '***'],
  ])('keeps the last four digits of %s', (text, expected) => {
    expect(maskIdentity(text, 'last4')).toBe(expected);
    expect(maskIdentity(text, 'none')).toBe(text);
    expect(maskIdentity(text, 'all')).toBe('***');
  });

  it.each([
    ['portcullis', 'portcullis'],
    ['alice', 'alice'],
    ['1001', '1001'],
    ['12345556789', '***6789'],
    ['+12345556789', '***6789'],
  ])('shows the digest account %s as %s: who acted must be seen', (text, expected) => {
    expect(maskAccount(text, 'last4')).toBe(expected);
    expect(maskAccount(text, 'none')).toBe(text);
    expect(maskAccount(text, 'all')).toBe('***');
  });

  it.each([
    ['2345556789', '***6789'],
    ['2345556789@good.example', '***6789@good.example'],
    ['sip:2345556789@good.example:5061', 'sip:***6789@good.example:5061'],
    ['exact:alice@good.example', 'exact:***@good.example'],
    ['contains:+1 234 555', 'contains:***4555'],
    ['tel:+1-234-555-6789', 'tel:***6789'],
    ['tel:2345556789;phone-context=good.example', 'tel:***6789'],
    ['good.example', 'good.example'],
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.4', '192.0.2.4'],
    ['2001:db8::/32', '2001:db8::/32'],
  ])('shows the entry %s as %s', (text, expected) => {
    expect(maskEntry({ text, origin: 'X[0]' }, 'last4')).toEqual({ text: expected, origin: 'X[0]' });
    expect(maskEntry({ text, origin: 'X[0]' }, 'none').text).toBe(text);
  });

  it('shows nothing but networks of entries when all is masked', () => {
    const shown = ['good.example', 'alice@good.example', '192.0.2.0/24'].map(
      (text) => maskEntry({ text, origin: 'X' }, 'all').text,
    );
    expect(shown).toEqual(['***', '***@good.example', '192.0.2.0/24']);
  });
});

describe('decision record (interfaces.md §2)', () => {
  it('has exactly the public fields in their order', () => {
    const record = decisionRecord(input, 'last4');
    expect(Object.keys(record)).toEqual(FIELDS);
    expect(record).toMatchObject({
      time: '2026-01-02T03:04:05.678Z',
      peer: '192.0.2.10:40000',
      transport: 'tls',
      listener: 'tls-0',
      micros: 13,
    });
  });

  it('writes IPv6 peers with brackets', () => {
    const record = decisionRecord({ ...input, peer: { ...TLS_PEER, address: '2001:db8::1' } }, 'last4');
    expect(record.peer).toBe('[2001:db8::1]:40000');
  });

  it('masks user and entry by mode, and never the call id', () => {
    const numbers = {
      ...input,
      callId: '12345556789@h',
      user: '12345556789',
      entry: { text: '2345556789', origin: 'WHITELIST_FROM_URI[0]' },
    };
    expect(decisionRecord(numbers, 'last4')).toMatchObject({
      callId: '12345556789@h',
      user: '***6789',
      entry: { text: '***6789', origin: 'WHITELIST_FROM_URI[0]' },
    });
    expect(decisionRecord(numbers, 'all')).toMatchObject({ user: '***', entry: { text: '***' } });
    expect(decisionRecord(numbers, 'none')).toMatchObject({ user: '12345556789', entry: { text: '2345556789' } });
  });

  it('takes control and bidirectional characters out of what a peer wrote', () => {
    const record = decisionRecord({ ...input, callId: 'a\u202eb', method: 'X\u0085', reason: 'r\u0007' }, 'last4');
    expect(JSON.stringify(record)).not.toMatch(/\u202e|\u0085|\\u0007/);
  });

  it('is one line of JSON whatever a peer wrote', () => {
    const line = JSON.stringify(decisionRecord({ ...input, callId: 'a\r\nb', reason: '"\n' }, 'last4'));
    expect(line).not.toContain('\n');
  });
});

describe('records of what never reached the pipeline', () => {
  const refusal = { time: T0, id: 'id-1', peer: TLS_PEER, rule: 'trusted-ip', reason: 'why' } as const;

  it('a refused connection has no method and no status', () => {
    const record = connectionRecord(refusal);
    expect(Object.keys(record)).toEqual(FIELDS);
    expect(record).toMatchObject({ verdict: 'drop', status: null, method: null, callId: null, rule: 'trusted-ip' });
  });

  it.each([
    [400, 'deny'],
    [null, 'drop'],
  ] as const)('an edge refusal with status %s is a %s', (status, verdict) => {
    const record = refusalRecord({ ...refusal, rule: 'framing', status, method: 'INVITE', callId: 'c' });
    expect(record).toMatchObject({ verdict, status, rule: 'framing', method: 'INVITE', callId: 'c', entry: null });
  });
});
