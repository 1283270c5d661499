/**
 * The life of one recognition stream.
 *
 * ```
 *  connecting ──listening──► live ──finish──► draining ──listening, lost, deadline──► closed
 *     ▲   │                   │ │                  ▲
 *     │  lost ◄──────lost─────┘ └close─► closed    │ listening
 *     │   ▼                                        │
 *   retry─waiting ──finish──► closed     last (from connecting by finish) ──lost, deadline──► closed
 * ```
 * A finished stream never connects again; `close` ends every state at once.
 */
export type RecognitionState = 'connecting' | 'live' | 'waiting' | 'last' | 'draining' | 'closed';

export type RecognitionEvent = 'listening' | 'lost' | 'retry' | 'finish' | 'deadline' | 'close';

/**
 * `connect`: open a connection. `ready`: tell the consumer. `flush`: send the backlog. `report`: tell the failure and
 * wait for the next try. `stop`: after the backlog, say that there is no more audio. `end`: release everything.
 */
export type RecognitionEffect = 'connect' | 'ready' | 'flush' | 'report' | 'stop' | 'end';

export interface RecognitionStep {
  readonly state: RecognitionState;
  readonly effects: readonly RecognitionEffect[];
}

const END: RecognitionStep = { state: 'closed', effects: ['end'] };

const TABLE: Readonly<Record<RecognitionState, Partial<Record<RecognitionEvent, RecognitionStep>>>> = {
  connecting: {
    listening: { state: 'live', effects: ['ready', 'flush'] },
    lost: { state: 'waiting', effects: ['report'] },
    finish: { state: 'last', effects: [] },
    close: END,
  },
  live: {
    lost: { state: 'waiting', effects: ['report'] },
    finish: { state: 'draining', effects: ['flush', 'stop'] },
    close: END,
  },
  waiting: { retry: { state: 'connecting', effects: ['connect'] }, finish: END, close: END },
  last: { listening: { state: 'draining', effects: ['flush', 'stop'] }, lost: END, deadline: END, close: END },
  draining: { listening: END, lost: END, deadline: END, close: END },
  closed: {},
};

/** The next state and what to do; an event that a state does not know changes nothing. */
export function recognitionStep(state: RecognitionState, event: RecognitionEvent): RecognitionStep {
  return TABLE[state][event] ?? { state, effects: [] };
}
