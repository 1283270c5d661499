import { describe, expect, it } from 'vitest';
import {
  answerTo,
  converse,
  NEW_CONVERSATION,
  type ConversationAction,
  type ConversationEvent,
} from '../../../src/call/conversation.js';

function run(events: readonly ConversationEvent[]): readonly ConversationAction[] {
  let conversation = NEW_CONVERSATION;
  return events.flatMap((event) => {
    const step = converse(conversation, event);
    conversation = step.conversation;
    return step.actions;
  });
}

describe('conversation', () => {
  it('greets, then says back what was understood', () => {
    expect(
      run([
        { type: 'answered' },
        { type: 'prompt-ended', promptId: 1, played: true },
        { type: 'understood', text: ' yes please ' },
      ]),
    ).toEqual([
      { type: 'greet', promptId: 1 },
      { type: 'say', promptId: 2, text: 'You said: yes please.' },
    ]);
  });

  it('greets once', () => {
    expect(
      run([{ type: 'answered' }, { type: 'prompt-ended', promptId: 1, played: true }, { type: 'answered' }]),
    ).toHaveLength(1);
  });

  it('apologises and hangs up when speech is lost, also when the apology cannot be played', () => {
    for (const played of [true, false]) {
      expect(
        run([
          { type: 'answered' },
          { type: 'speech-lost' },
          { type: 'speech-lost' },
          { type: 'prompt-ended', promptId: 1, played: false },
          { type: 'understood', text: 'late' },
          { type: 'prompt-ended', promptId: 2, played },
          { type: 'answered' },
        ]),
      ).toEqual([{ type: 'greet', promptId: 1 }, { type: 'apologise', promptId: 2 }, { type: 'hang-up' }]);
    }
  });

  it('apologises at once when speech was lost before the answer', () => {
    expect(
      run([{ type: 'speech-lost' }, { type: 'speech-lost' }, { type: 'understood', text: 'x' }, { type: 'answered' }]),
    ).toEqual([{ type: 'apologise', promptId: 1 }]);
  });

  it.each([
    ['', null],
    ['  ', null],
    ['[speech 1.4 s]', 'I heard you speak for 1.4 seconds.'],
    ['[speech of mine', 'You said: [speech of mine.'],
    ['hello', 'You said: hello.'],
  ])('answers %j with %j', (text, answer) => {
    expect(answerTo(text)).toBe(answer);
  });

  it('does not say back an endless transcript', () => {
    expect(answerTo('a'.repeat(10_000))?.length).toBeLessThan(500);
  });
});
