import type { ErrorCode } from '../base/errors.js';
import type { ReadFile } from './environment-settings.js';
import type { Config } from './schema.js';

/** Something that two or more keys say together. */
export interface Finding {
  readonly code: ErrorCode;
  /** The key to change. */
  readonly path: string;
  readonly message: string;
  readonly hint: string | null;
}

/** One rule over the whole configuration. */
export interface CrossCheck {
  /** Keys or sections it looks at. It is not asked while one of them is wrong in itself. */
  readonly reads: readonly string[];
  find(config: Config, readFile: ReadFile): readonly Finding[];
}

/** A finding that stops the start. */
export function refuse(path: string, message: string, hint: string | null = null): Finding {
  return { code: 'CONFIG_INVALID', path, message, hint };
}

/** A finding that is only worth a warning. */
export function doubt(path: string, message: string, hint: string | null = null): Finding {
  return { code: 'CONFIG_DOUBTFUL', path, message, hint };
}
