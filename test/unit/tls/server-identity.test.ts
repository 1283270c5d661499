import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/base/log.js';
import { loadOrCreateServerIdentity, type ServerIdentityOptions } from '../../../src/tls/server-identity.js';
import { FakeClock } from '../../support/fake-clock.js';
import { TestCa } from '../../support/pki-egress.js';

const DAY_MS = 86_400_000;
let directory: string;
let stateDir: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'portcullis-identity-'));
  stateDir = join(directory, 'a', 'state');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const load = (more: Partial<ServerIdentityOptions> = {}, clock = new FakeClock()) =>
  loadOrCreateServerIdentity(
    { stateDir, keyStore: null, names: ['gateway.example', '192.0.2.7'], ...more },
    { clock, log: silentLog },
  );

const file = (): string => join(stateDir, 'server-identity.pem');

describe('loadOrCreateServerIdentity', () => {
  it('makes a self-signed identity and keeps it: file 0600 in a directory 0700', async () => {
    const identity = await load();
    expect(identity.selfSigned).toBe(true);
    const cert = new X509Certificate(identity.cert);
    expect(cert.subjectAltName).toBe('DNS:gateway.example, IP Address:192.0.2.7');
    expect(identity.fingerprint256).toBe(cert.fingerprint256);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(readdirSync(stateDir)).toEqual(['server-identity.pem']);
  });

  it('gives the same identity again', async () => {
    const first = await load();
    expect(await load()).toEqual(first);
    expect(await load({ names: ['192.0.2.7'] })).toEqual(first);
  });

  it.each([
    ['it has run out', {}, 826],
    ['a name was added', { names: ['gateway.example', '192.0.2.7', 'new.example'] }, 0],
    ['an address was added', { names: ['gateway.example', '192.0.2.8'] }, 0],
  ])('makes another one when %s', async (_name, more, days) => {
    const first = await load();
    const clock = new FakeClock();
    clock.advance(days * DAY_MS);
    const second = await load(more, clock);
    expect(second.fingerprint256).not.toBe(first.fingerprint256);
    expect(await load(more, clock)).toEqual(second);
  });

  it('keeps the old one until its last day', async () => {
    const first = await load();
    const clock = new FakeClock();
    clock.advance(824 * DAY_MS);
    expect(await load({}, clock)).toEqual(first);
  });

  it('without a state directory stays in memory', async () => {
    const first = await load({ stateDir: null });
    expect((await load({ stateDir: null })).fingerprint256).not.toBe(first.fingerprint256);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('takes the operator’s key store as it is, and writes nothing', async () => {
    const leaf = new TestCa('ca').issue(['other.example']);
    const keyStore = { bytes: Buffer.from(leaf.key + leaf.cert), type: 'PEM', passphrase: null } as const;
    expect(await load({ keyStore })).toMatchObject({ cert: leaf.cert, key: leaf.key, selfSigned: false });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('refuses a key store without a key', async () => {
    const keyStore = { bytes: Buffer.from(new TestCa('ca').cert), type: 'PEM', passphrase: null } as const;
    await expect(load({ keyStore })).rejects.toMatchObject({ code: 'TLS_MATERIAL' });
  });

  it.each([0o640, 0o604, 0o660])('refuses a kept key with mode %o', async (mode) => {
    await load();
    chmodSync(file(), mode);
    await expect(load()).rejects.toMatchObject({
      code: 'TLS_MATERIAL',
      message: expect.stringContaining('0600') as string,
    });
  });

  it('refuses a kept file that is a link, broken or too large, and does not overwrite it', async () => {
    mkdirSync(stateDir, { recursive: true });
    for (const [content, code] of [
      ['half', 'TLS_FORMAT'],
      ['x'.repeat(65_537), 'TLS_MATERIAL'],
    ]) {
      writeFileSync(file(), content ?? '', { mode: 0o600 });
      await expect(load()).rejects.toMatchObject({ code });
      expect(readFileSync(file(), 'utf8')).toBe(content);
      rmSync(file());
    }
    writeFileSync(join(directory, 'elsewhere'), '', { mode: 0o600 });
    symlinkSync(join(directory, 'elsewhere'), file());
    await expect(load()).rejects.toMatchObject({
      code: 'FILE_UNAVAILABLE',
      message: expect.stringContaining('ELOOP') as string,
    });
  });

  it('reports a state directory that cannot be made', async () => {
    writeFileSync(join(directory, 'a'), '');
    await expect(load()).rejects.toMatchObject({ code: 'FILE_UNAVAILABLE' });
  });
});
