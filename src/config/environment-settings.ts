import {
  CONFIG_VARIABLE,
  type Environment,
  OUR_PREFIXES,
  PORT_RANGE_VARIABLE,
  type Variable,
  VARIABLES,
} from './environment.js';
import { LEAVES, type Leaf } from './leaves.js';
import { nearest } from './nearest.js';
import { findNotBuilt, IGNORED_VARIABLES, NOT_BUILT_VARIABLES } from './not-built.js';
import type { Problem } from './problem.js';
import type { Setting, Settings } from './setting.js';

/** Gives the text of a file; throws when it cannot be read. */
export type ReadFile = (path: string) => string;

export interface ParsedEnvironment {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** The configuration file that the environment names, or null. */
  readonly configPath: string | null;
}

/** Reads the environment into settings by path; secrets also from the file that `NAME_FILE` names. */
export function parseEnvironment(env: Environment, readFile: ReadFile): ParsedEnvironment {
  const reader = new EnvironmentReader(env, readFile);
  for (const variable of VARIABLES) reader.readVariable(variable);
  for (const name of Object.keys(env).sort()) reader.judgeName(name);
  const { settings, problems, warnings } = reader;
  return { settings, problems, warnings, configPath: reader.configPath() };
}

/** The names that may be set: each variable, and `NAME_FILE` of the secrets whose name is not taken otherwise. */
export function secretFileVariable(variable: Variable): string | null {
  const name = `${variable.name}_FILE`;
  if (LEAVES.get(variable.path)?.kind !== 'secret') return null;
  return VARIABLES.some((other) => other.name === name) ? null : name;
}

const SERVED = new Set([
  CONFIG_VARIABLE,
  ...VARIABLES.flatMap((variable) => [variable.name, secretFileVariable(variable) ?? variable.name]),
]);

/** What Kubernetes sets for a service called like one of our prefixes. */
const SERVICE_LINK_NAME =
  /^[A-Z0-9_]+_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)$/;
const SERVICE_LINK_VALUE = /^(?:tcp|udp|sctp):\/\//;

class EnvironmentReader {
  readonly settings = new Map<string, Setting>();
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #env: Environment;
  readonly #readFile: ReadFile;

  constructor(env: Environment, readFile: ReadFile) {
    this.#env = env;
    this.#readFile = readFile;
  }

  readVariable(variable: Variable): void {
    const { name, path } = variable;
    const fileName = secretFileVariable(variable);
    const file = fileName === null ? undefined : this.#env[fileName];
    const value = this.#env[name];
    if (fileName !== null && file !== undefined && value !== undefined) {
      this.#report(name, path, `is set twice: by ${name} and by ${fileName}`, 'Keep one of them.');
      return;
    }
    if (fileName !== null && file !== undefined) this.#readSecretFile(fileName, path, file);
    else if (value === '') this.#report(name, path, 'is empty', `Unset ${name} for the default.`);
    else if (value !== undefined) this.#set(name, path, value);
  }

  configPath(): string | null {
    const path = this.#env[CONFIG_VARIABLE];
    if (path !== '') return path ?? null;
    this.#report(CONFIG_VARIABLE, '', `${CONFIG_VARIABLE} is empty`, 'Unset it to go without a file.');
    return null;
  }

