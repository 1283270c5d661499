import { execFile } from 'node:child_process';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../../src/base/errors.js';
import { serverContext } from '../../../../src/sip/transport/tls-settings.js';
import { makeServerCert } from '../../../support/pki.js';
import { Client, type Gate, gate, options, tcpClient, tlsClient, tlsListener } from './harness.js';

async function expectRefused(gateway: Gate, settings: ConnectionOptions): Promise<void> {
  await expect(tlsClient(gateway.port, settings)).rejects.toThrow();
  await gateway.until(() => gateway.refusals.length === 1);
  expect(gateway.refusals).toMatchObject([{ rule: 'framing', reason: 'tls-handshake', status: null, method: null }]);
  expect(gateway.layer.connections).toBe(0);
}

describe('the TLS listener', () => {
  it('RFC 9325 §3.1: speaks TLS 1.3, and TLS 1.2 with forward-secret AEAD', async () => {
    const gateway = await gate([tlsListener()]);
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const client = await tlsClient(gateway.port, { maxVersion });
      const socket = client.socket as TLSSocket;
      expect(socket.getProtocol()).toBe(maxVersion);
      expect(socket.getCipher().name).toMatch(/^(TLS_|ECDHE-ECDSA-).*(GCM|POLY1305)/);
      client.write(options());
    }
    await gateway.until(() => gateway.messages.length === 2);
    expect(gateway.messages[0]?.flow).toMatchObject({ reliable: true, peer: { transport: 'tls', listener: 'tls' } });
  });

  it('threat 68: refuses TLS 1.0 and 1.1', async () => {
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      // The client is told to allow what its own policy would forbid, so that the refusal is the server's.
      const gateway = await gate([tlsListener()]);
      const settings = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
      await expect(tlsClient(gateway.port, settings)).rejects.toThrow(/alert protocol version/);
      await gateway.until(() => gateway.refusals.length === 1);
    }
  });

  it('threat 68: refuses CBC, static RSA and NULL suites of TLS 1.2', async () => {
    const rsa = makeServerCert(['DNS:gateway.example'], 'rsa');
    for (const [cipher, material] of [
      ['ECDHE-ECDSA-AES256-SHA384', makeServerCert()],
      ['ECDHE-ECDSA-AES128-SHA', makeServerCert()],
      ['ECDHE-ECDSA-NULL-SHA', makeServerCert()],
      ['ECDHE-RSA-AES128-SHA256', rsa],
      ['AES128-GCM-SHA256', rsa],
      ['DHE-RSA-AES128-GCM-SHA256', rsa],
    ] as const) {
      const gateway = await gate([{ ...tlsListener(), tls: material }]);
      await expectRefused(gateway, { ca: material.cert, maxVersion: 'TLSv1.2', ciphers: `${cipher}:@SECLEVEL=0` });
    }
    const served = await gate([{ ...tlsListener(), tls: rsa }]);
    await tlsClient(served.port, { ca: rsa.cert, maxVersion: 'TLSv1.2' });
  });

  it('threat 72: refuses renegotiation', async () => {
    const gateway = await gate([tlsListener()]);
    const client = await tlsClient(gateway.port, { maxVersion: 'TLSv1.2' });
    const socket = client.socket as TLSSocket;
    const outcome = await new Promise<string>((resolve) => {
      socket.once('error', () => resolve('refused'));
      socket.once('close', () => resolve('refused'));
      socket.renegotiate({ rejectUnauthorized: false }, (error) =>
        resolve(error === null ? 'renegotiated' : 'refused'),
      );
    });
    expect(outcome).toBe('refused');
  });

  it('RFC 9325 §3.4: offers no session to resume', async () => {
    const gateway = await gate([tlsListener()]);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const sessions: Buffer[] = [];
      const first = await tlsClient(gateway.port, { maxVersion });
      first.socket.on('session', (session: Buffer) => sessions.push(session));
      first.write('\r\n\r\n');
      await first.until((text) => text.length === 2);
      const [session] = [...sessions, (first.socket as TLSSocket).getSession()];
      const again = await tlsClient(gateway.port, { maxVersion, ...(session === undefined ? {} : { session }) });
      expect((again.socket as TLSSocket).isSessionReused()).toBe(false);
    }
  });

  it('threat 72: a handshake that does not finish is cut off after handshakeMs', async () => {
    const gateway = await gate([tlsListener()], { handshakeMs: 5_000 });
    const client = await tcpClient(gateway.port);
    await gateway.until(() => gateway.screened.length === 1);
    gateway.clock.advance(4_999);
    expect(gateway.layer.accepted).toBe(1);
    gateway.clock.advance(1);
    expect(await client.end()).toBe('');
    expect(gateway.refusals).toMatchObject([{ rule: 'framing', reason: 'tls-handshake-timeout' }]);
    await gateway.layer.close();
    expect(gateway.layer.accepted).toBe(0);
    expect(gateway.clock.pending).toBe(0);
  });

  it('threat 82: plain SIP or HTTP on the TLS port is refused without SIP', async () => {
    const gateway = await gate([tlsListener()]);
    const client = await tcpClient(gateway.port);
    client.write(options());
    expect(await client.end()).not.toContain('SIP/2.0');
    await gateway.until(() => gateway.refusals.length === 1);
    expect(gateway.refusals).toMatchObject([{ rule: 'framing', reason: 'tls-handshake' }]);
  });

  it('a peer that only connects and goes (a health check) is no refusal', async () => {
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const gateway = await gate([tlsListener()]);
      const client = await tcpClient(gateway.port);
      await gateway.until(() => gateway.screened.length === 1);
      client.socket[leave]();
      await client.end();
      await gateway.vacant();
      expect(gateway.refusals).toEqual([]);
      expect(gateway.clock.pending).toBe(0);
    }
  });

  it('threat 75: a TLS peer that does not read is cut off too', async () => {
    const gateway = await gate([tlsListener()], { outputBytes: 100_000 });
    const client = await tlsClient(gateway.port);
    client.socket.pause();
    client.write(options());
    await gateway.until(() => gateway.messages.length === 1);
    const flow = gateway.messages[0]?.flow;
    let sent = 0;
    while (flow?.send(Buffer.alloc(50_000)) === true && sent < 1_000) sent += 1;
    expect(sent).toBeLessThan(1_000);
    await gateway.layer.close();
    expect(gateway.layer.connections).toBe(0);
    expect(gateway.layer.accepted).toBe(0);
  });

  it('fault 13: new material serves new connections, old ones stay; a bad pair changes nothing', async () => {
    const gateway = await gate([tlsListener()]);
    const other = makeServerCert(['DNS:rotated.example', 'IP:127.0.0.1']);
    const old = await tlsClient(gateway.port);
    expect(() => gateway.layer.setSecureContext('tls', { cert: other.cert, key: makeServerCert().key })).toThrow();
    await tlsClient(gateway.port);
    gateway.layer.setSecureContext('tls', other);
    await tlsClient(gateway.port, { ca: other.cert, servername: 'rotated.example' });
    await expect(tlsClient(gateway.port)).rejects.toThrow();
    old.write(options());
    await gateway.until(() => gateway.messages.length === 1);
  });

  it('openssl: no SSLv3-to-1.1 and no compression', async () => {
    const gateway = await gate([tlsListener()]);
    const probe = (...extra: string[]) =>
      new Promise<string>((resolve) => {
        const args = ['s_client', '-connect', `127.0.0.1:${gateway.port}`, ...extra];
        const child = execFile('openssl', args, (_error, stdout, stderr) => resolve(stdout + stderr));
        child.stdin?.end();
      });
    expect(await probe('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')).toContain('Cipher is (NONE)');
    const modern = await probe('-tls1_2', '-comp');
    expect(modern).toContain('Compression: NONE');
    expect(modern).toMatch(/Cipher is ECDHE-ECDSA-(AES|CHACHA)/);
  });
});

