import { buildConfig } from './build.js';
import { GATE_CHECKS, GATE_DOUBTS } from './check-gate.js';
import { SERVICE_CHECKS, SERVICE_DOUBTS } from './check-services.js';
import type { CrossCheck } from './cross-check.js';
import type { Environment } from './environment.js';
import { parseEnvironment, type ReadFile, systemCode } from './environment-settings.js';
import { LEAVES, parentOf, SECTIONS } from './leaves.js';
import type { Problem } from './problem.js';
import type { Config } from './schema.js';
import type { Setting, Settings } from './setting.js';
import { type ParsedFile, parseYamlFile } from './yaml-file.js';

export interface LoadInput {
  /** From `--config`; null: the file that PORTCULLIS_CONFIG names, if any. */
  readonly configPath: string | null;
  readonly env: Environment;
  readonly readFile: ReadFile;
}

/** The effective configuration, or every problem there is. */
export type LoadResult =
  | {
      readonly ok: true;
      readonly config: Config;
      /** Where each value comes from, by path: `default`, `environment NAME` or `file:line`. */
      readonly origins: ReadonlyMap<string, string>;
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Reads file and environment (the environment wins), checks everything and freezes the result. Pure but for `readFile`. */
export function loadConfig(input: LoadInput): LoadResult {
  const environment = parseEnvironment(input.env, input.readFile);
  const file = readConfigFile(input.configPath ?? environment.configPath, input.readFile);
  const settings = withRules(new Map([...file.settings, ...environment.settings]));
  const built = buildConfig(settings);
  const own = [...environment.problems, ...file.problems, ...built.problems];
  const wrong = own.map((problem) => problem.path).filter((path) => path !== '');
  const touches = (read: string): boolean =>
    wrong.some((path) => `${path}.`.startsWith(`${read}.`) || `${read}.`.startsWith(`${path}.`));
  const run = (checks: readonly CrossCheck[]): Problem[] =>
    checks
      .filter(({ reads }) => !reads.some(touches))
      .flatMap((check) => check.find(built.config, input.readFile))
      .map((finding) => ({ ...finding, where: settings.get(finding.path)?.where ?? null }));
  const problems = [...own, ...run([...GATE_CHECKS, ...SERVICE_CHECKS])];
  const warnings = [...environment.warnings, ...run([...GATE_DOUBTS, ...SERVICE_DOUBTS])];
  if (problems.length > 0) return { ok: false, problems, warnings };
  return { ok: true, config: built.config, origins: originsOf(built.config, settings), warnings };
}

function readConfigFile(path: string | null, readFile: ReadFile): ParsedFile {
  if (path === null) return { settings: new Map(), problems: [] };
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const message = `The configuration file cannot be read (${systemCode(error)}).`;
    const problem = { code: 'CONFIG_UNREADABLE', path: '', where: path, message, hint: null } as const;
    return { settings: new Map(), problems: [problem] };
  }
  return parseYamlFile(text, path);
}

/** Defaults that depend on other keys. */
function withRules(settings: Map<string, Setting>): Settings {
  const url = settings.get('speech.stt.url');
  if (!settings.has('speech.provider') && url?.shape === 'scalar' && url.text !== null) {
    settings.set('speech.provider', { ...url, text: 'watson', origin: 'default' });
  }
  return settings;
}

function originsOf(config: Config, settings: Settings): ReadonlyMap<string, string> {
  const origins = new Map<string, string>();
  for (const path of LEAVES.keys()) {
    const section = parentOf(path);
    const absent = SECTIONS.get(section)?.optional === true && valueAt(config, section) === null;
    origins.set(absent ? section : path, settings.get(path)?.origin ?? 'default');
  }
  return origins;
}

/** The value at a dotted path. */
export function valueAt(config: Config, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((node, key) => (node as Readonly<Record<string, unknown>> | null)?.[key], config);
}
