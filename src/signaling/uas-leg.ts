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
    const dialog = await this.#srf.createUAS(this.#request, this.#response, { localSdp: sdp });
    this.#dialog = dialog;
    dialog.on('destroy', () => this.#gone());
    dialog.on('modify', (request, response) => this.#modify(request, response));
    dialog.on('info', (_request, response) => response.send(200));
  }

  reject(status: number, headers: readonly (readonly [string, string])[] = []): void {
    this.#over = true;
    this.#send(this.#response, status, { headers: Object.fromEntries(headers) });
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

  #gone(): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener?.onCallerGone();
  }

  #modify(request: Srf.SrfRequest, response: Srf.SrfResponse): void {
    try {
      const body = request.body;
      const answer = this.#listener?.onOffer(body === '' || body === undefined ? null : body);
      if (answer === undefined) this.#send(response, 481, {});
      else this.#send(response, 200, { body: answer, headers: { 'Content-Type': 'application/sdp' } });
    } catch (error) {
      const status = error instanceof GatewayError ? (error.traits.sip ?? 500) : 500;
      this.#log.warn({ err: error, status }, 're-INVITE refused');
      this.#send(response, status, {});
    }
  }

  #send(response: Srf.SrfResponse, status: number, options: object): void {
    try {
      response.send(status, options);
    } catch (error) {
      this.#log.debug({ err: error, status }, 'response could not be sent');
    }
  }
}
