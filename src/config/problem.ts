import type { ErrorCode } from '../base/errors.js';
import { scrub } from '../base/scrub.js';

/** Something wrong with the configuration. Never holds a value that could be a secret. */
export interface Problem {
  readonly code: ErrorCode;
  /** The key concerned, dotted; empty for the configuration as a whole. */
  readonly path: string;
  /** `portcullis.yaml:4:11`, `environment SIP_PORT`, or null where nothing was written. */
  readonly where: string | null;
  /** Reads on after the key: `must be a port …`. */
  readonly message: string;
  readonly hint: string | null;
}

/** One problem per paragraph, for people. */
export function formatProblems(problems: readonly Problem[], options: { readonly color: boolean }): string {
  const paint = (style: string, text: string): string => (options.color ? `\u001b[${style}m${text}\u001b[0m` : text);
  return problems
    .map((problem) => {
      const where = problem.where === null ? '' : `${paint('2', `${clean(problem.where)}:`)} `;
      const key = problem.path === '' ? '' : `${paint('1', clean(problem.path))} `;
      const hint = problem.hint === null ? '' : `\n    ${clean(problem.hint)}`;
      return `${where}${key}${clean(problem.message)} ${paint('2', `[${problem.code}]`)}${hint}\n`;
    })
    .join('');
}

/** The exit code of a start that ends with these problems: 3 files, 4 secrets, 2 anything else. */
export function exitCodeOf(problems: readonly Problem[]): 2 | 3 | 4 {
  const codes = new Set(problems.map((problem) => problem.code));
  if (codes.has('SECRET_UNRESOLVED')) codes.delete('FILE_UNAVAILABLE');
  if (codes.size !== 1) return 2;
  return codes.has('SECRET_UNRESOLVED') ? 4 : codes.has('FILE_UNAVAILABLE') ? 3 : 2;
}

/** Names come from files and the environment and may hold what a terminal obeys. */
function clean(text: string): string {
  return scrub(text).replace(/[\t\r\n]/g, ' ');
}
