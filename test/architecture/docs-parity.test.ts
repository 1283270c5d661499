import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateDocs } from '../../scripts/generate-docs.js';
import { ERROR_TABLE } from '../../src/base/error-table.js';
import { formatValue } from '../../src/config/effective.js';
import { CONFIG_VARIABLE, VARIABLES } from '../../src/config/environment.js';
import { LEAVES, SECTIONS } from '../../src/config/leaves.js';
import { loadConfig } from '../../src/config/load.js';
import { IGNORED_VARIABLES, NOT_BUILT_VARIABLES } from '../../src/config/not-built.js';
import { parseYamlFile } from '../../src/config/yaml-file.js';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const generated = generateDocs(read);
if (process.env['UPDATE_DOCS'] === '1') {
  for (const [path, text] of generated) writeFileSync(join(ROOT, path), text);
}

/** The cells of every table row of a page whose first cell is code. */
function rowsOf(page: string): readonly (readonly string[])[] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );
}

/** The part of a page under one heading. */
function chapter(page: string, title: string): string {
  const start = page.indexOf(`## ${title}\n`);
  const end = page.indexOf('\n## ', start + 1);
  return page.slice(start, end < 0 ? undefined : end);
}

describe('generated files (UPDATE_DOCS=1 rewrites them)', () => {
  it.each([...generated.keys()])('%s is what the tables of the program say', (path) => {
    expect(read(path)).toBe(generated.get(path));
  });
});

describe('docs/reference/configuration.md', () => {
  const page = read('docs/reference/configuration.md');
  const keys = rowsOf(chapter(page, 'Keys'));

  it('lists every key once, and nothing else', () => {
    expect(keys.map(([key]) => key).sort()).toEqual([...LEAVES.keys()].map((path) => `\`${path}\``).sort());
  });

  it.each([...LEAVES.values()])('$path stands with its default, its variable and its sentence', (leaf) => {
    const [, initial, variable, meaning] = keys.find(([key]) => key === `\`${leaf.path}\``) ?? [];
    const value = leaf.initial === null ? 'none' : `\`${formatValue(leaf.initial)}\``;
    expect(initial).toBe(leaf.defaultText ?? (leaf.initial === undefined ? 'required in this section' : value));
    expect(meaning).toContain(leaf.description);
    for (const { name } of VARIABLES.filter(({ path }) => path === leaf.path))
      expect(variable).toContain(`\`${name}\``);
  });

  it('lists every variable with its key, and nothing else', () => {
    const rows = rowsOf(chapter(page, 'Variables')).map(([name, path]) => [name, path]);
    const known = VARIABLES.map(({ name, path }) => [`\`${name}\``, `\`${path}\``]);
    expect(rows).toEqual([...known, [`\`${CONFIG_VARIABLE}\``, 'the path of the file, as `--config`']]);
  });

  it('lists every variable that is not served or has no effect', () => {
    const rows = rowsOf(chapter(page, 'Known, and not served')).map(([name]) => name);
    for (const { name } of [...NOT_BUILT_VARIABLES, ...IGNORED_VARIABLES]) expect(rows).toContain(`\`${name}\``);
  });
});

describe('the schema', () => {
  it.each([...LEAVES.values(), ...SECTIONS.values()].filter(({ path }) => path !== ''))(
    '$path says what it is in a sentence',
    ({ description }) => {
      expect(description).toMatch(/^[A-Z`].{7,}\.$/);
    },
  );

  it('gives every number its unit or a countable name', () => {
    const unit =
      /(?:Ms|Seconds|Bytes|Count|port|min|max|connections|connectionsPerIp|connectionsPerTrustedIp|PerPeer)$/;
    const numbers = [...LEAVES.values()].filter(({ kind }) => kind === 'number' || kind === 'port');
    expect(numbers.filter(({ path }) => !unit.test(path))).toEqual([]);
  });

  it('knows the key of every variable', () => {
    const known = (path: string): boolean => LEAVES.has(path) || SECTIONS.has(path);
    expect(VARIABLES.filter(({ path }) => !known(path))).toEqual([]);
  });
});

describe('docs/reference/errors.md', () => {
  const rows = rowsOf(read('docs/reference/errors.md'));

  it('lists every code in order, and nothing else', () => {
    expect(rows.map(([code]) => code)).toEqual(Object.keys(ERROR_TABLE).map((code) => `\`${code}\``));
  });

  it.each(Object.entries(ERROR_TABLE))('%s stands with its statuses and its meaning', (code, traits) => {
    const [, sip, http, fault, retry, meaning] = rows.find(([name]) => name === `\`${code}\``) ?? [];
    const status = (value: number | null): string => (value === null ? '–' : String(value));
    expect({ sip, http, fault, meaning }).toEqual({
      sip: status(traits.sip),
      http: status(traits.http),
      fault: traits.fault,
      meaning: traits.meaning,
    });
    expect(retry).toBe(traits.retryable ? 'yes' : 'no');
  });
});

describe('config/portcullis.example.yaml', () => {
  const text = read('config/portcullis.example.yaml');
  const defaults = loadConfig({ configPath: null, env: {}, readFile: () => '' });

  it('loads without errors and warnings and equals the defaults', () => {
    const result = loadConfig({ configPath: 'portcullis.example.yaml', env: {}, readFile: () => text });
    expect(result).toMatchObject({ ok: true, warnings: [] });
    if (!result.ok || !defaults.ok) throw new Error('both load');
    expect(result.config).toEqual(defaults.config);
  });

  it('holds every key, set or commented out, and each can be set', () => {
    const all = text.replaceAll(/^( *)#(?=[a-zA-Z])/gm, '$1');
    const file = parseYamlFile(all, 'portcullis.example.yaml');
    expect(file.problems).toEqual([]);
    expect([...file.settings.keys()]).toEqual([...LEAVES.keys()]);
    const result = loadConfig({
      configPath: 'portcullis.example.yaml',
      env: {},
      readFile: (path) => (path.endsWith('.yaml') ? all : ''),
    });
    const paths = result.ok ? [] : result.problems.map((problem) => problem.path);
    expect(paths).toEqual(['allowlist.siprecAttribute.name', 'allowlist.siprecAttribute.value', 'proxy.caFile']);
  });

  it('has a sentence before every key', () => {
    const lines = text.split('\n');
    const bare = lines.filter((line, index) => /^ *#?[a-zA-Z]+:/.test(line) && !/^ *# /.test(lines[index - 1] ?? ''));
    expect(bare).toEqual([]);
  });
});
