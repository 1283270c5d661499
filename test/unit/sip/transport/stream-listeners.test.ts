import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Flow } from '../../../../src/sip/transaction/contract.js';
import { type Gate, gate, options, TCP, tcpClient, tlsClient, tlsListener } from './harness.js';

async function expectNothingLeft(gate: Gate): Promise<void> {
  await gate.layer.close();
  expect(gate.layer.connections).toBe(0);
  expect(gate.layer.accepted).toBe(0);
  expect(gate.clock.pending).toBe(0);
}

const callIds = (gate: Gate) => gate.messages.map(({ message }) => message.callId);
const idsOf = (text: string) => [...text.matchAll(/Call-ID: (\S+)/g)].map(([, id]) => id);

describe('a TCP connection', () => {
  it('RFC 3261 §18.2.1: hands up messages with the socket’s two ends as the peer, whatever Via says (threat 84)', async () => {
    const gateway = await gate([TCP]);
    const client = await tcpClient(gateway.port, '127.0.0.2');
    client.write(options());
    await gateway.until(() => gateway.messages.length === 1);
    expect(gateway.messages[0]?.flow.peer).toEqual({
      address: '127.0.0.2',
      port: client.socket.localPort,
      transport: 'tcp',
      listener: 'tcp',
      localAddress: '127.0.0.1',
      localPort: gateway.port,
    });
    await expectNothingLeft(gateway);
    expect(gateway.closed).toEqual([gateway.messages[0]?.flow]);
  });

  it('threat 85: an IPv4 peer of a dual-stack listener is its IPv4 address', async () => {
    const gateway = await gate([{ ...TCP, address: '::' }]);
    const client = await tcpClient(gateway.port);
    client.write(options());
    await gateway.until(() => gateway.messages.length === 1);
    expect(gateway.messages[0]?.flow.peer).toMatchObject({ address: '127.0.0.1', localAddress: '127.0.0.1' });
  });

  it('threat 81: 1,000 pipelined messages are handed up once each, in order', async () => {
    const gateway = await gate([TCP]);
    const client = await tcpClient(gateway.port);
    const batch = Array.from({ length: 1_000 }, () => options()).join('');
    client.write(batch);
    await gateway.until(() => gateway.messages.length >= 1_000);
    expect(callIds(gateway)).toEqual(idsOf(batch));
    expect(new Set(gateway.messages.map(({ flow }) => flow)).size).toBe(1);
  });

  it('threat 81: split at every byte, with pings between, it is the same', async () => {
    const gateway = await gate([TCP]);
    const client = await tcpClient(gateway.port);
    client.socket.setNoDelay(true);
    const batch = `${options([], 'one')}\r\n\r\n${options()}\r\n\r\n`;
    // One write at a time, each on its own way into the kernel.
    for (const byte of batch) await new Promise<void>((sent) => client.socket.write(byte, () => sent()));
    await client.until((text) => text.length >= 4);
    expect(callIds(gateway)).toEqual(idsOf(batch));
    expect(client.text).toBe('\r\n\r\n');
  });

  it('threat 81: any split of any number of messages and pings hands up the same', async () => {
    const gateway = await gate([TCP], { connectionsPerIp: 1_000 });
    const pieces = fc.array(fc.constantFrom('message', 'ping'), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.array(fc.nat(2_000), { maxLength: 8 }), async (kinds, cuts) => {
        const batch = kinds.map((kind) => (kind === 'ping' ? '\r\n\r\n' : options())).join('');
        const pings = kinds.filter((kind) => kind === 'ping').length;
        gateway.messages.length = 0;
        const client = await tcpClient(gateway.port);
        const bounds = [0, ...cuts.filter((cut) => cut < batch.length).sort((a, b) => a - b), batch.length];
        for (let index = 0; index + 1 < bounds.length; index++) {
          const part = batch.slice(bounds[index], bounds[index + 1]);
          if (part !== '') await new Promise<void>((sent) => client.socket.write(part, () => sent()));
        }
        await gateway.until(() => gateway.messages.length >= idsOf(batch).length);
        await client.until((text) => text.length >= 2 * pings);
        expect(callIds(gateway)).toEqual(idsOf(batch));
        expect(client.text).toBe('\r\n'.repeat(pings));
        client.socket.destroy();
      }),
      { numRuns: 25 },
    );
  });

  it('RFC 5626 §3.5.1: a double CRLF is answered with one CRLF', async () => {
    const gateway = await gate([TCP]);
    const client = await tcpClient(gateway.port);
    client.write('\r\n\r\n');
    await client.until((text) => text.length >= 2);
    expect(client.text).toBe('\r\n');
  });

  it('a malformed message in an intact stream is answered 400, and the next one is served', async () => {
    const gateway = await gate([TCP]);
    const client = await tcpClient(gateway.port);
    client.write(options(['From: <sip:other@phone.example>;tag=b']) + options());
    await gateway.until(() => gateway.messages.length === 1);
    await client.until((text) => text.includes('\r\n\r\n'));
    expect(client.text).toMatch(/^SIP\/2\.0 400 /);
    expect(gateway.refusals).toMatchObject([
      { rule: 'sanity', reason: 'SIP_HEADER_DUPLICATE', status: 400, method: 'OPTIONS' },
    ]);
  });

  it('a ban that follows from a refused message cuts the connection', async () => {
    const gateway = await gate([TCP]);
    gateway.screen = () => gateway.refusals.length === 0;
    const client = await tcpClient(gateway.port);
    client.write(options(['From: <sip:other@phone.example>;tag=b']) + options());
    await client.end();
    expect(gateway.messages).toEqual([]);
    expect(gateway.refusals.length).toBe(1);
  });

  it('threats 76–78: a Content-Length that cannot be trusted is answered once and the connection closed', async () => {
    const cases = [
      ['Content-Length: 0\r\n', '', 400],
      ['Content-Length: 0\r\n', 'Content-Length: 99999999999\r\n', 513],
      ['Content-Length: 0\r\n', 'Content-Length: -1\r\n', 400],
      ['Content-Length: 0\r\n', 'Content-Length: 0\r\nl: 0\r\n', 400],
    ] as const;
    for (const [from, to, status] of cases) {
      const gateway = await gate([TCP]);
      const client = await tcpClient(gateway.port);
      client.write(options().replace(from, to) + options());
      const text = await client.end();
      expect(idsOf(text).length).toBe(1);
      expect(text.startsWith(`SIP/2.0 ${status} `), `${to} gives ${text.split('\r\n', 1)[0]}`).toBe(true);
      expect(gateway.refusals).toMatchObject([{ rule: 'framing', status }]);
      expect(gateway.messages).toEqual([]);
      await expectNothingLeft(gateway);
    }
  });

  it('threat 82: what is no SIP is closed without a byte, after the messages before it were served', async () => {
    for (const garbage of [
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n',
      '\x16\x03\x01\x02\x00\x01',
    ]) {
      const gateway = await gate([TCP]);
      const client = await tcpClient(gateway.port);
      client.write(options() + garbage);
      expect(await client.end()).toBe('');
      expect(gateway.messages.length).toBe(1);
      expect(gateway.refusals).toMatchObject([{ rule: 'framing', status: null }]);
    }
  });

  it('a hook that throws ends neither the process nor the connection', async () => {
    const gateway = await gate([TCP]);
    gateway.onMessage = () => {
      throw new Error('boom');
    };
    const client = await tcpClient(gateway.port);
    client.write(options() + options());
    await gateway.until(() => gateway.messages.length === 2);
    expect(client.ended).toBe(false);
  });

  it('a screen that throws is a no', async () => {
    const gateway = await gate([TCP]);
    gateway.screen = () => {
      throw new Error('boom');
    };
    const client = await tcpClient(gateway.port);
    expect(await client.end()).toBe('');
  });
});

