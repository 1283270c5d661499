import { processEnvironment, type Environment } from '../config/environment.js';

/** What a command may touch of the process, so that tests need no child process. */
export interface CommandIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: Environment;
  /** Whether standard output is a terminal. */
  readonly isTTY: boolean;
  /** Sets the exit code; the command returns normally. */
  exitWith(code: number): void;
}

/** The process itself. */
export function processIo(): CommandIo {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: processEnvironment(),
    isTTY: process.stdout.isTTY === true,
    exitWith(code) {
      process.exitCode = code;
    },
  };
}

/** Colours on a terminal, unless NO_COLOR says otherwise. */
export function wantsColor(io: CommandIo): boolean {
  return io.isTTY && (io.env['NO_COLOR'] ?? '') === '';
}
