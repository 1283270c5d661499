import { z } from 'zod';
import { join, LEAVES, SECTIONS } from './leaves.js';
import { configSchema } from './schema.js';

type JsonObject = { [key: string]: unknown };

/** The JSON Schema of the configuration file, for editors. */
export function configJsonSchema(): JsonObject {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any', target: 'draft-7' }) as JsonObject;
  annotate(schema, '');
  return { ...schema, title: 'Portcullis configuration' };
}

/** zod gives no default where a value is transformed, and one for every section, where none can be left out. */
function annotate(schema: JsonObject, path: string): void {
  const leaf = LEAVES.get(path);
  if (leaf !== undefined) {
    if (leaf.defaultText !== null) delete schema['default'];
    else if (leaf.initial !== undefined) schema['default'] = leaf.initial;
    return;
  }
  if (SECTIONS.get(path)?.optional === true) schema['default'] = null;
  else delete schema['default'];
  const [object] = [schema, ...((schema['anyOf'] as JsonObject[] | undefined) ?? [])].filter(
    (part) => part['properties'],
  );
  for (const [key, child] of Object.entries((object?.['properties'] ?? {}) as Record<string, JsonObject>)) {
    annotate(child, join(path, key));
  }
}
