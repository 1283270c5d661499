import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configJsonSchema } from '../../../src/config/json-schema.js';
import { LEAVES, SECTIONS } from '../../../src/config/leaves.js';

type Node = { [key: string]: unknown };
const schema = configJsonSchema();

/** The node of a dotted path. */
function nodeAt(path: string): Node {
  return path.split('.').reduce<Node>((node, key) => {
    const alternatives = [node, ...((node['anyOf'] as Node[] | undefined) ?? [])];
    const object = alternatives.find((part) => part['properties'] !== undefined);
    return ((object?.['properties'] as Record<string, Node> | undefined) ?? {})[key] ?? {};
  }, schema);
}

describe('configJsonSchema', () => {
  it.each([...LEAVES.values()])('$path has its sentence and its default', (leaf) => {
    const node = nodeAt(leaf.path);
    expect(node['description']).toBe(leaf.description);
    expect(node['default']).toEqual(leaf.defaultText === null ? leaf.initial : undefined);
  });

  it.each([...SECTIONS.values()].filter(({ path }) => path !== ''))(
    '$path refuses unknown keys',
    ({ path, optional }) => {
      const node = nodeAt(path);
      const object = [node, ...((node['anyOf'] as Node[] | undefined) ?? [])].find(
        (part) => part['properties'] !== undefined,
      );
      expect(object?.['additionalProperties']).toBe(false);
      expect('default' in node).toBe(optional);
    },
  );

  it('names words as words', () => {
    expect(nodeAt('sip.server')).toMatchObject({ enum: ['embedded', 'drachtio'] });
    expect(nodeAt('logLevel')['enum']).toContain('finest');
    expect(nodeAt('allowlist.from')).toMatchObject({ type: 'array', items: { type: 'string' } });
  });

  it('agrees with the loader on the example and on mistakes', () => {
    const validator = z.fromJSONSchema(schema);
    const example = parse(readFileSync('config/portcullis.example.yaml', 'utf8')) as unknown;
    expect(validator.safeParse(example).success).toBe(true);
    for (const wrong of [
      { speach: {} },
      { sip: { tls: { port: 70_000 } } },
      { sip: { auth: { enabled: 'yes' } } },
      { logLevel: 'loud' },
    ]) {
      expect(validator.safeParse(wrong).success).toBe(false);
    }
  });
});
