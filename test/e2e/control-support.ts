import { createSocket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import Srf from 'drachtio-srf';
import type { Clock } from '../../src/base/clock.js';
import { systemClock } from '../../src/base/clock.js';
import { DEFAULT_SIP_LIMITS } from '../../src/base/limits.js';
import { silentLog } from '../../src/base/log.js';
import { Secret } from '../../src/base/secret.js';
import { ControlServer } from '../../src/control/server.js';
import { SipEdge } from '../../src/sip/edge.js';
import type { EdgeOptions, EdgePeer, EdgeRefusal, EdgeVerdict } from '../../src/sip/edge-contract.js';
import type { SipRequest } from '../../src/sip/message/types.js';

export const SECRET = 'cymru';
export const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n';

/** What these tests use of drachtio-srf, whose own types leave most of it out. */
export interface AppRequest extends EventEmitter {
  readonly method: string;
  readonly body: string;
  readonly source_address: string;
  readonly receivedOn?: string;
  readonly stackTxnId: string;
  get(name: string): string;
}
export interface AppResponse {
  readonly status: number;
  readonly body: string;
  get(name: string): string;
  send(
    status: number,
    opts?: object | ((error: unknown) => void),
    done?: (error: unknown, sent: AppRequest) => void,
  ): void;
}
export interface AppDialog extends EventEmitter {
  readonly id: string;
  readonly connected: boolean;
  readonly local: { readonly uri: string; readonly contact: string };
  readonly remote: { readonly uri: string; readonly sdp: string };
  destroy(opts?: object): Promise<AppRequest>;
  modify(sdp: string): Promise<string>;
  request(opts: object): Promise<AppResponse>;
}
export interface App extends EventEmitter {
  readonly idle: boolean;
  readonly _dialogs: ReadonlyMap<string, AppDialog>;
  connect(opts: { host: string; port: number; secret: string; reconnect?: object; enablePing?: boolean }): void;
  disconnect(): void;
  invite(handler: (req: AppRequest, res: AppResponse) => void): void;
  options(handler: (req: AppRequest, res: AppResponse) => void): void;
  createUAS(req: AppRequest, res: AppResponse, opts: { localSdp: string; headers?: object }): Promise<AppDialog>;
  request(uri: string, opts: object): Promise<AppRequest>;
  proxyRequest(req: AppRequest, destination: string): Promise<unknown>;
}

export interface Rig {
  readonly edge: SipEdge;
  readonly control: ControlServer;
  readonly controlPort: number;
  readonly udpPort: number;
  readonly tcpPort: number;
  readonly refusals: EdgeRefusal[];
  /** Every request that the policy was asked about. */
  readonly judged: string[];
  app(): Promise<App>;
  udp(): Promise<Ua>;
  tcp(): Promise<Ua>;
  close(): Promise<void>;
}

export interface RigOptions {
  readonly clock?: Clock;
  readonly judge?: (request: SipRequest, peer: EdgePeer) => EdgeVerdict;
  readonly options?: Partial<EdgeOptions>;
}

/** An edge with a UDP and a TCP listener on loopback, and a control server in front of it. */
export async function startRig({ clock = systemClock, judge, options }: RigOptions = {}): Promise<Rig> {
  const refusals: EdgeRefusal[] = [];
  const judged: string[] = [];
  const hooks = {
    screen: () => true,
    trusted: () => true,
    onRefused: (refusal: EdgeRefusal) => void refusals.push(refusal),
    judge: (request: SipRequest, peer: EdgePeer): EdgeVerdict => {
      judged.push(request.method);
      return judge?.(request, peer) ?? { kind: 'accept' };
    },
  };
  const listeners = (['udp', 'tcp'] as const).map((transport) => ({
    name: transport,
    transport,
    address: '127.0.0.1',
    port: 0,
  }));
  const limits = DEFAULT_SIP_LIMITS;
  const edge = new SipEdge(
    { listeners, limits, advertisedHost: null, productToken: 'test/1', ...options },
    { clock, log: silentLog, hooks },
  );
  const [udp, tcp] = await edge.start();
  const control = new ControlServer(
    { host: '127.0.0.1', port: 0, secret: new Secret(SECRET) },
    { edge, log: silentLog },
  );
  const { port: controlPort } = await control.start();
  const closers: (() => void)[] = [];
  const opened = (ua: Ua) => {
    closers.push(() => ua.close());
    return ua;
  };
  return {
    edge,
    control,
    controlPort,
    udpPort: udp?.port ?? 0,
    tcpPort: tcp?.port ?? 0,
    refusals,
    judged,
    app: async () => {
      const app = await connectedApp(controlPort);
      closers.push(() => stopApp(app));
      return app;
    },
    udp: async () => opened(await udpUa(udp?.port ?? 0)),
    tcp: async () => opened(await tcpUa(tcp?.port ?? 0)),
    close: async () => {
      for (const close of closers) close();
      await control.close();
      await edge.close();
    },
  };
}

export function newApp(): App {
  const app = new Srf() as unknown as App;
  app.on('error', () => {});
  return app;
}

export function stopApp(app: App): void {
  try {
    app.disconnect();
  } catch {
    // It was cut off already.
  }
}

async function connectedApp(port: number): Promise<App> {
  const app = newApp();
  app.connect({ host: '127.0.0.1', port, secret: SECRET, reconnect: { maxAttempts: 1 } });
  const [error] = (await once(app, 'connect')) as [Error | null];
  if (error !== null) throw error;
  return app;
}

/** A SIP message as a test sees it. */
export class Seen {
  constructor(readonly text: string) {}

  get startLine(): string {
    return this.text.slice(0, this.text.indexOf('\r\n'));
  }

  get status(): number {
    return this.startLine.startsWith('SIP/2.0 ') ? Number(this.startLine.slice(8, 11)) : 0;
  }

  get method(): string {
    return this.status === 0 ? (this.startLine.split(' ')[0] ?? '') : (this.header('CSeq').split(' ')[1] ?? '');
  }

  header(name: string): string {
    return this.all(name)[0] ?? '';
  }

  all(name: string): string[] {
    const [head = ''] = this.text.split('\r\n\r\n');
    const prefix = `${name.toLowerCase()}:`;
    const lines = head.split('\r\n').filter((line) => line.toLowerCase().startsWith(prefix));
    return lines.map((line) => line.slice(prefix.length).trim());
  }

  get body(): string {
    return this.text.slice(this.text.indexOf('\r\n\r\n') + 4);
  }

  get toTag(): string {
    return /;tag=([^;]+)/.exec(this.header('To'))?.[1] ?? '';
  }
}

/** A user agent that does nothing by itself. */
export interface Ua {
  readonly transport: 'UDP' | 'TCP';
  readonly port: number;
  send(text: string): void;
  /** The next message that `match` accepts, in order of arrival; what it passes over stays. */
  next(match: (message: Seen) => boolean): Promise<Seen>;
  /** All messages so far that nobody took. */
  readonly inbox: Seen[];
  close(): void;
}

function mailbox() {
  const inbox: Seen[] = [];
  const arrivals = new EventEmitter().setMaxListeners(0);
  const next = async (match: (message: Seen) => boolean): Promise<Seen> => {
    for (;;) {
      const index = inbox.findIndex(match);
      if (index >= 0) return inbox.splice(index, 1)[0] as Seen;
      await once(arrivals, 'message');
    }
  };
  const put = (text: string) => {
    inbox.push(new Seen(text));
    arrivals.emit('message');
  };
  return { inbox, next, put };
}

async function udpUa(serverPort: number): Promise<Ua> {
  const socket = createSocket('udp4');
  const { inbox, next, put } = mailbox();
  socket.on('message', (bytes) => put(bytes.toString()));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  let open = true;
  return {
    transport: 'UDP',
    port: socket.address().port,
    send: (text) => socket.send(text, serverPort, '127.0.0.1'),
    next,
    inbox,
    close: () => {
      if (open) socket.close();
      open = false;
    },
  };
}

async function tcpUa(serverPort: number): Promise<Ua> {
  const socket = connect(serverPort, '127.0.0.1');
  const { inbox, next, put } = mailbox();
  let held = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk]);
    for (let end = held.indexOf('\r\n\r\n'); end >= 0; end = held.indexOf('\r\n\r\n')) {
      const length = Number(/content-length:\s*(\d+)/i.exec(held.toString('utf8', 0, end))?.[1] ?? 0);
      if (held.length < end + 4 + length) return;
      put(held.toString('utf8', 0, end + 4 + length));
      held = held.subarray(end + 4 + length);
    }
  });
  await once(socket, 'connect');
  return {
    transport: 'TCP',
    port: socket.localPort ?? 0,
    send: (text) => void socket.write(text),
    next,
    inbox,
    close: () => socket.destroy(),
  };
}