  /** Refuses or warns about a name that sets nothing. Names that do not begin like ours are none of our business. */
  judgeName(name: string): void {
    const value = this.#env[name] ?? '';
    if (SERVED.has(name) || this.#env[name] === undefined) return;
    const notBuilt = findNotBuilt(NOT_BUILT_VARIABLES, name);
    const ignored = findNotBuilt(IGNORED_VARIABLES, name);
    if (notBuilt !== null) {
      const inert = value.toLowerCase() === notBuilt.inert?.toLowerCase();
      const message = `${name} is not served: ${notBuilt.reason}`;
      (inert ? this.warnings : this.problems).push(this.#problem('CONFIG_NOT_BUILT', name, '', message));
    } else if (ignored !== null) {
      this.warnings.push(this.#problem('CONFIG_DOUBTFUL', name, '', `${name} has no effect: ${ignored.reason}`));
    } else if (SERVICE_LINK_NAME.test(name) || SERVICE_LINK_VALUE.test(value)) {
      return;
    } else if (OUR_PREFIXES.some((prefix) => name.startsWith(prefix))) this.#judgeStranger(name);
  }

  #judgeStranger(name: string): void {
    const stem = name.replace(/_FILE$/, '');
    if (stem !== name && SERVED.has(stem)) {
      this.#report(name, '', `${name} is not a variable`, `Only secrets are read from files; set ${stem}.`);
      return;
    }
    const close = nearest(name, [...SERVED, ...NOT_BUILT_VARIABLES.map((row) => row.name)]);
    if (close !== null) this.#report(name, '', `${name} is not a variable`, `Did you mean ${close}?`);
    else this.warnings.push(this.#problem('CONFIG_DOUBTFUL', name, '', `${name} is not a variable and has no effect`));
  }

  #readSecretFile(name: string, path: string, file: string): void {
    let text: string;
    try {
      text = this.#readFile(file);
    } catch (error) {
      const message = `cannot be read from the file that ${name} names (${systemCode(error)})`;
      this.problems.push(this.#problem('SECRET_UNRESOLVED', name, path, message));
      return;
    }
    const secret = text.replace(/\r?\n$/, '');
    if (secret !== '') this.settings.set(path, { ...written(name), shape: 'scalar', text: secret });
    else this.problems.push(this.#problem('SECRET_UNRESOLVED', name, path, `is empty in the file that ${name} names`));
  }

  #set(name: string, path: string, value: string): void {
    const other = this.settings.get(path);
    if (other !== undefined) {
      this.#report(
        name,
        path,
        `is set twice: by ${other.origin.replace('environment ', '')} and by ${name}`,
        'Keep one of them.',
      );
    } else if (name === PORT_RANGE_VARIABLE) this.#setRange(name, path, value);
    else this.settings.set(path, settingOf(name, LEAVES.get(path), value));
  }

  #setRange(name: string, path: string, value: string): void {
    const [, min, max] = /^\s*([0-9]{1,5})\s*-\s*([0-9]{1,5})\s*$/.exec(value) ?? [];
    if (min === undefined || max === undefined) {
      this.#report(name, path, 'must be a range of ports like 16384-32767');
      return;
    }
    this.settings.set(`${path}.min`, { ...written(name), shape: 'scalar', text: min });
    this.settings.set(`${path}.max`, { ...written(name), shape: 'scalar', text: max });
  }

  #report(name: string, path: string, message: string, hint: string | null = null): void {
    this.problems.push({ ...this.#problem('CONFIG_INVALID', name, path, message), hint });
  }

  #problem(code: Problem['code'], name: string, path: string, message: string): Problem {
    return { code, path, where: `environment ${name}`, message, hint: null };
  }
}

function settingOf(name: string, leaf: Leaf | undefined, value: string): Setting {
  if (leaf?.kind === 'entries' || leaf?.kind === 'choices') {
    const items = value.split(',').map((text, index) => {
      const origin = `${name}[${index + 1}]`;
      return { text: text.trim(), key: null, where: `environment ${origin}`, origin };
    });
    return { ...written(name), shape: 'list', items };
  }
  // IBM Voice Gateway's samples bind every address by HTTP_HOST=*.
  const everywhere = value === '*' && leaf?.path.endsWith('.bindAddress') === true;
  return { ...written(name), shape: 'scalar', text: everywhere ? '::' : value };
}

function written(name: string): Pick<Setting, 'source' | 'where' | 'origin'> {
  return { source: 'environment', where: `environment ${name}`, origin: `environment ${name}` };
}

/** `ENOENT` and the like; the message would repeat the path. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? 'unreadable';
}
