import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transition, type CallEffect, type CallEvent, type CallState } from '../../../src/call/state.js';

const STATES: readonly CallState[] = ['new', 'opening', 'answering', 'talking', 'unwinding', 'ended'];
const EVENTS: readonly CallEvent[] = [
  'admit',
  'media-open',
  'media-failed',
  'answered',
  'answer-failed',
  'caller-gone',
  'stop',
];

/** The whole matrix, written apart from the table: `next effects`, or `-` for no change. */
const MATRIX: Readonly<Record<CallState, readonly string[]>> = {
  new: ['opening open-media', '-', '-', '-', '-', 'ended finish', 'ended reject,finish'],
  opening: ['-', 'answering answer', 'ended reject,finish', '-', '-', 'ended finish', 'ended reject,finish'],
  answering: ['-', '-', '-', 'talking start', 'ended finish', 'ended finish', 'unwinding'],
  talking: ['-', '-', '-', '-', '-', 'ended finish', 'ended bye,finish'],
  unwinding: ['-', '-', '-', 'ended bye,finish', 'ended finish', 'ended finish', '-'],
  ended: ['-', '-', '-', '-', '-', '-', '-'],
};

describe('call states', () => {
  for (const state of STATES) {
    it.each(EVENTS.map((event, index) => [event, MATRIX[state][index] ?? '']))(
      `${state} + %s → %s`,
      (event, expected) => {
        const { state: next, effects } = transition(state, event);
        expect([next, effects.join(',')].filter((part) => part !== '').join(' ')).toBe(
          expected === '-' ? state : expected,
        );
      },
    );
  }

  it('finishes exactly once, says BYE only after an answer and never after a refusal', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 20 }), (events) => {
        let state: CallState = 'new';
        const effects: CallEffect[] = [];
        for (const event of [...events, 'caller-gone'] as const) {
          const next = transition(state, event);
          state = next.state;
          effects.push(...next.effects);
        }
        expect(state).toBe('ended');
        expect(effects.filter((effect) => effect === 'finish')).toHaveLength(1);
        if (effects.includes('bye')) expect(effects).toContain('answer');
        expect(effects.includes('bye') && effects.includes('reject')).toBe(false);
      }),
    );
  });
});
