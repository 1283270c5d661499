import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

/** Licences of what may be shipped. */
const ALLOWED = /^(MIT|0BSD|BSD-[234]-Clause|BSD|ISC|Apache-2\.0|BlueOak-1\.0\.0|CC0-1\.0|MPL-2\.0|Python-2\.0)$/;

/** Packages whose licence stands in their text and not in their package.json. */
const STATED_ELSEWHERE: Readonly<Record<string, string>> = { 'node_modules/only': 'MIT' };

interface LockedPackage {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly license?: string;
}

/** SPDX expressions: one alternative of `OR`, every part of `AND`. */
function isAllowed(licence: string): boolean {
  const bare = licence.replace(/[()]/g, '');
  return bare.split(' OR ').some((choice) => choice.split(' AND ').every((part) => ALLOWED.test(part.trim())));
}

describe('what we ship', () => {
  it('has a licence that we may ship', async () => {
    const lock = JSON.parse(await readFile('package-lock.json', 'utf8')) as { packages: Record<string, LockedPackage> };
    const shipped = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    expect(shipped.length).toBeGreaterThan(10);
    const wrong: string[] = [];
    for (const [path, { license }] of shipped) {
      const manifest = JSON.parse(await readFile(`${path}/package.json`, 'utf8')) as LockedPackage;
      const named = license ?? manifest.license ?? STATED_ELSEWHERE[path] ?? 'none';
      if (!isAllowed(named)) wrong.push(`${path}: ${named}`);
    }
    expect(wrong).toEqual([]);
  });

  it('has a lock file without download addresses', async () => {
    expect(await readFile('package-lock.json', 'utf8')).not.toContain('"resolved": "http');
  });
});