export interface RequestOptions {
  readonly callId: string;
  readonly cseq?: number;
  readonly toTag?: string;
  readonly fromTag?: string;
  readonly uri?: string;
  readonly branch?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly contact?: string | null;
}

let branches = 0;

/** A request of the UA's, for sending. */
export function request(ua: Ua, method: string, options: RequestOptions): string {
  const { callId, cseq = 1, toTag, fromTag = 'a1', body = '' } = options;
  const transport = ua.transport === 'UDP' ? '' : ';transport=tcp';
  const contact = options.contact === undefined ? `<sip:alice@127.0.0.1:${ua.port}${transport}>` : options.contact;
  return [
    `${method} ${options.uri ?? 'sip:bot@gateway.example'} SIP/2.0`,
    `Via: SIP/2.0/${ua.transport} 127.0.0.1:${ua.port};branch=${options.branch ?? `z9hG4bK${++branches}`};rport`,
    'Max-Forwards: 70',
    `From: "Alice" <sip:alice@example.com>;tag=${fromTag}`,
    `To: <sip:bot@gateway.example>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    ...(contact === null ? [] : [`Contact: ${contact}`]),
    ...(options.headers ?? []),
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** A response of the UA's to a request it got. */
export function response(to: Seen, status: number, reason: string, headers: readonly string[] = [], body = ''): string {
  const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].flatMap((name) =>
    to.all(name).map((value) => `${name}: ${value}`),
  );
  return [
    `SIP/2.0 ${status} ${reason}`,
    ...copied,
    ...headers,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

export const final = (method: string) => (message: Seen) => message.status >= 200 && message.method === method;
export const incoming = (method: string) => (message: Seen) => message.status === 0 && message.method === method;

/** Resolves when `check` holds, looking again after every turn of the event loop. */
export async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setImmediate(resolve));
}
