import { codeOf, type ErrorCode, GatewayError, messageOf } from '../base/errors.js';
import { Lifetime } from '../base/lifetime.js';
import type { Log } from '../base/log.js';
import type { CallDeps, CallInvitation, StopCause } from './contract.js';
import { Dialogue } from './dialogue.js';
import { Negotiation } from './negotiation.js';
import type { CallLeg, MediaEvent, MediaSession, MediaStats } from './ports.js';
import { type CallFacts, makeCallRecord } from './record.js';
import { transition, type CallEffect, type CallEvent, type CallState } from './state.js';

/** One call from admission to record. All decisions are in `state.ts` and `conversation.ts`; this class carries them out. */
export class CallSession {
  readonly facts: CallFacts;
  readonly #leg: CallLeg;
  readonly #invitation: CallInvitation;
  readonly #deps: CallDeps;
  readonly #log: Log;
  readonly #lifetime: Lifetime;
  readonly #negotiation: Negotiation;
  readonly #dialogue: Dialogue;
  readonly #startMs: number;
  #state: CallState = 'new';
  #media: MediaSession | null = null;
  #answeredMs: number | null = null;
  #endMs: number | null = null;
  #cause: StopCause = { endReason: 'caller_hangup', failure: null, reason: null };
  #goodbye: Promise<void> = Promise.resolve();

  constructor(invitation: CallInvitation, leg: CallLeg, deps: CallDeps) {
    this.facts = invitation.facts;
    this.#invitation = invitation;
    this.#leg = leg;
    this.#deps = deps;
    this.#log = deps.log.child({ callId: invitation.facts.callId, sessionId: invitation.facts.sessionId });
    this.#lifetime = new Lifetime((error) => this.#log.error({ err: error }, 'call cleanup failed'));
    this.#negotiation = new Negotiation(deps.options.codecs, deps.clock.now());
    this.#dialogue = new Dialogue(deps.options.greeting, {
      log: this.#log,
      onSpeechLost: (code) => this.#speechLost(code),
      onOver: () => this.stop({ ...this.#cause, reason: 'SIP;cause=503;text="Speech service"' }),
    });
    this.#startMs = deps.clock.now();
  }

  get sessionId(): string {
    return this.facts.sessionId;
  }

  get state(): CallState {
    return this.#state;
  }

  start(): void {
    this.#advance('admit');
  }

  /** The caller sent CANCEL or BYE, or its connection and dialog are gone. */
  callerGone(): void {
    this.#advance('caller-gone');
  }

  /** Ends the call from our side. Only the first cause counts. */
  stop(cause: StopCause): void {
    if (this.#state === 'ended' || this.#state === 'unwinding') return;
    this.#cause = cause;
    this.#advance('stop');
  }

  /** Applies a new offer of the caller (re-INVITE) and returns the answer. Throws GatewayError SDP_*, MEDIA_*. */
  renegotiate(offer: string): string {
    if (this.#media === null || this.#state !== 'talking') throw new GatewayError('SIP_NO_DIALOG');
    const plan = this.#negotiation.offered(offer, this.#sdpAddress());
    this.#media.update(plan);
    return this.#negotiation.answer(this.#sdpAddress(), this.#media.local.rtpPort);
  }

  /** The description in force, for an offerless re-INVITE. */
  currentDescription(): string | null {
    return this.#negotiation.description;
  }

  #advance(event: CallEvent): void {
    const next = transition(this.#state, event);
    this.#state = next.state;
    for (const effect of next.effects) this.#carryOut(effect);
  }

  #carryOut(effect: CallEffect): void {
    switch (effect) {
      case 'open-media':
        void this.#openMedia();
        break;
      case 'answer':
        void this.#answer();
        break;
      case 'start':
        this.#begin();
        break;
      case 'reject':
        this.#reject();
        break;
      case 'bye':
        this.#goodbye = this.#leg.hangUp(this.#cause.reason);
        break;
      case 'finish':
        void this.#finish();
        break;
    }
  }

  async #openMedia(): Promise<void> {
    try {
      const plan = this.#negotiation.offered(this.#invitation.offer, this.#sdpAddress());
      if (this.#deps.options.onSpeechFailure === 'reject') await this.#requireSpeech();
      const media = await this.#deps.media.open(
        {
          callId: this.facts.callId,
          sessionId: this.facts.sessionId,
          localAddress: this.#invitation.localAddress,
          plan,
          signalingAddress: this.#invitation.signalingAddress,
        },
        (event) => this.#onMedia(event),
      );
      this.#media = media;
      if (this.#state === 'ended') await media.close();
      else this.#advance('media-open');
    } catch (error) {
      if (this.#state === 'opening') this.#fail(error);
      this.#advance('media-failed');
    }
  }

  async #requireSpeech(): Promise<void> {
    const problem = await this.#deps.media.probeSpeech();
    if (problem !== null) throw new GatewayError(problem.code, problem.message);
  }

  async #answer(): Promise<void> {
    try {
      const port = this.#media?.local.rtpPort ?? 0;
      await this.#leg.answer(this.#negotiation.answer(this.#sdpAddress(), port));
      this.#advance('answered');
    } catch (error) {
      if (this.#state === 'answering') this.#fail(error);
      this.#advance('answer-failed');
    }
  }

  #begin(): void {
    const { clock, options } = this.#deps;
    this.#answeredMs = clock.now();
    this.#lifetime.defer(
      clock.after(options.maxSeconds * 1000, () =>
        this.stop({ endReason: 'limit', failure: null, reason: 'SIP;cause=200;text="Call length limit"' }),
      ),
    );
    this.#log.info({ codec: this.#negotiation.codec }, 'call answered');
    if (this.#media === null) return;
    this.#media.start();
    this.#dialogue.begin(this.#media);
  }

