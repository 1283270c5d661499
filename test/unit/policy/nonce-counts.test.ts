import { describe, expect, it } from 'vitest';
import { NonceCounts } from '../../../src/policy/nonce-counts.js';

describe('nonce counts (RFC 7616 §3.4, threats 42 and 43)', () => {
  it.each<[string, number[], string[]]>([
    ['in order', [1, 2, 3], ['fresh', 'fresh', 'fresh']],
    ['the same twice', [1, 1], ['fresh', 'replayed']],
    ['a skip is accepted once', [1, 9, 9], ['fresh', 'fresh', 'replayed']],
    [
      'parallel connections out of order',
      [2, 1, 4, 3, 3, 1],
      ['fresh', 'fresh', 'fresh', 'fresh', 'replayed', 'replayed'],
    ],
    ['the lower edge of the window', [64, 1, 1], ['fresh', 'fresh', 'replayed']],
    ['below the window', [65, 1], ['fresh', 'replayed']],
    [
      'everything below a far jump',
      [1, 1_000, 999, 937, 936, 1],
      ['fresh', 'fresh', 'fresh', 'fresh', 'replayed', 'replayed'],
    ],
    ['a jump of exactly the window', [1, 65, 2, 1], ['fresh', 'fresh', 'fresh', 'replayed']],
    ['zero never', [0, 1, 0], ['replayed', 'fresh', 'replayed']],
    ['the largest count', [0xffff_ffff, 0xffff_ffff, 0xffff_fffe], ['fresh', 'replayed', 'fresh']],
  ])('%s', (_title, sequence, expected) => {
    const counts = new NonceCounts();
    expect(sequence.map((nc) => counts.use('n', 1, nc))).toEqual(expected);
  });

  it('keeps nonces apart', () => {
    const counts = new NonceCounts();
    expect(counts.use('a', 1, 1)).toBe('fresh');
    expect(counts.use('b', 1, 1)).toBe('fresh');
    expect(counts.size).toBe(2);
  });

  it('is bounded, and forgets the nonce used longest ago', () => {
    const counts = new NonceCounts(2);
    counts.use('a', 10, 1);
    counts.use('b', 20, 1);
    counts.use('a', 10, 2);
    counts.use('c', 30, 1);
    expect(counts.size).toBe(2);
    expect(counts.use('a', 10, 2)).toBe('replayed');
    expect(counts.use('a', 10, 3)).toBe('fresh');
  });

  it('never takes a forgotten nonce for a new one: eviction opens no replay', () => {
    const counts = new NonceCounts(2);
    counts.use('a', 10, 1);
    counts.use('b', 20, 1);
    counts.use('c', 30, 1);
    expect(counts.use('a', 10, 1)).toBe('forgotten');
    expect(counts.use('older', 9, 1)).toBe('forgotten');
    expect(counts.use('newer', 11, 1)).toBe('fresh');
    expect(counts.size).toBe(2);
  });
});
