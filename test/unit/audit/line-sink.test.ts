import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineSink } from '../../../src/audit/line-sink.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'portcullis-'));
});
afterEach(() => rm(home, { recursive: true }));

describe('LineSink', () => {
  it('appends one object a line to a private file', async () => {
    const path = join(home, 'decisions.jsonl');
    for (const round of [1, 2]) {
      const sink = new LineSink(path);
      await sink.start();
      sink.write({ round, text: 'a\nb' });
      await sink.close();
    }
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { round: 1, text: 'a\nb' },
      { round: 2, text: 'a\nb' },
    ]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('says at start that a file cannot be had', async () => {
    await expect(new LineSink(join(home, 'no', 'such', 'folder')).start()).rejects.toMatchObject({
      code: 'FILE_UNAVAILABLE',
    });
  });

  it('counts what it had to drop and never throws at a full disk (fault 22)', async () => {
    const sink = new LineSink('/dev/full');
    await sink.start();
    sink.write({ a: 1 });
    await expect.poll(() => sink.failure).not.toBeNull();
    sink.write({ a: 2 });
    expect(sink.dropped).toBeGreaterThanOrEqual(1);
    await sink.close();
  });
});
