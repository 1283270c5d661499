import { describe, expect, it } from 'vitest';
import { mergeKey, serverKey, transactionBranch } from '../../../../src/sip/transaction/keys.js';
import { FakeFlow, request } from './harness.js';

describe('transactionBranch (RFC 3261 §17.2.3)', () => {
  it.each([
    ['z9hG4bKx', 'z9hG4bKx'],
    ['Z9HG4BKx', 'Z9HG4BKx'],
    ['z9hG4bK', null],
    ['1', null],
    ['xz9hG4bKx', null],
    [null, null],
  ])('of %s is %s', (branch, expected) => {
    expect(transactionBranch(request('INVITE', { branch }))).toBe(expected);
  });
});

describe('serverKey', () => {
  it('does not let one part run into the next', () => {
    const { peer } = new FakeFlow(true);
    const key = (branch: string, sentBy: string) => serverKey(branch, request('INFO', { sentBy }).via[0], 'INFO', peer);
    expect(key('z9hG4bKa', 'b.example:5060')).not.toBe(key('z9hG4bKab', 'example:5060'));
    expect(key('z9hG4bKa', 'b.example')).not.toBe(key('z9hG4bKa', 'b.example:5060'));
    expect(key('z9hG4bKa', 'B.example')).toBe(key('z9hG4bKa', 'b.example'));
  });
});

describe('mergeKey (RFC 3261 §8.2.2.2)', () => {
  it('is null inside a dialog and does not depend on Via', () => {
    expect(mergeKey(request('INVITE', { toTag: 'x' }))).toBeNull();
    expect(mergeKey(request('INVITE', { branch: 'z9hG4bKa' }))).toBe(
      mergeKey(request('INVITE', { branch: 'z9hG4bKb' })),
    );
  });
});
