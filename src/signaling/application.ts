import Srf from 'drachtio-srf';
import type { Clock } from '../base/clock.js';
import { GatewayError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Verdict } from '../policy/policy.js';
import type { Admission, AdmissionDesk, AdmittedPeer } from './admission.js';
import { UasLeg } from './uas-leg.js';

/** The control channel to connect to: our own edge's, or a drachtio-server's. */
export interface ControlTarget {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

export interface ApplicationDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly desk: AdmissionDesk;
  /** Judges a request that the desk does not know (a drachtio-server is in front). The raw message is parsed by our parser. */
  judge(raw: Buffer, peer: AdmittedPeer): Admission | Verdict | null;
  /** A call that was let in. */
  onCall(admission: Admission, leg: UasLeg): void;
  /** Told when the control channel comes and goes. */
  readonly onConnected: (connected: boolean) => void;
}

const SERVED = 'INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE';
const CONNECT_MS = 10_000;
/** drachtio-srf tries for ever, with growing pauses up to this. */
const RECONNECT = { reconnect: { retryMaxDelay: 2_000 } };

/** The SIP front end: a drachtio-srf application. It acts on what our own parser read and policy judged. */
export class SipApplication {
  readonly #target: ControlTarget;
  readonly #deps: ApplicationDeps;
  readonly #srf = new Srf();
  #closed = false;

  constructor(target: ControlTarget, deps: ApplicationDeps) {
    this.#target = target;
    this.#deps = deps;
  }

  /** Connects and routes. Throws GatewayError CONTROL_AUTH, or CONTROL_PROTOCOL when nobody answers in time. */
  async start(): Promise<void> {
    const { log, onConnected } = this.#deps;
    this.#srf.invite((request, response) => this.#fenced(request, response, () => this.#onInvite(request, response)));
    routesOf(this.#srf).options((request, response) =>
      this.#fenced(request, response, () => this.#onOptions(request, response)),
    );
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#deps.clock.after(CONNECT_MS, () =>
        reject(new GatewayError('CONTROL_PROTOCOL', 'no answer on the control channel')),
      );
      this.#srf.on('connect', (error: unknown) => {
        cancel();
        if (error instanceof Error) reject(new GatewayError('CONTROL_AUTH', messageOf(error)));
        else {
          onConnected(true);
          resolve();
        }
      });
      // drachtio-srf reconnects by itself as long as somebody listens for its errors.
      this.#srf.on('error', (error: unknown) => {
        onConnected(false);
        if (!this.#closed) log.warn({ err: error }, 'control channel error');
      });
      void this.#srf.connect({ ...this.#target, ...RECONNECT });
    });
  }

  close(): void {
    this.#closed = true;
    this.#srf.disconnect();
  }

  #onInvite(request: Srf.SrfRequest, response: Srf.SrfResponse): void {
    const admission = this.#admit(request, response);
    if (admission === null) return;
    // drachtio-srf reads the Contact again when it makes the dialog; better to refuse now than after the 200.
    if (!hasReadableContact(request)) {
      response.send(400);
      return;
    }
    const { clock, log } = this.#deps;
    const leg = new UasLeg(this.#srf, request, response, { clock, log, callId: admission.request.callId });
    this.#deps.onCall(admission, leg);
  }

  #onOptions(request: Srf.SrfRequest, response: Srf.SrfResponse): void {
    if (this.#admit(request, response) === null) return;
    response.send(200, { headers: { Allow: SERVED, Accept: 'application/sdp' } });
  }

  #admit(request: Srf.SrfRequest, response: Srf.SrfResponse): Admission | null {
    const known = this.#deps.desk.take(transactionIdOf(request));
    if (known !== null) return known;
    const judged = this.#deps.judge(Buffer.from(rawOf(request), 'utf8'), peerOf(request));
    if (judged === null) {
      response.send(400);
      return null;
    }
    if ('request' in judged) return judged;
    // drachtio-server cannot be told to say nothing, so a drop becomes its plainest refusal.
    response.send(judged.status ?? 403, { headers: headerObject(judged) });
    return null;
  }

  /** A fault in our handler answers 500 and is logged; it never reaches drachtio-srf's socket code. */
  #fenced(request: Srf.SrfRequest, response: Srf.SrfResponse, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#deps.log.error({ err: error, method: request.method }, 'request handler failed');
      if (!response.finalResponseSent) response.send(500);
    }
  }
}

/** drachtio-srf has a route method for every SIP method; its type declarations name only some. */
interface Routes {
  options(handler: (request: Srf.SrfRequest, response: Srf.SrfResponse) => void): void;
}

function routesOf(srf: Srf): Routes {
  return srf as unknown as Routes;
}

function hasReadableContact(request: Srf.SrfRequest): boolean {
  try {
    return typeof request.getParsedHeader('contact')[0]?.uri === 'string';
  } catch {
    return false;
  }
}

/**
 * drachtio-srf takes one value a header name and joins more with commas, which RFC 3261 §7.3.1 forbids for
 * WWW-Authenticate. Values of a verdict hold no line ends, so further ones can be put on lines of their own here.
 */
function headerObject(verdict: Verdict): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of verdict.headers) {
    const present = headers[name];
    headers[name] = present === undefined ? value : `${present}\r\n${name}: ${value}`;
  }
  return headers;
}

function transactionIdOf(request: Srf.SrfRequest): string {
  return (request as unknown as { readonly stackTxnId?: string }).stackTxnId ?? '';
}

function rawOf(request: Srf.SrfRequest): string {
  return request.msg.raw;
}

function peerOf(request: Srf.SrfRequest): AdmittedPeer {
  const receivedOn = (request as unknown as { readonly receivedOn?: string }).receivedOn ?? '';
  const protocol = request.protocol.toLowerCase();
  return {
    address: request.source_address,
    port: Number(request.source_port),
    transport: protocol === 'tls' || protocol === 'tcp' ? protocol : 'udp',
    listener: 'drachtio',
    localAddress: receivedOn.slice(0, Math.max(0, receivedOn.lastIndexOf(':'))),
  };
}