describe('screen (threat 87)', () => {
  it('turns a peer away before a byte is read or sent, TLS ServerHello included', async () => {
    for (const listener of [TCP, tlsListener()]) {
      const gateway = await gate([listener]);
      gateway.screen = (peer) => peer.address === '127.0.0.1';
      const client = await tcpClient(gateway.port, '127.0.0.9');
      client.write(listener.transport === 'tcp' ? options() : CLIENT_HELLO);
      expect(await client.end()).toBe('');
      expect(client.socket.bytesRead).toBe(0);
      expect(gateway.screened.map((peer) => peer.address)).toEqual(['127.0.0.9']);
      expect(gateway.messages).toEqual([]);
      expect(gateway.refusals).toEqual([]);
      await expectNothingLeft(gateway);
    }
  });

  it('asks once per connection', async () => {
    const gateway = await gate([tlsListener()]);
    const client = await tlsClient(gateway.port);
    client.write(options() + options());
    await gateway.until(() => gateway.messages.length === 2);
    expect(gateway.screened.length).toBe(1);
  });
});

describe('connection caps (threat 73)', () => {
  it('are per address, larger for trusted ones; a closed connection gives its place back', async () => {
    const gateway = await gate([TCP], { connectionsPerIp: 1, connectionsPerTrustedIp: 2 });
    gateway.trusted = (address) => address === '127.0.0.2';
    const first = await tcpClient(gateway.port);
    expect(await (await tcpClient(gateway.port)).end()).toBe('');
    expect(gateway.refusals).toMatchObject([
      { rule: 'rate', reason: 'connections-per-ip', status: null, method: null },
    ]);
    await tcpClient(gateway.port, '127.0.0.2');
    await tcpClient(gateway.port, '127.0.0.2');
    expect(await (await tcpClient(gateway.port, '127.0.0.2')).end()).toBe('');
    first.socket.destroy();
    await gateway.until(() => gateway.closed.length === 1);
    const again = await tcpClient(gateway.port);
    again.write(options());
    await gateway.until(() => gateway.messages.length === 1);
    await expectNothingLeft(gateway);
  });

  it('are over all addresses too, and count handshakes under way', async () => {
    const gateway = await gate([tlsListener()], { connections: 2 });
    await tcpClient(gateway.port, '127.0.0.2');
    await tcpClient(gateway.port, '127.0.0.3');
    await gateway.until(() => gateway.screened.length === 2);
    expect(gateway.layer.accepted).toBe(2);
    expect(gateway.layer.connections).toBe(0);
    expect(await (await tcpClient(gateway.port, '127.0.0.4')).end()).toBe('');
    expect(gateway.refusals).toMatchObject([{ rule: 'rate', reason: 'connections' }]);
    await expectNothingLeft(gateway);
  });
});

