import { GatewayError } from '../base/errors.js';
import { Secret } from '../base/secret.js';
import { makeEntries } from './entries.js';
import { LEAVES, type Leaf, parentOf } from './leaves.js';
import { nearest } from './nearest.js';
import { NOT_BUILT_KEYS } from './not-built.js';
import type { Problem } from './problem.js';
import { type Config, configSchema } from './schema.js';
import type { Setting, Settings } from './setting.js';

export interface Built {
  /** Made of the good settings; the bad ones are at their defaults. To be used only when there are no problems. */
  readonly config: Config;
  readonly problems: readonly Problem[];
}

type Tree = { [key: string]: unknown };

/** Checks every setting by the schema. All problems are found at once, one per key or list entry. */
export function buildConfig(settings: Settings): Built {
  const { raw, problems } = readSettings(settings);
  const first = configSchema.safeParse(treeOf(raw));
  if (first.success) return { config: deepFreeze(first.data), problems };
  for (const { path } of first.error.issues) {
    const key = leafPath(path);
    problems.push(problemOf(key, settings, path));
    raw.delete(key);
    // A mandatory key that is missing takes its neighbours with it: without it there is no such section.
    const lost = settings.has(key) ? [] : [...raw.keys()].filter((other) => parentOf(other) === parentOf(key));
    for (const other of lost) raw.delete(other);
  }
  const second = configSchema.safeParse(treeOf(raw));
  if (!second.success) throw new GatewayError('INTERNAL', 'The configuration schema refuses its own defaults.');
  return { config: deepFreeze(second.data), problems };
}

/** The settings as the schema takes them, and what is wrong with those it cannot judge. */
function readSettings(settings: Settings): { raw: Map<string, unknown>; problems: Problem[] } {
  const raw = new Map<string, unknown>();
  const problems: Problem[] = [];
  for (const [path, setting] of settings) {
    const leaf = LEAVES.get(path);
    if (leaf === undefined) continue;
    const list = leaf.kind === 'entries' ? makeEntries(path, setting) : null;
    const found = list?.problems ?? notBuilt(path, setting);
    problems.push(...found);
    if (found.length === 0) raw.set(path, list?.entries ?? rawValue(leaf, setting));
  }
  return { raw, problems };
}

/** The value for the schema. What does not fit is passed on as it is: the schema refuses it. */
function rawValue(leaf: Leaf, setting: Setting): unknown {
  if (setting.shape === 'other') return {};
  if (setting.shape === 'list') {
    return leaf.kind === 'choices' ? setting.items.map((item) => wordOf(leaf, item.text)) : [];
  }
  const { text } = setting;
  switch (leaf.kind) {
    case 'number':
    case 'port':
      return text !== null && /^[0-9]{1,15}$/.test(text) ? Number(text) : (text?.toLowerCase() ?? null);
    case 'boolean':
      return text === null ? null : (BOOLEANS.get(text.toLowerCase()) ?? text);
    case 'choice':
      return wordOf(leaf, text);
    default:
      return text;
  }
}

const BOOLEANS = new Map([
  ['true', true],
  ['false', false],
]);

/** The allowed spelling of a word written in another case. */
function wordOf(leaf: Leaf, text: string | null): string | null {
  return leaf.words.find((word) => word.toLowerCase() === text?.toLowerCase()) ?? text;
}

function notBuilt(path: string, setting: Setting): Problem[] {
  const row = NOT_BUILT_KEYS.find(({ name }) => path.startsWith(`${name}.`));
  if (row === undefined || (setting.shape === 'scalar' && setting.text === null)) return [];
  const message = `is not served: ${row.reason}`;
  return [{ code: 'CONFIG_NOT_BUILT', path, where: setting.where, message, hint: null }];
}

function problemOf(path: string, settings: Settings, issuePath: readonly PropertyKey[]): Problem {
  const setting = settings.get(path);
  const expected = LEAVES.get(path)?.expected ?? 'something else';
  if (setting === undefined) {
    const neighbour = [...settings.keys()].find((other) => parentOf(other) === parentOf(path));
    const where = neighbour === undefined ? null : (settings.get(neighbour)?.where ?? null);
    const message = `is needed, because ${neighbour ?? 'its section'} is set: ${expected}`;
    return { code: 'CONFIG_INVALID', path, where, message, hint: null };
  }
  const index = issuePath.at(-1);
  const item = setting.shape === 'list' && typeof index === 'number' ? setting.items[index] : undefined;
  const text = setting.shape === 'scalar' ? setting.text : (item?.text ?? null);
  const where = item?.where ?? setting.where;
  return { code: 'CONFIG_INVALID', path, where, message: `must be ${expected}`, hint: hintFor(path, text) };
}

function hintFor(path: string, text: string | null): string | null {
  const leaf = LEAVES.get(path);
  if (leaf === undefined || text === null) return null;
  if (leaf.kind === 'port' && /^(?:tcp|udp|sctp):\/\//.test(text)) {
    return 'Kubernetes sets such variables for a Service of that name: set enableServiceLinks: false in the pod.';
  }
  const lower = new Map(leaf.words.map((word) => [word.toLowerCase(), word]));
  const close = nearest(text.toLowerCase(), lower.keys());
  return close === null ? null : `Did you mean ${lower.get(close)}?`;
}

function leafPath(issuePath: readonly PropertyKey[]): string {
  let path = issuePath.map(String).join('.');
  while (path !== '' && !LEAVES.has(path)) path = parentOf(path);
  return path;
}

function treeOf(values: ReadonlyMap<string, unknown>): Tree {
  const root: Tree = {};
  for (const [path, value] of values) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let node = root;
    for (const key of keys) node = (node[key] ??= {}) as Tree;
    node[last] = value;
  }
  return root;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !(value instanceof Secret))
    Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
