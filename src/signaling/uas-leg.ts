import type Srf from 'drachtio-srf';
import type { Clock } from '../base/clock.js';
import { GatewayError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { CallLeg } from '../call/ports.js';

/** What a dialog tells its call. */
export interface LegListener {
  onCallerGone(): void;
  /** A new offer of the caller; null when the re-INVITE has none. Returns the answer or throws GatewayError. */
  onOffer(offer: string | null): string;
}

/** What is served inside a dialog. INFO is answered 200 by drachtio-srf and its content is not read. */
const IN_DIALOG = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE';

/** Longest wait for the answer to our BYE: Timer F (32 s) and a little. */
const GOODBYE_MS = 35_000;

/** One incoming call behind drachtio-srf, from INVITE to BYE. */
export class UasLeg implements CallLeg {
  readonly callId: string;
  readonly #srf: Srf;
  readonly #request: Srf.SrfRequest;
  readonly #response: Srf.SrfResponse;
  readonly #clock: Clock;
  readonly #log: Log;
  #listener: LegListener | null = null;
  #dialog: Srf.Dialog | null = null;
  #over = false;

  constructor(
    srf: Srf,
    request: Srf.SrfRequest,
    response: Srf.SrfResponse,
    deps: { clock: Clock; log: Log; callId: string },
  ) {
    this.#srf = srf;
    this.#request = request;
    this.#response = response;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.callId = deps.callId;
  }

  listen(listener: LegListener): void {
    this.#listener = listener;
    this.#request.on('cancel', () => this.#gone());
  }

  async answer(sdp: string): Promise<void> {
    const dialog = await this.#dialogWith(sdp);
    this.#dialog = dialog;
    dialog.on('destroy', () => this.#gone());
    dialog.on('modify', (request, response) => this.#modify(request, response));
    dialog.on('update', (request, response) => this.#modify(request, response));
    // drachtio-srf answers 200 to whatever nobody listens for: that would promise a transfer or accept a text.
    dialog.on('refer', (_request, response) => this.#send(response, 405, { headers: { Allow: IN_DIALOG } }));
    dialog.on('message', (_request, response) => this.#send(response, 405, { headers: { Allow: IN_DIALOG } }));
    dialog.on('notify', (_request, response) => this.#send(response, 405, { headers: { Allow: IN_DIALOG } }));
  }

  reject(status: number, headers: readonly (readonly [string, string])[] = []): void {
    this.#over = true;
    this.#send(this.#response, status, {
      headers: Object.fromEntries(headers),
    });
  }

  async hangUp(reason: string | null): Promise<void> {
    const dialog = this.#dialog;
    if (dialog === null || this.#over) return;
    this.#over = true;
    const headers: Record<string, string> = reason === null ? {} : { Reason: reason };
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#clock.after(GOODBYE_MS, () =>
        reject(new GatewayError('SIP_NO_ANSWER', 'BYE was not answered')),
      );
      dialog.destroy({ headers }, (error: unknown) => {
        cancel();
        if (error === null || error === undefined) resolve();
        else reject(new GatewayError('SIP_TRANSPORT', messageOf(error)));
      });
    });
  }

  /** A caller that is gone before its 200 could be sent is no fault of ours, whatever drachtio-srf calls it. */
  async #dialogWith(localSdp: string): Promise<Srf.Dialog> {
    try {
      return await this.#srf.createUAS(this.#request, this.#response, {
        localSdp,
      });
    } catch (error) {
      throw new GatewayError('SIP_TRANSPORT', messageOf(error), {
        cause: error,
      });
    }
  }

  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener?.onCallerGone();
  }

  #modify(request: Srf.SrfRequest, response: Srf.SrfResponse): void {
    try {
      const offer = request.body === '' || request.body === undefined ? null : request.body;
      // RFC 3311 §5.2: an UPDATE without an offer refreshes the dialog and is answered without a body.
      if (offer === null && request.method === 'UPDATE') this.#send(response, 200, {});
      else this.#answerOffer(offer, response);
    } catch (error) {
      const status = error instanceof GatewayError ? (error.traits.sip ?? 500) : 500;
      this.#log.warn({ err: error, status }, 're-negotiation refused');
      this.#send(response, status, {});
    }
  }

  #answerOffer(offer: string | null, response: Srf.SrfResponse): void {
    const answer = this.#listener?.onOffer(offer);
    if (answer === undefined) this.#send(response, 481, {});
    else
      this.#send(response, 200, {
        body: answer,
        headers: { 'Content-Type': 'application/sdp' },
      });
  }

  #send(response: Srf.SrfResponse, status: number, options: object): void {
    try {
      response.send(status, options);
    } catch (error) {
      this.#log.debug({ err: error, status }, 'response could not be sent');
    }
  }
}
