/**
 * What the gateway says in a call, as a pure function: greet, listen, say back what was understood. The bot issue
 * replaces the answer; the shape stays.
 */
export interface Conversation {
  /** `waiting`: not answered yet; `doomed`: not answered yet and speech already lost. */
  readonly phase: 'waiting' | 'doomed' | 'greeting' | 'listening' | 'apologising' | 'over';
  readonly nextPromptId: number;
  /** The prompt that is being played, or null. */
  readonly speaking: number | null;
}

export type ConversationEvent =
  | { readonly type: 'answered' }
  | { readonly type: 'understood'; readonly text: string }
  | { readonly type: 'prompt-ended'; readonly promptId: number; readonly played: boolean }
  /** Speech cannot serve this call at all. */
  | { readonly type: 'speech-lost' };

export type ConversationAction =
  | { readonly type: 'greet'; readonly promptId: number }
  | { readonly type: 'say'; readonly promptId: number; readonly text: string }
  | { readonly type: 'apologise'; readonly promptId: number }
  | { readonly type: 'hang-up' };

export interface ConversationStep {
  readonly conversation: Conversation;
  readonly actions: readonly ConversationAction[];
}

export const NEW_CONVERSATION: Conversation = { phase: 'waiting', nextPromptId: 1, speaking: null };

/** Longest transcript that is said back, in characters. */
const MAX_ECHO_CHARS = 400;

export function converse(conversation: Conversation, event: ConversationEvent): ConversationStep {
  const promptId = conversation.nextPromptId;
  const speak = (phase: Conversation['phase'], action: ConversationAction): ConversationStep => ({
    conversation: { phase, nextPromptId: promptId + 1, speaking: promptId },
    actions: [action],
  });
  const stay: ConversationStep = { conversation, actions: [] };
  if (conversation.phase === 'over') return stay;
  switch (event.type) {
    case 'answered':
      if (conversation.phase === 'waiting') return speak('greeting', { type: 'greet', promptId });
      return conversation.phase === 'doomed' ? speak('apologising', { type: 'apologise', promptId }) : stay;
    case 'understood': {
      const text = answerTo(event.text);
      if (text === null || (conversation.phase !== 'greeting' && conversation.phase !== 'listening')) return stay;
      return speak('listening', { type: 'say', promptId, text });
    }
    case 'speech-lost':
      if (conversation.phase === 'apologising' || conversation.phase === 'doomed') return stay;
      if (conversation.phase === 'waiting') return { conversation: { ...conversation, phase: 'doomed' }, actions: [] };
      return speak('apologising', { type: 'apologise', promptId });
    case 'prompt-ended':
      if (event.promptId !== conversation.speaking) return stay;
      if (conversation.phase === 'apologising') {
        return { conversation: { ...conversation, phase: 'over', speaking: null }, actions: [{ type: 'hang-up' }] };
      }
      return { conversation: { ...conversation, phase: 'listening', speaking: null }, actions: [] };
  }
}

/** What to say to a final transcript; null for silence. A detected but unrecognised utterance is named as what it is. */
export function answerTo(transcript: string): string | null {
  const text = transcript.trim();
  if (text === '') return null;
  const detected = /^\[speech (\d{1,4}(?:\.\d)?) s\]$/.exec(text);
  if (detected !== null) return `I heard you speak for ${detected[1] ?? ''} seconds.`;
  return `You said: ${text.slice(0, MAX_ECHO_CHARS)}.`;
}
