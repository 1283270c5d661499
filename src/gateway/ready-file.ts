import { execFile } from 'node:child_process';
import { rename, rm, writeFile } from 'node:fs/promises';
import { GatewayError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { BoundListener } from '../sip/edge-contract.js';

/** Where the gateway listens; the content of `--ready-file`. Field names are public interface. */
export interface ReadyInfo {
  readonly pid: number;
  readonly listeners: readonly BoundListener[];
  readonly rest: { readonly address: string; readonly port: number } | null;
  readonly metrics: { readonly address: string; readonly port: number } | null;
}

/** Writes the ready file in one step: a reader sees all of it or nothing. Throws GatewayError FILE_UNAVAILABLE. */
export async function writeReadyFile(path: string, { pid, listeners, rest, metrics }: ReadyInfo): Promise<void> {
  const draft = `${path}.${pid}.tmp`;
  try {
    await writeFile(draft, `${JSON.stringify({ pid, listeners, rest, metrics }, null, 2)}\n`, { mode: 0o644 });
    await rename(draft, path);
  } catch (error) {
    throw new GatewayError('FILE_UNAVAILABLE', `cannot write the ready file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

export async function removeReadyFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

/**
 * Tells systemd (`Type=notify`, `NotifyAccess=all`) a state such as `--ready` or `--stopping`. Node has no datagram
 * sockets for unix addresses, so systemd's own helper speaks; without NOTIFY_SOCKET nothing happens.
 */
export function notifySystemd(socket: string | undefined, state: '--ready' | '--stopping', log: Log): void {
  if (socket === undefined || socket === '') return;
  execFile(
    'systemd-notify',
    [state, `--pid=${process.pid}`],
    { env: { NOTIFY_SOCKET: socket, PATH: '/usr/bin:/bin' } },
    (error) => {
      if (error !== null) log.warn({ detail: messageOf(error) }, 'systemd could not be notified');
    },
  );
}
