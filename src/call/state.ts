/**
 * The life of one call as data.
 *
 * ```
 *  new ──admit──► opening ──media-open──► answering ──answered──► talking
 *                    │ │                    │   │ │                 │ │
 *   caller-gone,     │ │ media-failed,      │   │ └─stop─► unwinding │ └─stop (BYE)
 *   nothing to send ─┘ └─stop (final)       │   │             │      │
 *                        ▼                  ▼   ▼             ▼      ▼ caller-gone
 *                      ended ◄── caller-gone, answer-failed ─ ended ◄┘
 * ```
 * A call that is told to stop while its 200 is on the way waits for the outcome and then sends BYE (`unwinding`).
 */
export type CallState = 'new' | 'opening' | 'answering' | 'talking' | 'unwinding' | 'ended';

export type CallEvent =
  | 'admit'
  | 'media-open'
  | 'media-failed'
  | 'answered'
  | 'answer-failed'
  /** CANCEL or BYE from the caller. */
  | 'caller-gone'
  /** We end it: limit, silence, drain, fault, or the conversation is over. */
  | 'stop';

export type CallEffect = 'open-media' | 'answer' | 'start' | 'reject' | 'bye' | 'finish';

export interface CallTransition {
  readonly state: CallState;
  readonly effects: readonly CallEffect[];
}

const NOTHING: readonly CallEffect[] = [];

const TABLE: Readonly<Record<CallState, Partial<Record<CallEvent, CallTransition>>>> = {
  new: {
    admit: { state: 'opening', effects: ['open-media'] },
    'caller-gone': { state: 'ended', effects: ['finish'] },
    stop: { state: 'ended', effects: ['reject', 'finish'] },
  },
  opening: {
    'media-open': { state: 'answering', effects: ['answer'] },
    'media-failed': { state: 'ended', effects: ['reject', 'finish'] },
    'caller-gone': { state: 'ended', effects: ['finish'] },
    stop: { state: 'ended', effects: ['reject', 'finish'] },
  },
  answering: {
    answered: { state: 'talking', effects: ['start'] },
    'answer-failed': { state: 'ended', effects: ['finish'] },
    'caller-gone': { state: 'ended', effects: ['finish'] },
    stop: { state: 'unwinding', effects: NOTHING },
  },
  talking: {
    'caller-gone': { state: 'ended', effects: ['finish'] },
    stop: { state: 'ended', effects: ['bye', 'finish'] },
  },
  unwinding: {
    answered: { state: 'ended', effects: ['bye', 'finish'] },
    'answer-failed': { state: 'ended', effects: ['finish'] },
    'caller-gone': { state: 'ended', effects: ['finish'] },
  },
  ended: {},
};

/** The next state and what to do. An event that means nothing in a state changes nothing. */
export function transition(state: CallState, event: CallEvent): CallTransition {
  return TABLE[state][event] ?? { state, effects: NOTHING };
}