describe('deadlines (threats 73, 74)', () => {
  it('no whole first message in time: closed, though bytes and pings came', async () => {
    for (const bytes of ['', '\r\n\r\n', options().slice(0, -30)]) {
      const gateway = await gate([TCP], { firstMessageMs: 10_000 });
      const client = await tcpClient(gateway.port);
      await gateway.until(() => gateway.screened.length === 1);
      gateway.clock.advance(9_000);
      client.write(`${bytes}`);
      if (bytes.startsWith('\r')) await client.until((text) => text.length === 2);
      expect(client.ended).toBe(false);
      gateway.clock.advance(1_000);
      expect(await client.end()).toBe(bytes.startsWith('\r') ? '\r\n' : '');
      expect(gateway.refusals).toMatchObject([{ rule: 'framing', reason: 'first-message-timeout', status: null }]);
      await expectNothingLeft(gateway);
    }
  });

  it('a later message runs from its first byte; more bytes do not move the deadline', async () => {
    const gateway = await gate([TCP], { completeMessageMs: 20_000 });
    const client = await tcpClient(gateway.port);
    const slow = options();
    client.write(options() + slow.slice(0, 20));
    await gateway.until(() => gateway.messages.length === 1);
    gateway.clock.advance(15_000);
    client.write(slow.slice(20, 60));
    await roundTrip(gateway);
    gateway.clock.advance(4_999);
    expect(gateway.refusals).toEqual([]);
    gateway.clock.advance(1);
    await client.end();
    expect(gateway.refusals).toMatchObject([{ rule: 'framing', reason: 'message-timeout' }]);
    await expectNothingLeft(gateway);
  });

  it('a message that completes in time starts the count anew', async () => {
    const gateway = await gate([TCP], { completeMessageMs: 20_000, idleMs: 30_000 });
    const client = await tcpClient(gateway.port);
    const [second, third] = [options(), options()];
    client.write(options() + second.slice(0, 20));
    await gateway.until(() => gateway.messages.length === 1);
    gateway.clock.advance(15_000);
    client.write(second.slice(20) + third.slice(0, 20));
    await gateway.until(() => gateway.messages.length === 2);
    gateway.clock.advance(15_000);
    client.write(third.slice(20));
    await gateway.until(() => gateway.messages.length === 3);
    gateway.clock.advance(29_999);
    expect(client.ended).toBe(false);
    gateway.clock.advance(1);
    await client.end();
    expect(gateway.refusals).toEqual([]);
  });

  it('idle: a ping moves the deadline, silence closes without a refusal', async () => {
    const gateway = await gate([TCP], { idleMs: 120_000 });
    const client = await tcpClient(gateway.port);
    client.write(options());
    await gateway.until(() => gateway.messages.length === 1);
    gateway.clock.advance(119_000);
    client.write('\r\n\r\n');
    await client.until((text) => text === '\r\n');
    gateway.clock.advance(119_000);
    expect(gateway.layer.connections).toBe(1);
    gateway.clock.advance(1_000);
    await client.end();
    expect(gateway.refusals).toEqual([]);
    await expectNothingLeft(gateway);
  });

  it('idle: a connection that is retained stays until it is released', async () => {
    const gateway = await gate([TCP], { idleMs: 120_000 });
    const client = await tcpClient(gateway.port);
    client.write(options());
    await gateway.until(() => gateway.messages.length === 1);
    const release = gateway.messages[0]?.flow.retain();
    gateway.messages[0]?.flow.retain()();
    gateway.clock.advance(1_000_000);
    expect(gateway.messages[0]?.flow.closed).toBe(false);
    release?.();
    release?.();
    gateway.clock.advance(120_000);
    await client.end();
    await expectNothingLeft(gateway);
  });

  it('a peer that ends its side and does not read the rest is closed soon, retained or not', async () => {
    const gateway = await gate([TCP], { outputBytes: 50_000_000 });
    const client = await tcpClient(gateway.port);
    client.socket.pause();
    client.write(options());
    await gateway.until(() => gateway.messages.length === 1);
    const flow = gateway.messages[0]?.flow as Flow;
    flow.retain();
    expect(flow.send(Buffer.alloc(40_000_000))).toBe(true);
    client.socket.end();
    while (!flow.closed) await new Promise(setImmediate);
    expect(flow.send(Buffer.from('x'))).toBe(false);
    gateway.clock.advance(1_000);
    await gateway.until(() => gateway.closed.length === 1);
    await expectNothingLeft(gateway);
  });
});

