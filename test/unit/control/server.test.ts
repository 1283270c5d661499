import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { Secret } from '../../../src/base/secret.js';
import { encodeFrame, FrameReader } from '../../../src/control/frames.js';
import { ControlServer } from '../../../src/control/server.js';
import { AUTHENTICATE_MS, secretsEqual } from '../../../src/control/session.js';
import type {
  ApplicationMessage,
  EdgeApplication,
  EdgeOwner,
  EdgeService,
  Outcome,
  RequestSpec,
  ResponseSpec,
} from '../../../src/sip/edge-application.js';
import { FakeClock } from '../../support/fake-clock.js';

const peer = {
  address: '192.0.2.1',
  port: 5060,
  transport: 'tls',
  listener: 'tls',
  localAddress: '192.0.2.9',
  localPort: 5061,
} as const;

/** An edge that records what it is asked. */
class RecordingEdge implements EdgeService {
  readonly responses: [string, ResponseSpec][] = [];
  readonly requests: [string, RequestSpec][] = [];
  readonly acks: [string, RequestSpec][] = [];
  readonly cancels: string[] = [];
  readonly abandoned: EdgeOwner[] = [];
  application: EdgeApplication | null = null;
  outcome: Outcome = {
    kind: 'sent',
    sent: {
      transactionId: 't2',
      dialogId: 'c;from-tag=1',
      conversation: 'c;from-tag=1',
      bytes: Buffer.from('ECHO'),
      peer,
    },
  };

  attach(application: EdgeApplication): void {
    this.application = application;
  }
  addresses() {
    const bound = [
      { name: 'tls', transport: 'tls', address: '::', port: 5061 },
      { name: 'udp', transport: 'udp', address: '10.0.0.1', port: 5060 },
    ] as const;
    return { bound, advertisedHost: 'sip.example' };
  }
  respond(_owner: EdgeOwner, id: string, spec: ResponseSpec): Outcome {
    this.responses.push([id, spec]);
    return this.outcome;
  }
  request(_owner: EdgeOwner, id: string, spec: RequestSpec, done: (outcome: Outcome) => void): void {
    this.requests.push([id, spec]);
    done(this.outcome);
  }
  acknowledge(_owner: EdgeOwner, id: string, spec: RequestSpec): Outcome {
    this.acks.push([id, spec]);
    return this.outcome;
  }
  cancel(_owner: EdgeOwner, id: string): Outcome {
    this.cancels.push(id);
    return this.outcome;
  }
  abandon(owner: EdgeOwner): void {
    this.abandoned.push(owner);
  }
}

/** A client that speaks frames. */
class Client {
  readonly #reader = new FrameReader();
  readonly #frames: string[] = [];
  readonly #events = new EventEmitter();
  readonly closed: Promise<unknown>;

