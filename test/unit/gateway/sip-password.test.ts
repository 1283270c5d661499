import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/base/secret.js';
import { resolveSipPassword } from '../../../src/gateway/sip-password.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'portcullis-'));
});
afterEach(() => rm(home, { recursive: true }));

describe('the SIP password (interfaces section 1)', () => {
  it('takes the configured one', async () => {
    const found = await resolveSipPassword(new Secret('given'), join(home, 'state'), true);
    expect([found.source, found.password.reveal()]).toEqual(['configured', 'given']);
    await expect(stat(join(home, 'state'))).rejects.toThrow();
  });

  it('generates one into a 0600 file of the state directory and keeps it', async () => {
    const state = join(home, 'state');
    const first = await resolveSipPassword(null, state, false);
    const again = await resolveSipPassword(null, state, true);
    expect(first.source).toBe('file');
    expect(first.password.reveal().length).toBeGreaterThanOrEqual(24);
    expect(again.password.reveal()).toBe(first.password.reveal());
    expect((await stat(join(state, 'sip-password'))).mode & 0o777).toBe(0o600);
    expect((await stat(state)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(state, 'sip-password'), 'utf8')).toBe(`${first.password.reveal()}\n`);
  });

  it('refuses an empty file rather than an empty password', async () => {
    await writeFile(join(home, 'sip-password'), '\n');
    await expect(resolveSipPassword(null, home, true)).rejects.toMatchObject({ code: 'SECRET_UNRESOLVED' });
  });

  it('generates one on a terminal, another each time', async () => {
    const [one, two] = await Promise.all([resolveSipPassword(null, null, true), resolveSipPassword(null, null, true)]);
    expect(one.source).toBe('generated');
    expect(one.password.reveal()).not.toBe(two.password.reveal());
  });

  it('fails with neither', async () => {
    await expect(resolveSipPassword(null, null, false)).rejects.toMatchObject({ code: 'SECRET_UNRESOLVED' });
  });

  it('says which file cannot be had', async () => {
    await writeFile(join(home, 'file'), '');
    await expect(resolveSipPassword(null, join(home, 'file'), false)).rejects.toMatchObject({
      code: 'FILE_UNAVAILABLE',
    });
  });
});
