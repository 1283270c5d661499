import { Secret } from '../../src/base/secret.js';
import { answerChallenge } from '../../src/sip/digest/client.js';
import { leadsAway, TARGET, validInvite } from './hostile-messages.js';
import { HostileLine, newTally, type Tally } from './hostile-line.js';
import { mutated, Random } from './mutator.js';
import type { RawTarget } from './raw-sip.js';
import type { RunningGateway } from './running-gateway.js';

export interface HostileOptions {
  readonly gateway: RunningGateway;
  readonly transport: RawTarget['transport'];
  /** How many mutations to send. */
  readonly messages: number;
  readonly seed: number;
  /** Whether the gateway asks for credentials. */
  readonly secured: boolean;
  /** Called after every batch, when the gateway proved to be alive. */
  readonly onBatch?: (tally: Tally) => void | Promise<void>;
}

const BATCH = 500;
/** Connections used at the same time, far below the cap for one address. */
const LINES = 4;
/** Most mutations on one connection. */
const BURST = 24;
/** What may be under way to a UDP socket: with all that the kernel adds, less than it holds by default. */
const WINDOW_MESSAGES = 16;
const WINDOW_BYTES = 16_384;

/** What a mutation of an INVITE may be answered, and by which rule. */
const STATUSES: readonly (readonly [status: number, why: string])[] = [
  [100, 'an INVITE that was let in (RFC 3261 §17.2.1)'],
  [200, 'a call; or the mutation made it an OPTIONS or a CANCEL'],
  [400, 'malformed'],
  [405, 'a known method that is not served'],
  [414, 'a start line or URI over its limit'],
  [415, 'another type or encoding of the body'],
  [416, 'a Request-URI of another scheme'],
  [420, 'a required extension'],
  [481, 'a To tag, a BYE or a CANCEL of nothing of ours'],
  [482, 'the same request under another branch'],
  [483, 'Max-Forwards is 0'],
  [487, 'its CANCEL came'],
  [488, 'a session description that cannot be served'],
  [491, 'the same call while its first INVITE is open'],
  [501, 'an unknown method'],
  [503, 'the calls are at their limit'],
  [505, 'another version of SIP'],
  [513, 'over a limit of size'],
];

/** What an insecure channel is told with authentication on: what the parser and the transport rule refuse; a stray CANCEL. */
const INSECURE = new Set([400, 414, 416, 481, 505, 513]);

export function allowedStatuses(secured: boolean, transport: RawTarget['transport']): ReadonlySet<number> {
  if (secured && transport !== 'tls') return INSECURE;
  return new Set([...STATUSES.map(([status]) => status), ...(secured ? [401] : [])]);
}

/** Sends seeded mutations of a valid INVITE over one transport and checks what comes back. */
export class HostileRun {
  readonly tally = newTally();
  readonly #options: HostileOptions;
  readonly #allowed: ReadonlySet<number>;
  readonly #target: RawTarget;
  /** Sockets that must stay to answer the BYEs of calls never acknowledged. */
  readonly #kept: HostileLine[] = [];
  #next = 0;
  #probed = 0;

  constructor(options: HostileOptions) {
    const { gateway, transport, secured } = options;
    this.#options = options;
    this.#allowed = allowedStatuses(secured, transport);
    this.#target = { transport, port: gateway.port(transport) };
  }

