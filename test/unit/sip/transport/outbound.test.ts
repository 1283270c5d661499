import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../../src/base/errors.js';
import { makeServerCert } from '../../../support/pki.js';
import { atEnd, Gate, gate, options, TCP, tlsListener, UDP } from './harness.js';

const codeFrom = (attempt: Promise<unknown>) => attempt.then(() => null, codeOf);

describe('connect', () => {
  it('opens a TCP connection over which messages go both ways', async () => {
    const there = await gate([TCP]);
    const here = await gate([]);
    there.onMessage = (_message, flow) => flow.send(Buffer.from(options()));
    const flow = await here.layer.connect({ transport: 'tcp', address: '127.0.0.1', port: there.port });
    expect(flow.peer).toMatchObject({ address: '127.0.0.1', port: there.port, listener: 'outbound', transport: 'tcp' });
    expect(flow.send(Buffer.from(options()))).toBe(true);
    await here.until(() => here.messages.length === 1);
    expect(here.messages[0]?.flow).toBe(flow);
    expect(here.layer.flowTo(flow.peer)).toBe(flow);
    await here.layer.close();
    expect(flow.closed).toBe(true);
    expect(here.closed).toEqual([flow]);
    expect(here.layer.flowTo(flow.peer)).toBeNull();
    expect(here.clock.pending).toBe(0);
  });

  it('has no first-message deadline: we speak first there', async () => {
    const there = await gate([TCP], { firstMessageMs: 1e9 });
    const here = await gate([], { firstMessageMs: 10_000, idleMs: 120_000 });
    const flow = await here.layer.connect({ transport: 'tcp', address: '127.0.0.1', port: there.port });
    here.clock.advance(119_999);
    expect(flow.closed).toBe(false);
    here.clock.advance(1);
    expect(flow.closed).toBe(true);
  });

  it('RFC 5922 §7.2: TLS takes a certificate that names the domain asked for', async () => {
    const there = await gate([tlsListener()]);
    const here = await gate([]);
    const target = { transport: 'tls', address: '127.0.0.1', port: there.port } as const;
    const ca = makeServerCert().cert;
    for (const servername of ['gateway.example', 'GATEWAY.example', '127.0.0.1']) {
      const flow = await here.layer.connect({ ...target, tls: { servername, ca } });
      expect(flow.reliable).toBe(true);
    }
    expect(here.layer.connections).toBe(3);
  });

  it('threat 71: wrong name, unknown authority and plain TCP behind are refused; nothing is sent and none is reused', async () => {
    const there = await gate([tlsListener()]);
    const plain = await gate([TCP]);
    const here = await gate([]);
    const target = { transport: 'tls', address: '127.0.0.1', port: there.port } as const;
    const ca = makeServerCert().cert;
    await here.layer.connect({ ...target, tls: { servername: 'gateway.example', ca } });
    for (const tls of [
      { servername: 'evil.example', ca },
      { servername: 'common.example', ca },
      { servername: '127.0.0.2', ca },
      { servername: '', ca },
      { servername: 'gateway.example' },
    ]) {
      expect(await codeFrom(here.layer.connect({ ...target, tls }))).toBe('EGRESS_TLS');
    }
    const insecure = here.layer.connect({ ...target, port: plain.port, tls: { servername: 'gateway.example', ca } });
    expect(await codeFrom(insecure)).toBe('EGRESS_TLS');
    expect(await codeFrom(here.layer.connect(target))).toBe('TLS_MATERIAL');
    expect(here.layer.connections).toBe(1);
    expect(there.messages).toEqual([]);
    await here.layer.close();
    expect(here.clock.pending).toBe(0);
  });

  it('a verification that was switched off takes any certificate', async () => {
    const there = await gate([tlsListener()]);
    const here = await gate([]);
    const tls = { servername: 'evil.example', rejectUnauthorized: false };
    const flow = await here.layer.connect({ transport: 'tls', address: '127.0.0.1', port: there.port, tls });
    expect(flow.closed).toBe(false);
  });

  it('a refused port, a name instead of an address and a missing UDP listener are SIP_TRANSPORT', async () => {
    const there = await gate([TCP]);
    const here = await gate([]);
    await there.layer.close();
    const target = { transport: 'tcp', address: '127.0.0.1', port: there.port } as const;
    expect(await codeFrom(here.layer.connect(target))).toBe('SIP_TRANSPORT');
    expect(await codeFrom(here.layer.connect({ ...target, address: 'localhost' }))).toBe('SIP_TRANSPORT');
    expect(await codeFrom(here.layer.connect({ ...target, transport: 'udp' }))).toBe('SIP_TRANSPORT');
    await here.layer.close();
    expect(await codeFrom(here.layer.connect(target))).toBe('SIP_TRANSPORT');
    expect(here.clock.pending).toBe(0);
  });

  it('a handshake that does not finish is given up after handshakeMs, or when the layer closes', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    atEnd(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const target = { transport: 'tls', address: '127.0.0.1', port, tls: { servername: 'gateway.example' } } as const;
    for (const end of ['deadline', 'close'] as const) {
      const here = await gate([], { handshakeMs: 5_000 });
      const connecting = codeFrom(here.layer.connect(target));
      await once(silent, 'connection');
      if (end === 'deadline') here.clock.advance(5_000);
      else await here.layer.close();
      expect(await connecting).toBe('SIP_TRANSPORT');
      expect(here.clock.pending).toBe(0);
      expect(here.layer.connections).toBe(0);
    }
  });
});

