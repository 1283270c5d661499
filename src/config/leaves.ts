import { z } from 'zod';
import { type LeafFacts, leafFacts } from './leaf-values.js';
import { configSchema } from './schema.js';

/** One key that holds a value. */
export interface Leaf extends LeafFacts {
  /** Dotted: `sip.tls.port`. */
  readonly path: string;
  readonly description: string;
  /** The value without any configuration; undefined where the key has none because its section is optional. */
  readonly initial: unknown;
}

/** One key that holds other keys. */
export interface Section {
  readonly path: string;
  readonly description: string;
  /** The section is absent unless one of its keys is set. */
  readonly optional: boolean;
  /** Names of its keys, in order. */
  readonly keys: readonly string[];
}

const leaves = new Map<string, Leaf>();
const sections = new Map<string, Section>();
visit('', configSchema);

/** Every leaf of the schema by its path, in the order of the schema. */
export const LEAVES: ReadonlyMap<string, Leaf> = leaves;

/** Every section by its path; the root is the empty path. */
export const SECTIONS: ReadonlyMap<string, Section> = sections;

/** `key` below `section`. */
export function join(section: string, key: string): string {
  return section === '' ? key : `${section}.${key}`;
}

/** The path of the section that holds `path`. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')));
}

function visit(path: string, schema: z.ZodType): void {
  const facts = leafFacts.get(schema);
  const description = schema.description ?? '';
  if (facts !== undefined) {
    leaves.set(path, { ...facts, path, description, initial: schema.safeParse(undefined).data });
    return;
  }
  const { object, optional } = objectIn(schema);
  const shape: Readonly<Record<string, z.ZodType>> = object.shape;
  const children = Object.entries(shape);
  sections.set(path, { path, description, optional, keys: children.map(([key]) => key) });
  for (const [key, child] of children) visit(join(path, key), child);
}

/** The object inside the wrappers of a section. */
function objectIn(schema: z.ZodType): { object: z.ZodObject; optional: boolean } {
  let inner: unknown = schema;
  let optional = false;
  while (inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault || inner instanceof z.ZodNullable) {
    optional ||= inner instanceof z.ZodNullable;
    inner = inner.unwrap();
  }
  if (!(inner instanceof z.ZodObject)) throw new TypeError('every key is a section or a registered leaf');
  return { object: inner, optional };
}
