import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

describe('architecture', () => {
  it('every folder of src has a row in the import table of docs/architecture.md', async () => {
    const text = await readFile('docs/architecture.md', 'utf8');
    const { stdout } = await promisify(execFile)('ls', ['-F', 'src']);
    for (const folder of stdout.split('\n').filter((name) => name.endsWith('/')))
      expect(text).toContain(`| \`${folder}\` |`);
  });

  it('every file that docs/architecture.md and README.md link to exists', async () => {
    for (const [file, base] of [
      ['docs/architecture.md', 'docs/'],
      ['README.md', ''],
    ] as const) {
      const text = await readFile(file, 'utf8');
      const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link]) => `${base}${link ?? ''}`);
      expect(links.length).toBeGreaterThan(5);
      for (const link of links) await expect(promisify(execFile)('test', ['-e', link]), link).resolves.toBeDefined();
    }
  });

  it('process.env is read in one file of src', async () => {
    const { stdout } = await promisify(execFile)('grep', ['-rln', 'process\\.env', 'src']);
    expect(stdout.trim().split('\n')).toEqual(['src/config/environment.ts']);
  });
});
