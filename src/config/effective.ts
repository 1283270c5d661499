import { Secret } from '../base/secret.js';
import type { Entry } from './leaf-values.js';
import { join, LEAVES, SECTIONS } from './leaves.js';
import { valueAt } from './load.js';
import type { Config } from './schema.js';

/** The effective configuration as YAML, each value with where it comes from; secrets masked. */
export function formatEffective(config: Config, origins: ReadonlyMap<string, string>): string {
  const rows = rowsOf(config, origins, '', '');
  const width = Math.min(60, Math.max(...rows.map((row) => (row.origin === null ? 0 : row.text.length))));
  return rows.map(({ text, origin }) => `${origin === null ? text : `${text.padEnd(width)}  # ${origin}`}\n`).join('');
}

interface Row {
  readonly text: string;
  readonly origin: string | null;
}

function rowsOf(config: Config, origins: ReadonlyMap<string, string>, section: string, indent: string): readonly Row[] {
  return (SECTIONS.get(section)?.keys ?? []).flatMap((key): readonly Row[] => {
    const path = join(section, key);
    const value = valueAt(config, path);
    if (LEAVES.has(path) || value === null) {
      return [{ text: `${indent}${key}: ${formatValue(value)}`, origin: origins.get(path) ?? 'default' }];
    }
    return [{ text: `${indent}${key}:`, origin: null }, ...rowsOf(config, origins, path, `${indent}  `)];
  });
}

/** A value as YAML on one line. */
export function formatValue(value: unknown): string {
  if (value instanceof Secret) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => formatValue(textOfEntry(item))).join(', ')}]`;
  return typeof value === 'string' && PLAIN.test(value) && !RESERVED.has(value.toLowerCase())
    ? value
    : JSON.stringify(value);
}

/** Text that YAML reads back as the same text without quotes. */
const PLAIN = /^[A-Za-z/][A-Za-z0-9/._@-]*$/;
const RESERVED = new Set(['true', 'false', 'null']);

function textOfEntry(item: unknown): unknown {
  return typeof item === 'object' && item !== null && 'mode' in item ? (item as Entry).text : item;
}
