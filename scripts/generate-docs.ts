import { ERROR_TABLE, type ErrorTraits } from '../src/base/error-table.js';
import { formatValue } from '../src/config/effective.js';
import { CONFIG_VARIABLE, OUR_PREFIXES, VARIABLES } from '../src/config/environment.js';
import { secretFileVariable } from '../src/config/environment-settings.js';
import { configJsonSchema } from '../src/config/json-schema.js';
import { join, LEAVES, type Leaf, SECTIONS, type Section } from '../src/config/leaves.js';
import {
  IGNORED_VARIABLES,
  NOT_BUILT_ENTRY_PREFIXES,
  NOT_BUILT_KEYS,
  NOT_BUILT_VARIABLES,
  type NotBuilt,
} from '../src/config/not-built.js';

/**
 * What is generated from the tables of the program: the reference pages, the example file and the JSON Schema. The
 * parity test compares the files with this and rewrites them when UPDATE_DOCS=1.
 */
export function generateDocs(read: (path: string) => string): ReadonlyMap<string, string> {
  const page = 'docs/reference/configuration.md';
  const errors = 'docs/reference/errors.md';
  const blocks = {
    keys: keyTables(),
    variables: variableTable(),
    prefixes: `${OUR_PREFIXES.map(code).join(' ')}\n`,
    'not-served': notBuiltTable('Variable', NOT_BUILT_VARIABLES),
    'no-effect': notBuiltTable('Variable', IGNORED_VARIABLES),
    'not-served-keys': notBuiltTable('Key', NOT_BUILT_KEYS),
    'not-served-entries': `${NOT_BUILT_ENTRY_PREFIXES.map(code).join(' ')}\n`,
  };
  return new Map([
    [page, fill(read(page), blocks)],
    [errors, fill(read(errors), { codes: errorTable() })],
    ['config/portcullis.example.yaml', exampleFile()],
    ['config/portcullis.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ]);
}

/** Replaces what stands between the markers of each block. Throws when a page lacks one. */
function fill(page: string, blocks: Readonly<Record<string, string>>): string {
  return Object.entries(blocks).reduce((text, [name, block]) => {
    const begin = `<!-- generated: ${name} -->\n`;
    const start = text.indexOf(begin);
    const end = text.indexOf('<!-- end -->', start);
    if (start < 0 || end < 0) throw new Error(`no block ${name}`);
    return `${text.slice(0, start + begin.length)}\n${block}\n${text.slice(end)}`;
  }, page);
}

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |\n`;

function keyTables(): string {
  const root = SECTIONS.get('');
  const top = (root?.keys ?? []).filter((key) => LEAVES.has(key));
  const tables = [...SECTIONS.values()]
    .filter((section) => section.path !== '')
    .map((section) => {
      const keys = section.keys.map((key) => join(section.path, key)).filter((path) => LEAVES.has(path));
      return `### ${code(section.path)}\n\n${section.description}\n${keys.length > 0 ? `\n${keyTable(keys)}` : ''}`;
    });
  return [`### At the top\n\n${keyTable(top)}`, ...tables].join('\n');
}

function keyTable(paths: readonly string[]): string {
  const head = row('Key', 'Default', 'Variable', 'Meaning') + row('---', '---', '---', '---');
  const rows = paths.map((path) => {
    const leaf = LEAVES.get(path);
    if (leaf === undefined) return '';
    const variables = variablesOf(path).map(code).join(', ') || '–';
    return row(code(path), defaultText(leaf), variables, `${leaf.description} Must be ${leaf.expected}.`);
  });
  return head + rows.join('');
}

function variablesOf(path: string): readonly string[] {
  return VARIABLES.filter(
    (variable) => variable.path === path || /^(.*)\.(?:min|max)$/.exec(path)?.[1] === variable.path,
  ).map((variable) => variable.name);
}

function defaultText(leaf: Leaf): string {
  if (leaf.defaultText !== null) return leaf.defaultText;
  if (leaf.initial === undefined) return 'required in this section';
  return leaf.initial === null ? 'none' : code(formatValue(leaf.initial));
}

function variableTable(): string {
  const head = row('Variable', 'Key', 'From a file') + row('---', '---', '---');
  const rows = VARIABLES.map((variable) => {
    const file = secretFileVariable(variable);
    return row(code(variable.name), code(variable.path), file === null ? '–' : code(file));
  });
  return `${head}${rows.join('')}${row(code(CONFIG_VARIABLE), 'the path of the file, as `--config`', '–')}`;
}

function notBuiltTable(title: string, rows: readonly NotBuilt[]): string {
  const withInert = rows.some(({ inert }) => inert !== null);
  const inertCells = (text: string): readonly string[] => (withInert ? [text] : []);
  const head = row(title, 'Why', ...inertCells('Only warned about with')) + row('---', '---', ...inertCells('---'));
  return (
    head + rows.map((r) => row(code(r.name), r.reason, ...inertCells(r.inert === null ? '–' : code(r.inert)))).join('')
  );
}

function errorTable(): string {
  const head = row('Code', 'SIP', 'HTTP', 'Fault', 'Retry', 'Meaning') + row(...Array<string>(6).fill('---'));
  const status = (value: number | null): string => (value === null ? '–' : String(value));
  const rows = Object.entries<ErrorTraits>(ERROR_TABLE).map(([name, traits]) =>
    row(
      code(name),
      status(traits.sip),
      status(traits.http),
      traits.fault,
      traits.retryable ? 'yes' : 'no',
      traits.meaning,
    ),
  );
  return head + rows.join('');
}

const EXAMPLE_HEAD = `# yaml-language-server: $schema=portcullis.schema.json
#
# Every key of Portcullis with its default. Lines like "#key: value", without a blank after the
# hash, are keys that are not set by default, with a value for example. Environment variables win
# over this file; docs/reference/configuration.md says which.
`;

function exampleFile(): string {
  const root = SECTIONS.get('');
  return root === undefined ? '' : `${EXAMPLE_HEAD}${exampleSection(root, '', false)}`;
}

function exampleSection(section: Section, indent: string, commented: boolean): string {
  return section.keys.map((key) => exampleKey(join(section.path, key), key, indent, commented)).join('');
}

function exampleKey(path: string, key: string, indent: string, commented: boolean): string {
  const gap = indent === '' ? '\n' : '';
  const leaf = LEAVES.get(path);
  const inner = SECTIONS.get(path);
  if (leaf !== undefined) {
    const off = commented || leaf.initial === null || leaf.initial === undefined || leaf.defaultText !== null;
    const value = off && (leaf.initial ?? null) === null ? (leaf.example ?? '') : formatValue(leaf.initial);
    const example = !off && leaf.example !== null ? ` For example ${leaf.example}.` : '';
    return `${gap}${sentence(`${leaf.description}${example}`, indent)}${indent}${off ? '#' : ''}${key}: ${value}\n`;
  }
  if (inner === undefined) return '';
  const off = commented || inner.optional;
  const body = exampleSection(inner, `${indent}  `, off);
  // A section whose keys are all commented out would read as empty.
  const empty = !body.split('\n').some((line) => line !== '' && !line.trimStart().startsWith('#'));
  return `${gap}${sentence(inner.description, indent)}${indent}${empty ? '#' : ''}${key}:\n${body}`;
}

function sentence(text: string, indent: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (indent.length + line.length + word.length > 96) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `${indent}# ${line}\n`).join('');
}
