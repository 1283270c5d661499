import { createSocket } from 'node:dgram';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface RawTarget {
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly port: number;
  readonly localAddress?: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly branch?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

let count = 0;

/** A SIP request as text, complete unless told otherwise. */
export function sipText(options: RequestOptions = {}): string {
  const {
    method = 'OPTIONS',
    uri = 'sip:12345556789@127.0.0.1',
    from = '<sip:2345550001@example.com>',
    body = '',
  } = options;
  count += 1;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/TCP 127.0.0.1:5099;branch=${options.branch ?? `z9hG4bKraw${process.pid}x${count}`};rport`,
    `From: ${from};tag=raw${count}`,
    `To: ${options.to ?? '<sip:12345556789@example.com>'}`,
    `Call-ID: ${options.callId ?? `raw-${process.pid}-${count}`}`,
    `CSeq: 1 ${method}`,
    'Max-Forwards: 70',
    'Contact: <sip:raw@127.0.0.1:5099>',
    ...(options.headers ?? []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** A plain G.711 offer. */
export function offerText(port: number, address = '127.0.0.1'): string {
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0`,
    'a=rtpmap:0 PCMU/8000',
    '',
  ].join('\r\n');
}

/**
 * Sends bytes and collects what comes back until `done` says so, the connection closes, or `quietMs` pass. For a stream
 * `closed` tells whether the other side ended it, and `answer` may reply once to what has come so far.
 */
export async function exchange(
  target: RawTarget,
  message: string | Buffer,
  done: (text: string) => boolean = (text) => /^SIP\/2\.0 [2-6]\d\d /m.test(text),
  quietMs = 5_000,
  answer?: (text: string) => string | null,
): Promise<{ text: string; closed: boolean }> {
  return target.transport === 'udp'
    ? overUdp(target, message, done, quietMs)
    : overStream(target, message, done, quietMs, answer);
}

function overStream(
  target: RawTarget,
  message: string | Buffer,
  done: (text: string) => boolean,
  quietMs: number,
  answer: ((text: string) => string | null) | undefined,
): Promise<{ text: string; closed: boolean }> {
  const options = {
    host: '127.0.0.1',
    port: target.port,
    ...(target.localAddress === undefined ? {} : { localAddress: target.localAddress }),
  };
  return new Promise((resolve) => {
    let text = '';
    let answered = false;
    const socket: Socket =
      target.transport === 'tls' ? connectTls({ ...options, rejectUnauthorized: false }) : connectTcp(options);
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const timer = setTimeout(() => finish(false), quietMs);
    socket.once(target.transport === 'tls' ? 'secureConnect' : 'connect', () => socket.write(message));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const reply = answered ? null : (answer?.(text) ?? null);
      if (reply !== null) {
        answered = true;
        socket.write(reply);
      }
      if (done(text)) finish(false);
    });
    socket.on('error', () => finish(true));
    socket.on('close', () => finish(true));
  });
}

function overUdp(
  target: RawTarget,
  message: string | Buffer,
  done: (text: string) => boolean,
  quietMs: number,
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = createSocket('udp4');
    const finish = (): void => {
      clearTimeout(timer);
      socket.close();
      resolve({ text, closed: false });
    };
    const timer = setTimeout(finish, quietMs);
    socket.on('message', (chunk) => {
      text += chunk.toString('latin1');
      if (done(text)) finish();
    });
    socket.bind(0, target.localAddress ?? '127.0.0.1', () => socket.send(message, target.port, '127.0.0.1'));
  });
}

/** The ACK of the 200 in `text` to `invite`, or null while there is none. */
export function ackText(invite: string, text: string): string | null {
  const ok = /SIP\/2\.0 200 [^]*?\r\n\r\n/.exec(text)?.[0];
  if (ok === undefined) return null;
  const line = (message: string, name: string): string =>
    new RegExp(`^${name}: .*$`, 'm').exec(message)?.[0].trimEnd() ?? '';
  return [
    'ACK sip:gate@127.0.0.1 SIP/2.0',
    `Via: SIP/2.0/TCP 127.0.0.1:5099;branch=z9hG4bKack${count}`,
    line(invite, 'From'),
    line(ok, 'To'),
    line(invite, 'Call-ID'),
    'CSeq: 1 ACK',
    'Max-Forwards: 70',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