  #onMedia(event: MediaEvent): void {
    if (this.#state === 'ended') return;
    switch (event.type) {
      case 'transcript':
        this.#transcribed(event);
        break;
      case 'prompt-ended':
        this.#dialogue.promptEnded(event.promptId, event.outcome === 'played');
        break;
      case 'speech-ready':
        this.#dialogue.speechReady();
        break;
      case 'speech-failed':
        this.#dialogue.speechFailed(event);
        break;
      case 'dtmf':
        this.#log.info({}, 'caller pressed a key');
        break;
      case 'media-started':
        this.#log.debug({ afterMs: event.afterMs }, 'first media packet');
        break;
      case 'silent':
        this.stop({ endReason: 'failed', failure: 'MEDIA_SILENT', reason: 'SIP;cause=408;text="No media"' });
        break;
      case 'lost':
        this.#log.error({ code: event.code, detail: event.message }, 'media of a call was lost');
        this.stop({ endReason: 'failed', failure: event.code, reason: 'SIP;cause=500;text="Media failure"' });
        break;
    }
  }

  #transcribed(event: Extract<MediaEvent, { type: 'transcript' }>): void {
    const { participant, text, final, startMs, endMs, confidence } = event;
    const { callId, sessionId } = this.facts;
    this.#deps.onTranscript({ callId, sessionId, participant, text, final, startMs, endMs, confidence });
    if (final) this.#dialogue.understood(text);
  }

  /** Speech cannot serve this call: refuse it while that is still possible and wanted, else let it hear the apology. */
  #speechLost(code: ErrorCode): void {
    this.#cause = { endReason: 'failed', failure: code, reason: null };
    if (this.#deps.options.onSpeechFailure === 'reject' && this.#state === 'opening') this.#advance('stop');
  }

  #reject(): void {
    const status = this.#cause.failure === null ? 503 : statusOf(new GatewayError(this.#cause.failure));
    this.#leg.reject(status, status === 503 ? [['Retry-After', '30']] : []);
  }

  #fail(error: unknown): void {
    this.#cause = { endReason: 'failed', failure: codeOf(error), reason: null };
    this.#log.warn({ code: codeOf(error), detail: messageOf(error) }, 'call cannot be served');
  }

  async #finish(): Promise<void> {
    const { clock } = this.#deps;
    this.#endMs ??= clock.now();
    await this.#lifetime.end();
    const stats = await this.#closeMedia();
    await this.#goodbye.catch((error: unknown) => this.#log.debug({ err: error }, 'hang-up was not confirmed'));
    const record = makeCallRecord(this.facts, {
      startMs: this.#startMs,
      answeredMs: this.#answeredMs,
      endMs: this.#endMs,
      endReason: this.#cause.endReason,
      failure: this.#cause.failure,
      codec: this.#negotiation.codec,
      stats,
    });
    this.#deps.onEnded(this.sessionId, record);
  }

  async #closeMedia(): Promise<MediaStats | null> {
    try {
      return (await this.#media?.close()) ?? null;
    } catch (error) {
      this.#log.error({ err: error }, 'media did not close');
      return null;
    }
  }

  #sdpAddress(): string {
    return this.#deps.options.sdpAddress ?? this.#media?.local.address ?? this.#invitation.localAddress;
  }
}

/** What a caller is told of a fault: one of a service behind us is a passing one. */
function statusOf({ traits }: GatewayError): number {
  return traits.sip ?? (traits.fault === 'upstream' ? 503 : 500);
}
