import { readFileSync } from 'node:fs';
import type { ReadFile } from './environment-settings.js';

/** Reads a file whole, as UTF-8. Throws the system's error. */
export const readTextFile: ReadFile = (path) => readFileSync(path, 'utf8');