describe('sending', () => {
  it('threat 75: to a peer that does not read is cut off at the output cap', async () => {
    const gateway = await gate([TCP], { outputBytes: 100_000 });
    const client = await tcpClient(gateway.port);
    client.socket.pause();
    client.write(options());
    await gateway.until(() => gateway.messages.length === 1);
    const flow = gateway.messages[0]?.flow as Flow;
    const block = Buffer.alloc(50_000, 'x');
    let sent = 0;
    while (flow.send(block)) sent += 1;
    expect(sent).toBeGreaterThan(0);
    expect(sent * block.length).toBeLessThan(20_000_000);
    expect(flow.closed).toBe(true);
    expect(flow.send(block)).toBe(false);
    expect(gateway.refusals).toMatchObject([{ rule: 'framing', reason: 'output-cap', status: null }]);
    await gateway.until(() => gateway.closed.length === 1);
    await expectNothingLeft(gateway);
  });

  it('threat 81: answers far over the output cap reach a peer that pipelines and reads', async () => {
    for (const listener of [TCP, tlsListener()]) {
      const gateway = await gate([listener], { outputBytes: 40_000 });
      const client = await (listener.transport === 'tls' ? tlsClient : tcpClient)(gateway.port);
      gateway.onMessage = ({ callId }, flow) => void flow.send(Buffer.from(`${callId}\n`.padStart(1_000)));
      const batch = Array.from({ length: 1_000 }, () => options()).join('');
      client.write(batch);
      await client.until((text) => text.length >= 1_000_000);
      expect(client.text.trim().split(/\s+/)).toEqual(idsOf(batch));
      expect(gateway.refusals).toEqual([]);
    }
  });

  it('threat 75: a peer that pipelines and does not read is not served on, and cut off in time', async () => {
    const gateway = await gate([TCP], { outputBytes: 40_000_000, completeMessageMs: 20_000, firstMessageMs: 1e9 });
    const client = await tcpClient(gateway.port);
    client.socket.pause();
    gateway.onMessage = (_message, flow) => void flow.send(Buffer.alloc(1_000_000));
    for (let times = 0; times < 100; times++) client.write(options());
    await gateway.until(() => gateway.messages.length > 10);
    await roundTrip(gateway);
    expect(gateway.messages.length).toBeLessThan(40);
    gateway.clock.advance(19_999);
    expect(gateway.refusals).toEqual([]);
    gateway.clock.advance(1);
    await gateway.until(() => gateway.refusals.length === 1);
    expect(gateway.refusals).toMatchObject([{ rule: 'framing', reason: 'output-timeout', status: null }]);
    await expectNothingLeft(gateway);
  });

  it('close does not wait for a peer that does not read', async () => {
    const gateway = await gate([TCP], { outputBytes: 50_000_000 });
    const client = await tcpClient(gateway.port);
    client.socket.pause();
    client.write(options());
    await gateway.until(() => gateway.messages.length === 1);
    gateway.messages[0]?.flow.send(Buffer.alloc(40_000_000));
    const closed = gateway.layer.close();
    gateway.clock.advance(1_000);
    await closed;
    expect(gateway.clock.pending).toBe(0);
  });

  it('close lets what was sent arrive', async () => {
    const gateway = await gate([TCP]);
    const client = await tcpClient(gateway.port);
    client.write(options());
    await gateway.until(() => gateway.messages.length === 1);
    gateway.messages[0]?.flow.send(Buffer.from('last words'));
    await gateway.layer.close();
    expect(await client.end()).toBe('last words');
  });
});

/** A TLS 1.2 record that begins a ClientHello; enough for a server to answer with an alert at least. */
const CLIENT_HELLO = Buffer.from('160301002a0100002603030000', 'hex');

/** Waits until the gateway has read what was written before: another connection's ping comes after it. */
async function roundTrip(gateway: Gate): Promise<void> {
  for (let times = 0; times < 3; times++) {
    const probe = await tcpClient(gateway.port, '127.0.0.7');
    probe.write('\r\n\r\n');
    await probe.until((text) => text === '\r\n');
    probe.socket.destroy();
  }
}
