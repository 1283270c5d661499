import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../../src/config/nearest.js';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'abd', 1],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['', 'abc', 3],
    ['WHITELIST_FORM_URI', 'WHITELIST_FROM_URI', 1],
    ['kitten', 'sitting', 3],
  ])('%j to %j is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is symmetric, zero only for equals, and never more than the longer word', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });

  it('is one after one replaced, added or dropped character', () => {
    const text = fc.stringMatching(/^[a-z]{3,10}$/);
    fc.assert(
      fc.property(text, fc.nat(), (word, at) => {
        const index = at % word.length;
        const [before, after] = [word.slice(0, index), word.slice(index + 1)];
        expect(editDistance(word, `${before}#${after}`)).toBe(1);
        expect(editDistance(word, before + after)).toBe(1);
        expect(editDistance(word, `${before}#${word.slice(index)}`)).toBe(1);
      }),
    );
  });
});

describe('nearest', () => {
  it.each([
    ['prot', ['port', 'host'], 'port'],
    ['SIP_PORT_TSL', ['SIP_PORT_TCP', 'SIP_PORT_TLS'], 'SIP_PORT_TLS'],
    ['prot', [], null],
    ['entirely_else', ['port'], null],
    ['tls', ['udp', 'tcp'], null],
    ['aa', ['ab', 'ac'], 'ab'],
  ])('of %j among %j is %j', (word, candidates, found) => {
    expect(nearest(word, candidates)).toBe(found);
  });
});
