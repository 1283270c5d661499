import { type LoadResult, loadConfig } from '../../../src/config/load.js';
import type { Config } from '../../../src/config/schema.js';

/** What a missing file looks like. */
export function missing(): never {
  throw Object.assign(new Error('no such file: /run/secret/path'), { code: 'ENOENT' });
}

/** Reads from a table; every other path is missing. */
export function filesOf(files: Readonly<Record<string, string>>): (path: string) => string {
  return (path) => files[path] ?? missing();
}

/** Loads a file text, an environment, or both. */
export function load(
  env: Readonly<Record<string, string>>,
  yaml: string | null = null,
  files: Readonly<Record<string, string>> = {},
): LoadResult {
  const all = yaml === null ? files : { ...files, 'portcullis.yaml': yaml };
  return loadConfig({ configPath: yaml === null ? null : 'portcullis.yaml', env, readFile: filesOf(all) });
}

/** The configuration of a load that must succeed. */
export function configOf(result: LoadResult): Config {
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

/** `CODE path` of each problem. */
export function problemsOf(result: LoadResult): readonly string[] {
  return result.ok ? [] : result.problems.map(({ code, path }) => `${code} ${path}`);
}

/** `CODE path` of each warning. */
export function warningsOf(result: LoadResult): readonly string[] {
  return result.warnings.map(({ code, path }) => `${code} ${path}`);
}