describe('serverContext', () => {
  const code = (task: () => unknown) => {
    try {
      task();
    } catch (error) {
      return codeOf(error);
    }
    return null;
  };

  it('takes a pair and refuses what is none, with TLS_MATERIAL', () => {
    const { cert, key } = makeServerCert();
    const other = makeServerCert(['DNS:other.example']);
    expect(code(() => serverContext({ cert, key }))).toBeNull();
    expect(code(() => serverContext({ cert, key: other.key }))).toBe('TLS_MATERIAL');
    expect(code(() => serverContext({ cert: key, key }))).toBe('TLS_MATERIAL');
    expect(code(() => serverContext({ cert, key: '' }))).toBe('TLS_MATERIAL');
    expect(code(() => serverContext(undefined))).toBe('TLS_MATERIAL');
  });
});

describe('TLS within TLS', () => {
  it('threat 82: a ClientHello inside the channel closes it without an answer', async () => {
    const gateway = await gate([tlsListener()]);
    const outer = await tlsClient(gateway.port);
    const inner = new Client(connectTls({ socket: outer.socket, rejectUnauthorized: false }));
    expect(await inner.end()).toBe('');
    await gateway.until(() => gateway.refusals.length === 1);
    expect(gateway.refusals).toMatchObject([{ rule: 'framing', status: null }]);
  });
});
