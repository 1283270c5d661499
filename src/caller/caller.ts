import type { Clock } from '../base/clock.js';
import { GatewayError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Secret } from '../base/secret.js';
import type { CodecName, MediaPlan } from '../call/ports.js';
import { RtpEndpoint } from '../media/rtp-endpoint.js';
import { makeOffer, readAnswer, type OfferOptions } from '../sdp/offer.js';
import { answerChallenge } from '../sip/digest/client.js';
import { DIGEST_ALGORITHMS } from '../sip/digest/compute.js';
import { newCallId, newTag } from '../sip/message/ids.js';
import { uriToText } from '../sip/message/uri.js';
import type { SipResponse } from '../sip/message/types.js';
import type { OutgoingRequest } from '../sip/transaction/contract.js';
import { Line } from './line.js';
import type { CallTarget } from './target.js';
import { UserAgent, type UserAgentOptions } from './user-agent.js';

export interface CallerOptions extends UserAgentOptions {
  readonly target: CallTarget;
  /** The From URI. */
  readonly from: string;
  readonly credentials: { readonly username: string; readonly password: Secret } | null;
  readonly codec: CodecName;
}

/** One final response on the way, and how long it took. */
export interface Attempt {
  readonly status: number;
  readonly reason: string;
  readonly milliseconds: number;
}

export interface CallReport {
  readonly callId: string;
  readonly attempts: readonly Attempt[];
  readonly answered: boolean;
  /** What was heard, 8,000 samples per second. */
  readonly heard: Int16Array;
  readonly packetsReceived: number;
  readonly endedBy: 'caller' | 'server' | 'refused';
}

export interface CallerEvents {
  onAttempt?(attempt: Attempt): void;
  onRinging?(status: number): void;
  onAnswered?(): void;
}

/** A SIP caller for people and tests: INVITE with digest, G.711 out and in, BYE. */
export class Caller {
  readonly #options: CallerOptions;
  readonly #clock: Clock;
  readonly #agent: UserAgent;
  readonly #rtp: RtpEndpoint;
  readonly #attempts: Attempt[] = [];
  readonly #callId = newCallId();
  readonly #fromTag = newTag();
  #cseq = 0;

  constructor(options: CallerOptions, deps: { clock: Clock; log: Log }) {
    this.#options = options;
    this.#clock = deps.clock;
    this.#agent = new UserAgent(options.target, options, deps);
    this.#rtp = new RtpEndpoint(deps.clock);
  }

  /**
   * Places the call. Once answered, `conduct` speaks and listens on the line; the call is hung up when it is done, or ends
   * when the server ends it. A refusal is a report, not an error. Throws GatewayError SIP_TRANSPORT, SIP_NO_ANSWER, SDP_*.
   */
  async call(conduct: (line: Line) => Promise<void>, events: CallerEvents = {}): Promise<CallReport> {
    try {
      await this.#agent.connect(this.#options.target);
      const { port } = await this.#rtp.open(this.#agent.local.address);
      const offer = {
        codecs: [this.#options.codec],
        localAddress: this.#agent.local.address,
        rtpPort: port,
        dtmf: true,
      };
      const answer = await this.#invite(offer, events);
      if (answer.status >= 300) return this.#report('refused', null);
      return await this.#talk(answer, readAnswer(answer.body.toString('utf8'), offer), conduct, events);
    } finally {
      await this.#rtp.close();
      await this.#agent.close();
    }
  }

  async #invite(offer: OfferOptions, events: CallerEvents): Promise<SipResponse> {
    const sdp = Buffer.from(makeOffer(offer));
    const first = await this.#attempt(sdp, [], events);
    const { credentials } = this.#options;
    if (credentials === null || (first.status !== 401 && first.status !== 407)) return first;
    const [asked, answer] =
      first.status === 401 ? ['www-authenticate', 'Authorization'] : ['proxy-authenticate', 'Proxy-Authorization'];
    const authorization = answerChallenge({
      challenges: first.headerAll(asked),
      ...credentials,
      realm: null,
      method: 'INVITE',
      uri: uriToText(this.#options.target.uri),
      algorithms: DIGEST_ALGORITHMS,
      nc: 1,
    });
    if (authorization === null) return first;
    return this.#attempt(sdp, [[answer, authorization]], events);
  }

  async #attempt(sdp: Buffer, extra: OutgoingRequest['headers'], events: CallerEvents): Promise<SipResponse> {
    const started = this.#clock.monotonic();
    this.#cseq += 1;
    const request = this.#outgoing('INVITE', uriToText(this.#options.target.uri), null, [
      ...extra,
      ['Contact', `<sip:caller@${this.#agent.local.hostPort};transport=${this.#options.target.transport}>`],
      ['Allow', 'INVITE, ACK, CANCEL, BYE, OPTIONS'],
      ['Content-Type', 'application/sdp'],
    ]);
    const response = await this.#agent.request({ ...request, body: sdp }, ({ status }) => events.onRinging?.(status));
    const { status, reason } = response;
    const attempt = { status, reason, milliseconds: this.#clock.monotonic() - started };
    this.#attempts.push(attempt);
    events.onAttempt?.(attempt);
    return response;
  }

  async #talk(
    answer: SipResponse,
    plan: MediaPlan,
    conduct: (line: Line) => Promise<void>,
    events: CallerEvents,
  ): Promise<CallReport> {
    const contact = answer.contacts[0]?.uri;
    const remote = contact === undefined ? uriToText(this.#options.target.uri) : uriToText(contact);
    const to = answer.header('to') ?? '';
    this.#agent.acknowledge(this.#outgoing('ACK', remote, to, []), this.#callId);
    events.onAnswered?.();
    const line = new Line(this.#rtp, plan, this.#clock);
    const byServer = new Promise<'server'>((resolve) => this.#agent.onEnded(() => resolve('server')));
    const speaking = line.run();
    const endedBy = await Promise.race([byServer, conduct(line).then(() => 'caller' as const)]);
    line.end();
    await speaking;
    if (endedBy === 'caller') await this.#bye(remote, to);
    return this.#report(endedBy, line);
  }

  async #bye(remote: string, to: string): Promise<void> {
    this.#cseq += 1;
    const response = await this.#agent.request(this.#outgoing('BYE', remote, to, []));
    if (response.status >= 300 && response.status !== 481) {
      throw new GatewayError('SIP_NO_ANSWER', `BYE was answered with ${response.status}`);
    }
  }

  #outgoing(method: string, uri: string, to: string | null, headers: OutgoingRequest['headers']): OutgoingRequest {
    return {
      method,
      uri,
      headers: [
        ['Max-Forwards', '70'],
        ['From', `<${this.#options.from}>;tag=${this.#fromTag}`],
        ['To', to ?? `<${uriToText(this.#options.target.uri)}>`],
        ['Call-ID', this.#callId],
        ['CSeq', `${this.#cseq} ${method}`],
        ...headers,
      ],
      body: null,
    };
  }

  #report(endedBy: CallReport['endedBy'], line: Line | null): CallReport {
    return {
      callId: this.#callId,
      attempts: this.#attempts,
      answered: line !== null,
      heard: line?.heard() ?? new Int16Array(0),
      packetsReceived: this.#rtp.received.length,
      endedBy,
    };
  }
}
