import { basename } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { VARIABLES } from './environment.js';
import { join, LEAVES, SECTIONS, type Section } from './leaves.js';
import { nearest } from './nearest.js';
import { findNotBuilt, NOT_BUILT_KEYS } from './not-built.js';
import type { Problem } from './problem.js';
import type { Item, Setting, Settings } from './setting.js';

export interface ParsedFile {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
}

/**
 * Reads the text of a configuration file into settings by path. Keys that the schema does not know, and whatever YAML
 * allows but a configuration does not need (anchors, tags), are problems. `file` is the name to show.
 */
export function parseYamlFile(text: string, file: string): ParsedFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2', schema: 'core' });
  const reader = new FileReader(file, lines);
  // The parser's own messages quote the text, which may be a secret: only its code is passed on.
  for (const error of document.errors) {
    reader.report(error.pos[0], '', `is not readable as YAML: ${error.code.toLowerCase().replaceAll('_', ' ')}`);
  }
  const root = SECTIONS.get('');
  if (document.errors.length === 0 && root !== undefined) reader.readSection(root, document.contents);
  return { settings: reader.settings, problems: reader.problems };
}

class FileReader {
  readonly settings = new Map<string, Setting>();
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #lines: LineCounter;

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  report(offset: number, path: string, message: string, hint: string | null = null): void {
    this.problems.push({ code: 'CONFIG_INVALID', path, where: this.#position(offset).where, message, hint });
  }

  readSection(section: Section, node: Node | null): void {
    // A section with nothing below it says nothing.
    if (node === null || (isScalar(node) && node.value === null)) return;
    const offset = offsetOf(node);
    if (!isMap(node)) {
      const keys = section.keys.slice(0, 3).join(', ');
      this.report(offset, section.path, 'must hold keys', `Write the keys below it, indented: ${keys} …`);
      return;
    }
    if (this.#isDecorated(node, section.path)) return;
    for (const pair of (node as YAMLMap<Node, Node | null>).items) this.#readPair(section, pair);
  }

  #readPair(section: Section, pair: Pair<Node, Node | null>): void {
    const key = textOf(pair.key);
    const offset = offsetOf(pair.key);
    if (key === null) {
      this.report(offset, section.path, 'has a key that is not text');
      return;
    }
    const path = join(section.path, key);
    const known = section.keys.includes(key);
    const inner = known ? SECTIONS.get(path) : undefined;
    if (!known) this.#reportUnknown(section, key, offset);
    else if (inner !== undefined) this.readSection(inner, pair.value);
    else if (LEAVES.has(path)) this.#readLeaf(path, pair.value, offset);
  }

  #readLeaf(path: string, node: Node | null, keyOffset: number): void {
    if (this.#isDecorated(node, path)) return;
    const { where, origin } = this.#position(node === null ? keyOffset : offsetOf(node));
    const position = { source: 'file', where, origin } as const;
    if (node === null) this.settings.set(path, { ...position, shape: 'scalar', text: null });
    else if (isScalar(node)) this.settings.set(path, { ...position, shape: 'scalar', text: textOf(node) });
    else if (isSeq(node)) {
      this.settings.set(path, { ...position, shape: 'list', items: this.#items(path, node.items as Node[]) });
    } else this.settings.set(path, { ...position, shape: 'other' });
  }

  #items(path: string, nodes: readonly Node[]): readonly Item[] {
    return nodes
      .filter((node) => !this.#isDecorated(node, path))
      .map((node) => {
        const { where, line } = this.#position(offsetOf(node));
        const only = isMap(node) && node.items.length === 1 ? textOf((node.items[0] as Pair<Node>).key) : null;
        return { text: textOf(node), key: only, where, origin: `${basename(this.#file)}:${line}` };
      });
  }

  /** Anchors, aliases and tags: values that are not what they look like. */
  #isDecorated(node: Node | null, path: string): boolean {
    if (node === null) return false;
    const plain = isScalar(node) || isMap(node) || isSeq(node);
    if (plain && node.anchor === undefined && node.tag === undefined) return false;
    this.report(
      offsetOf(node),
      path,
      'uses a YAML anchor, alias or tag',
      'Write the value itself; quote a leading !, & or *.',
    );
    return true;
  }

  #reportUnknown(section: Section, key: string, offset: number): void {
    const path = join(section.path, key);
    const notBuilt = findNotBuilt(NOT_BUILT_KEYS, path);
    if (notBuilt !== null) {
      const { where } = this.#position(offset);
      const message = `is not served: ${notBuilt.reason}`;
      this.problems.push({ code: 'CONFIG_NOT_BUILT', path, where, message, hint: null });
      return;
    }
    this.report(offset, path, 'is not a key', hintForKey(section, key));
  }

  #position(offset: number): { where: string; origin: string; line: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { where: `${this.#file}:${line}:${col}`, origin: `${this.#file}:${line}`, line };
  }
}

function hintForKey(section: Section, key: string): string {
  const variable = VARIABLES.find((candidate) => candidate.name === key);
  if (variable !== undefined) return `${key} is an environment variable; in the file it is ${variable.path}.`;
  const close = nearest(
    key.toLowerCase(),
    section.keys.map((known) => known.toLowerCase()),
  );
  const found = section.keys.find((known) => known.toLowerCase() === close);
  if (found !== undefined) return `Did you mean ${join(section.path, found)}?`;
  const elsewhere = [...LEAVES.keys(), ...SECTIONS.keys()].filter((path) => path.split('.').at(-1) === key);
  if (elsewhere.length === 1) return `It belongs at ${elsewhere.join()}.`;
  return `Keys here: ${section.keys.join(', ')}.`;
}

/** The text of a scalar as it was written; null for nothing and for what is not a scalar. */
function textOf(node: Node | null): string | null {
  if (!isScalar(node) || node.value === null) return null;
  return typeof node.value === 'string' ? node.value : (node.source ?? null);
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