  /** Sends everything. Problems are in the tally. */
  async send(): Promise<void> {
    const work = this.#target.transport === 'udp' ? () => this.#datagrams() : () => this.#connections();
    await Promise.all([work(), work(), ...(this.#target.transport === 'udp' ? [] : [work(), work()])].slice(0, LINES));
    await this.#probe();
  }

  async close(): Promise<void> {
    await Promise.all(this.#kept.map((line) => line.close()));
  }

  async #connections(): Promise<void> {
    while (this.#more()) {
      const random = new Random(this.#options.seed + this.#next);
      const line = await HostileLine.open(this.#target, this.tally, this.#allowed);
      const sign = await this.#signer(line);
      for (let left = 1 + random.below(BURST); left > 0 && this.#more(); left--) {
        await this.#one(line, sign);
        if (line.progress === 'broken' || line.closed) break;
        // Some calls are waited for; others must be set up while more hostile bytes come.
        if (line.progress === 'ready' && random.oneIn(4)) await this.#sync(line);
      }
      await line.finish(random, () => this.#fence(line));
      await this.#batch();
    }
  }

  async #datagrams(): Promise<void> {
    const line = await HostileLine.open(this.#target, this.tally, this.#allowed);
    this.#kept.push(line);
    while (this.#more()) {
      for (
        let [messages, bytes] = [0, 0];
        messages < WINDOW_MESSAGES && bytes < WINDOW_BYTES && this.#more();
        messages++
      ) {
        bytes += await this.#one(line, null);
      }
      await this.#fence(line);
      await this.#batch();
    }
    await line.answered();
  }

  #more(): boolean {
    return this.#next < this.#options.messages && this.tally.problems.length === 0;
  }

  /** Sends the next mutation: its number and the seed are all that it is made of. Returns its size. */
  async #one(line: HostileLine, sign: Signer | null): Promise<number> {
    const number = this.#next++;
    const random = new Random(Math.imul(this.#options.seed, 0x9e3779b1) + number);
    const id = `${this.#options.seed}x${number}`;
    // One in two is signed, so that both sides of the digest rule are met.
    const invite = validInvite(id, sign !== null && random.oneIn(2) ? sign() : null);
    let bytes = mutated(invite, random);
    while (leadsAway(bytes)) bytes = mutated(invite, random);
    await line.send(bytes, random);
    return bytes.length;
  }

  /** Waits until the gateway has read all that was sent before: a stray BYE is answered, and leaves nothing behind. */
  async #fence(line: HostileLine): Promise<void> {
    const expected = this.#options.secured && this.#target.transport !== 'tls' ? 400 : 481;
    const answer = await line.ask({
      method: 'BYE',
      to: '<sip:12345556789@example.com>;tag=none',
    });
    if (answer?.status !== expected) line.fault(`a stray BYE got ${answer?.status ?? 'no answer'}`);
  }

  async #sync(line: HostileLine): Promise<void> {
    await this.#fence(line);
    await line.answered();
  }

  async #batch(): Promise<void> {
    if (this.tally.sent < this.#probed + BATCH) return;
    this.#probed = this.tally.sent;
    await this.#probe();
    await this.#options.onBatch?.(this.tally);
  }

  /** A sound OPTIONS on a new connection of the same address gets the answer that it must get. */
  async #probe(): Promise<void> {
    const { secured } = this.#options;
    const { transport } = this.#target;
    // RFC 3261 §11.2: an OPTIONS is answered as an INVITE would be, with 503 while all calls are taken.
    const expected = secured ? (transport === 'tls' ? [401] : [400]) : [200, 503];
    const line = await HostileLine.open(this.#target, this.tally, this.#allowed);
    const answer = await line.ask({ method: 'OPTIONS' });
    if (!expected.includes(answer?.status ?? 0)) line.fault(`an OPTIONS got ${answer?.status ?? 'no answer'}`);
    await line.close();
  }

  async #signer(line: HostileLine): Promise<Signer | null> {
    if (!this.#options.secured || this.#target.transport !== 'tls') return null;
    const challenges = (await line.ask({ method: 'OPTIONS' }))?.headerAll('www-authenticate') ?? [];
    let nc = 0;
    return () =>
      answerChallenge({
        ...{
          challenges,
          username: 'portcullis',
          password: PASSWORD,
          realm: null,
        },
        ...{ method: 'INVITE', uri: TARGET, algorithms: ['SHA-256'], nc: ++nc },
      });
  }
}

type Signer = () => string | null;

const PASSWORD = new Secret('correct horse');