  constructor(readonly socket: Socket) {
    socket.on('error', () => {});
    this.closed = once(socket, 'close');
    socket.on('data', (chunk: Buffer) => {
      for (const payload of this.#reader.push(chunk)) this.#frames.push(payload.toString());
      this.#events.emit('frame');
    });
  }

  say(payload: string): void {
    this.socket.write(encodeFrame(payload));
  }

  /** The next frame without its message id. */
  async next(): Promise<string> {
    while (this.#frames.length === 0) await once(this.#events, 'frame');
    return (this.#frames.shift() ?? '').replace(/^[0-9a-f-]{36}\|/, '');
  }

  async ask(payload: string): Promise<string> {
    this.say(payload);
    return this.next();
  }
}

describe('control server', () => {
  const clock = new FakeClock();
  let edge: RecordingEdge;
  let server: ControlServer;
  let port: number;
  const clients: Client[] = [];

  beforeEach(async () => {
    edge = new RecordingEdge();
    const options = { host: '127.0.0.1', port: 0, secret: new Secret('cymru') };
    server = new ControlServer(options, { edge, log: silentLog, clock });
    ({ port } = await server.start());
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.destroy();
    await server.close();
  });

  async function client(): Promise<Client> {
    const opened = new Client(connect(port, '127.0.0.1'));
    clients.push(opened);
    await once(opened.socket, 'connect');
    return opened;
  }

  async function ready(...verbs: string[]): Promise<Client> {
    const opened = await client();
    expect(await opened.ask('a|authenticate|cymru|')).toContain('|OK|');
    for (const verb of verbs) expect(await opened.ask(`r|route|${verb}`)).toBe('response|r|OK');
    return opened;
  }

  it('drachtio §5: the answer to authenticate has hostports, a version that turns pings on, and the bound addresses', async () => {
    const opened = await client();
    expect(await opened.ask('a|authenticate|cymru|tag')).toBe(
      'response|a|OK|tls/sip.example:5061,udp/sip.example:5060|v0.9.2|tls/[::]:5061,udp/10.0.0.1:5060',
    );
    expect(await opened.ask('p|ping')).toBe('response|p|OK|pong');
  });

  it.each(['wrong', '', 'cymrU', 'cymru '])(
    'a wrong secret %j is refused and the connection closed',
    async (secret) => {
      const opened = await client();
      expect(await opened.ask(`a|authenticate|${secret}|`)).toBe('response|a|NO|incorrect secret');
      await opened.closed;
    },
  );

  it.each(['r|route|invite', 'p|ping', 's|sip|t|\r\nSIP/2.0 200 OK\r\n\r\n', 'x|proxy|t'])(
    'before authenticate %j is refused and the connection closed',
    async (command) => {
      const opened = await client();
      expect(await opened.ask(command)).toMatch(/^response\|.\|NO\|not authenticated$/);
      await opened.closed;
      expect([edge.responses, server.route('INVITE')]).toEqual([[], null]);
    },
  );

  it('commands behind a refused one in the same segment are not obeyed', async () => {
    const opened = await client();
    opened.socket.write(
      Buffer.concat([
        encodeFrame('a|authenticate|wrong|'),
        encodeFrame('a|authenticate|cymru|'),
        encodeFrame('r|route|invite'),
      ]),
    );
    await opened.closed;
    expect(server.route('INVITE')).toBeNull();
  });

  it('who does not authenticate in time is cut off', async () => {
    const opened = await client();
    await ready();
    clock.advance(AUTHENTICATE_MS);
    await opened.closed;
  });

  it.each(['x#', '100000#', '0#'])('drachtio §2: the malformed length %j closes the connection', async (bytes) => {
    const opened = await ready();
    opened.socket.write(bytes);
    await opened.closed;
    expect(edge.abandoned).toHaveLength(1);
  });

  it('drachtio §3: an unknown command is answered NO and closes the connection', async () => {
    const opened = await ready();
    expect(await opened.ask('u|dance')).toBe('response|u|NO|unknown message type');
    await opened.closed;
  });

  it('drachtio §6: new requests go round the applications that route the method', async () => {
    await ready('invite');
    await ready('INVITE', 'options');
    await ready('options');
    const owners = [1, 2, 3, 4].map(() => server.route('INVITE'));
    expect(owners[0]).not.toBe(owners[1]);
    expect([owners[2], owners[3]]).toEqual([owners[0], owners[1]]);
    expect(server.route('MESSAGE')).toBeNull();
  });

  it('drachtio §3: remove_route takes one verb away; a closed application serves nothing', async () => {
    const opened = await ready('invite', 'options');
    expect(await opened.ask('x|remove_route|invite')).toBe('response|x|OK');
    expect(server.route('INVITE')).toBeNull();
    const owner = server.route('OPTIONS');
    expect(owner).not.toBeNull();
    opened.socket.destroy();
    while (edge.abandoned.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect([edge.abandoned, server.route('OPTIONS')]).toEqual([[owner], null]);
  });

  it('drachtio §7: a response becomes respond, the echo carries what was sent', async () => {
    const opened = await ready();
    const echo = await opened.ask('s|sip|t1|\r\nSIP/2.0 180 Ringing\r\nX-A: b\r\n\r\n');
    expect(edge.responses).toEqual([['t1', { status: 180, reason: 'Ringing', headers: [['X-A', 'b']], body: null }]]);
    expect(echo).toMatch(
      /^response\|s\|OK\|application\|4\|tls\|192\.0\.2\.1\|5060\|[0-9:.]+\|t2\|c;from-tag=1\|\|Msg sent:\|\r\nECHO$/,
    );
  });

  it('drachtio §7: a response without transaction id is answered NO and closes the connection', async () => {
    const opened = await ready();
    expect(await opened.ask('s|sip||\r\nSIP/2.0 200 OK\r\n\r\n')).toBe('response|s|NO|transaction id missing');
    await opened.closed;
  });

  it('drachtio §9: sip:placeholder means the remote target, another URI is kept', async () => {
    const opened = await ready();
    await opened.ask('s|sip||d1\r\nBYE sip:placeholder SIP/2.0\r\n\r\n');
    await opened.ask('s|sip||d1\r\nINFO sip:x@y SIP/2.0\r\n\r\nbody');
    expect(edge.requests.map(([id, { method, uri, body }]) => [id, method, uri, body?.toString()])).toEqual([
      ['d1', 'BYE', null, undefined],
      ['d1', 'INFO', 'sip:x@y', 'body'],
    ]);
  });

  it('drachtio §9: ACK and CANCEL have calls of their own', async () => {
    const opened = await ready();
    await opened.ask('s|sip||d1\r\nACK sip:x@y SIP/2.0\r\n\r\n');
    await opened.ask('s|sip|t9|\r\nCANCEL sip:x@y SIP/2.0\r\n\r\n');
    expect([edge.acks.map(([id, { uri }]) => [id, uri]), edge.cancels]).toEqual([[['d1', null]], ['t9']]);
  });

  it.each([
    ['p|proxy|t|||||||sip:x', 'proxying is not supported by this version of the server'],
    [
      'p|sip||\r\nINVITE sip:x SIP/2.0\r\n\r\n',
      'requests outside a dialog are not supported by this version of the server',
    ],
    [
      'p|sip|t|\r\nBYE sip:x SIP/2.0\r\n\r\n',
      'requests outside a dialog are not supported by this version of the server',
    ],
    ['p|sip|t|\r\nnonsense\r\n\r\n', 'invalid sip message'],
  ])('%j is answered NOK in words and the connection stays', async (command, text) => {
    const opened = await ready();
    expect(await opened.ask(command)).toBe(`response|p|NOK|${text}`);
    expect(await opened.ask('p|ping')).toBe('response|p|OK|pong');
  });

  it('what the edge refuses is answered NOK with its reason', async () => {
    const opened = await ready();
    edge.outcome = { kind: 'refused', reason: 'no such dialog' };
    expect(await opened.ask('s|sip||d1\r\nBYE sip:placeholder SIP/2.0\r\n\r\n')).toBe('response|s|NOK|no such dialog');
  });

  it('drachtio §9: the echo comes before a message about the same dialog that is delivered at once', async () => {
    const opened = await ready('invite');
    const owner = server.route('INVITE') as EdgeOwner;
    const ack: ApplicationMessage = {
      source: 'network',
      kind: 'notice',
      method: 'ACK',
      transactionId: 't1',
      dialogId: 'c;from-tag=1',
      conversation: 'c;from-tag=1',
      bytes: Buffer.from('ACK sip:x SIP/2.0\r\n\r\n'),
      peer,
    };
    const chunks: string[] = [];
    opened.socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    opened.say('s|sip|t1|\r\nSIP/2.0 200 OK\r\n\r\n');
    while (edge.responses.length === 0) await new Promise((resolve) => setImmediate(resolve));
    owner.deliver(ack);
    expect(await opened.next()).toContain('Msg sent:');
    expect(await opened.next()).toContain('sip|network|21|tls|192.0.2.1|5060|');
    // drachtio-srf handles all frames of one read without a break: they must not arrive in one.
    expect(chunks).toHaveLength(2);
  });

  it.each(['0.0.0.0', '192.0.2.1', 'localhost', '::'])('does not listen on %s', (host) => {
    const construct = () => new ControlServer({ host, port: 0, secret: new Secret('x') }, { edge, log: silentLog });
    expect(construct).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it.each(['', 'a|b', 'a\nb'])('does not take the secret %j', (secret) => {
    const construct = () =>
      new ControlServer({ host: '::1', port: 0, secret: new Secret(secret) }, { edge, log: silentLog });
    expect(construct).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('a taken port is an error with a code', async () => {
    const second = new ControlServer({ host: '127.0.0.1', port, secret: new Secret('x') }, { edge, log: silentLog });
    await expect(second.start()).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' });
    await second.close();
  });

  it('close cuts applications off and may be called twice', async () => {
    const opened = await ready();
    await Promise.all([server.close(), server.close()]);
    await opened.closed;
    expect(edge.abandoned).toHaveLength(1);
  });

  it('secrets are compared whole', () => {
    expect([secretsEqual('a', 'a'), secretsEqual('a', 'b'), secretsEqual('a', 'aa'), secretsEqual('', '')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});
