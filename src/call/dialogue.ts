import type { ErrorCode } from '../base/errors.js';
import type { Log } from '../base/log.js';
import {
  converse,
  NEW_CONVERSATION,
  type Conversation,
  type ConversationAction,
  type ConversationEvent,
} from './conversation.js';
import type { MediaEvent, MediaSession } from './ports.js';

export interface DialogueDeps {
  readonly log: Log;
  /** Speech cannot serve this call; what follows is the apology. */
  onSpeechLost(code: ErrorCode): void;
  /** Nothing more will be said. */
  onOver(): void;
}

/** Carries out the conversation of one call on its media session. */
export class Dialogue {
  readonly #greeting: string | null;
  readonly #deps: DialogueDeps;
  #conversation: Conversation = NEW_CONVERSATION;
  #speechReady = false;
  #media: MediaSession | null = null;

  /** `greeting` is said first; null plays the packaged one. */
  constructor(greeting: string | null, deps: DialogueDeps) {
    this.#greeting = greeting;
    this.#deps = deps;
  }

  /** The call is answered. */
  begin(media: MediaSession): void {
    this.#media = media;
    this.#step({ type: 'answered' });
  }

  understood(text: string): void {
    this.#step({ type: 'understood', text });
  }

  promptEnded(promptId: number, played: boolean): void {
    this.#step({ type: 'prompt-ended', promptId, played });
  }

  speechReady(): void {
    this.#speechReady = true;
  }

  speechFailed(event: Extract<MediaEvent, { type: 'speech-failed' }>): void {
    const { service, code, retrying } = event;
    this.#deps.log.warn({ service, code, retrying, detail: event.message }, 'speech service failed');
    const { phase } = this.#conversation;
    if (phase === 'apologising' || phase === 'doomed' || phase === 'over') return;
    const neverWorked = service === 'stt' ? !this.#speechReady : phase === 'waiting' || phase === 'greeting';
    // A call that already worked stays up while the adapter reconnects; one that never did gets the apology.
    if (!neverWorked && (retrying || service === 'tts')) return;
    this.#deps.onSpeechLost(code);
    this.#step({ type: 'speech-lost' });
  }

  #step(event: ConversationEvent): void {
    const step = converse(this.#conversation, event);
    this.#conversation = step.conversation;
    for (const action of step.actions) this.#act(action);
  }

  #act(action: ConversationAction): void {
    switch (action.type) {
      case 'greet':
        if (this.#greeting === null) this.#media?.playBuiltIn(action.promptId, 'greeting');
        else this.#media?.say(action.promptId, this.#greeting);
        break;
      case 'say':
        this.#media?.say(action.promptId, action.text);
        break;
      case 'apologise':
        this.#media?.stopPlayback();
        this.#media?.playBuiltIn(action.promptId, 'apology');
        break;
      case 'hang-up':
        this.#deps.onOver();
        break;
    }
  }
}