describe('start and close', () => {
  it('start says what is bound, one entry per listener', async () => {
    const gateway = await gate([TCP, UDP, tlsListener()]);
    expect(gateway.bound.map(({ name, transport }) => [name, transport])).toEqual([
      ['tcp', 'tcp'],
      ['udp', 'udp'],
      ['tls', 'tls'],
    ]);
    for (const { address, port } of gateway.bound) {
      expect(address).toBe('127.0.0.1');
      expect(port).toBeGreaterThan(0);
    }
  });

  it('a port that is taken is PORT_UNAVAILABLE, and the others are closed again', async () => {
    const taken = await gate([TCP]);
    const free = await gate([TCP]);
    await free.layer.close();
    const listeners = [
      { ...TCP, name: 'free', port: free.port },
      { ...TCP, name: 'taken', port: taken.port },
    ];
    expect(await codeFrom(gate(listeners))).toBe('PORT_UNAVAILABLE');
    const again = await gate([{ ...TCP, port: free.port }]);
    expect(again.port).toBe(free.port);
  });

  it('an address that is not ours is PORT_UNAVAILABLE over UDP too; bad material is TLS_MATERIAL', async () => {
    expect(await codeFrom(gate([{ ...UDP, address: '203.0.113.1' }]))).toBe('PORT_UNAVAILABLE');
    expect(await codeFrom(gate([{ ...TCP, transport: 'tls' }]))).toBe('TLS_MATERIAL');
  });

  it('a close that comes during start leaves nothing open', async () => {
    const gateway = new Gate([TCP, { ...TCP, name: 'second' }, UDP]);
    const starting = codeFrom(gateway.layer.start());
    await gateway.layer.close();
    expect(await starting).toBe('SIP_TRANSPORT');
    expect(await codeFrom(gateway.layer.connect({ transport: 'tcp', address: '127.0.0.1', port: 1 }))).toBe(
      'SIP_TRANSPORT',
    );
  });

  it('close is idempotent, and a layer that never started closes too', async () => {
    const idle = new Gate([TCP]);
    await Promise.all([idle.layer.close(), idle.layer.close()]);
    const started = await gate([TCP]);
    await Promise.all([started.layer.close(), started.layer.close()]);
    await started.layer.close();
    expect([idle, started].map(({ clock }) => clock.pending)).toEqual([0, 0]);
  });
});
