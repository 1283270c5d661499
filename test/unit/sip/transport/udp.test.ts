import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { gate, options, UDP, udpClient, atEnd } from './harness.js';

describe('the UDP listener', () => {
  it('RFC 3581 §4: hands up a datagram with its source as the peer, and answers go back there', async () => {
    const gateway = await gate([UDP]);
    gateway.onMessage = (_message, flow) => flow.send(Buffer.from('answer'));
    const client = await udpClient();
    client.socket.send(options(), gateway.port, '127.0.0.1');
    expect(await client.next()).toBe('answer');
    const flow = gateway.messages[0]?.flow;
    expect(flow).toMatchObject({ reliable: false, closed: false });
    expect(flow?.peer).toEqual({
      address: '127.0.0.1',
      port: client.port,
      transport: 'udp',
      listener: 'udp',
      localAddress: '127.0.0.1',
      localPort: gateway.port,
    });
  });

  it('threat 92: a datagram that screen turns away is not parsed and brings no byte back', async () => {
    const gateway = await gate([UDP]);
    const client = await udpClient();
    gateway.screen = (peer) => peer.port !== client.port;
    client.socket.send(options(['From: <sip:twice@x>;tag=b']), gateway.port, '127.0.0.1');
    client.socket.send(options(), gateway.port, '127.0.0.1');
    await gateway.until(() => gateway.screened.length === 2);
    expect(gateway.messages).toEqual([]);
    expect(gateway.refusals).toEqual([]);
    // A screened-in peer is served after them; had the first been answered, the answer would be here by now.
    gateway.screen = () => true;
    gateway.onMessage = (_message, flow) => flow.send(Buffer.from('first'));
    client.socket.send(options(), gateway.port, '127.0.0.1');
    expect(await client.next()).toBe('first');
  });

  it('RFC 3261 §7.5: keepalives are ignored, line ends before a message too', async () => {
    const gateway = await gate([UDP]);
    const client = await udpClient();
    for (const junk of ['\r\n\r\n', '\n', '']) client.socket.send(junk, gateway.port, '127.0.0.1');
    client.socket.send(`\r\n${options()}`, gateway.port, '127.0.0.1');
    await gateway.until(() => gateway.messages.length === 1);
    expect(gateway.refusals).toEqual([]);
  });

  it('a malformed request is answered 400 at its source', async () => {
    const gateway = await gate([UDP]);
    const client = await udpClient();
    client.socket.send(options(['From: <sip:twice@x>;tag=b', `X-Long: ${'x'.repeat(200)}`]), gateway.port, '127.0.0.1');
    expect(await client.next()).toMatch(/^SIP\/2\.0 400 /);
    expect(gateway.refusals).toMatchObject([{ rule: 'sanity', status: 400, peer: { port: client.port } }]);
  });

  it('threat 92: a refusal is never bigger than what it refuses; noise is never answered', async () => {
    const gateway = await gate([UDP]);
    const client = await udpClient();
    const tiny = 'X a:b SIP/2.0\r\nv:SIP/2.0/UDP h;rport\r\nf:a:b\r\nt:a:b\r\ni:1\r\nCSeq:1 X\r\nl:9\r\n\r\n';
    client.socket.send(tiny, gateway.port, '127.0.0.1');
    client.socket.send('\0\x01\0\0!\x12\xa4B', gateway.port, '127.0.0.1');
    await gateway.until(() => gateway.refusals.length === 2);
    expect(gateway.refusals.map(({ status }) => status)).toEqual([null, null]);
    gateway.onMessage = (_message, flow) => flow.send(Buffer.from('first'));
    client.socket.send(options(), gateway.port, '127.0.0.1');
    expect(await client.next()).toBe('first');
  });

  it('threat 85: on all addresses, the local address is that of the route and IPv4 peers are IPv4', async () => {
    for (const address of ['0.0.0.0', '::']) {
      const gateway = await gate([{ ...UDP, address }]);
      gateway.onMessage = (_message, flow) => flow.send(Buffer.from('answer'));
      const client = await udpClient();
      client.socket.send(options(), gateway.port, '127.0.0.1');
      expect(await client.next()).toBe('answer');
      expect(gateway.messages[0]?.flow.peer).toMatchObject({ address: '127.0.0.1', localAddress: '127.0.0.1' });
    }
  });

  it('RFC 3261 §18: IPv6 peers are served over IPv6', async () => {
    const gateway = await gate([{ ...UDP, address: '::1' }]);
    gateway.onMessage = (_message, flow) => flow.send(Buffer.from('answer'));
    const client = createSocket('udp6');
    atEnd(() => void client.close());
    const answered = once(client, 'message');
    client.send(options(), gateway.port, '::1');
    expect(String((await answered)[0])).toBe('answer');
    expect(gateway.messages[0]?.flow.peer).toMatchObject({ address: '::1', localAddress: '::1' });
  });

  it('flows find the listener by name and family, and die with it', async () => {
    const gateway = await gate([UDP]);
    const client = await udpClient();
    const peer = {
      address: '127.0.0.1',
      port: client.port,
      transport: 'udp',
      listener: 'udp',
      localAddress: '127.0.0.1',
      localPort: 1,
    } as const;
    const flow = gateway.layer.flowTo(peer);
    expect(flow?.send(Buffer.from('hello'))).toBe(true);
    expect(await client.next()).toBe('hello');
    expect(gateway.layer.flowTo({ ...peer, listener: 'other' })).toBeNull();
    expect(gateway.layer.flowTo({ ...peer, address: '::1' })).toBeNull();
    const connected = await gateway.layer.connect({ transport: 'udp', address: '127.0.0.1', port: client.port });
    expect(connected.id).toBe(flow?.id);
    await gateway.layer.close();
    expect([flow?.closed, flow?.send(Buffer.from('late'))]).toEqual([true, false]);
    expect(gateway.layer.flowTo(peer)).toBeNull();
    expect(gateway.clock.pending).toBe(0);
  });
});
