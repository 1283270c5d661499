import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { programPath } from './peer.js';

/** A network of two addresses: ours, and that of a namespace which sees nothing else. */
export interface NetworkNamespace {
  readonly name: string;
  /** The root namespace's end of the link. */
  readonly hostAddress: string;
  /** The namespace's end, and its interface there. */
  readonly address: string;
  readonly device: string;
  /** Put before a command, runs it inside. */
  readonly enter: readonly string[];
}

/** /30 networks in 10.213.0.0/16. */
const NETWORKS = 2 ** 14;
const ATTEMPTS = 20;

/**
 * Whether namespaces can be made here: this takes root and iproute2, and a kernel or container that lets us. The reason
 * for skipping is printed; with `CI=true` it is a failure, as with `requirePeer`.
 */
export function requireNetns(): boolean {
  try {
    closeNetns(openNetns());
    return true;
  } catch (error) {
    const reason = `peer test skipped: no network namespace: ${error instanceof Error ? error.message : String(error)}`;
    if (process.env['CI'] === 'true') throw new Error(reason, { cause: error });
    process.stderr.write(`${reason}\n`);
    return false;
  }
}

/** Runs `use` beside a fresh namespace and removes that whatever happens, the end of this process included. */
export async function withNetns<T>(use: (netns: NetworkNamespace) => Promise<T>): Promise<T> {
  const netns = openNetns();
  const close = (): void => closeNetns(netns);
  process.once('exit', close);
  try {
    return await use(netns);
  } finally {
    process.off('exit', close);
    close();
  }
}

/** The name of a namespace is its network, so that making it is also the claim to that network among parallel runs. */
function openNetns(): NetworkNamespace {
  for (let attempt = 1; ; attempt += 1) {
    const netns = networkNumber(randomInt(NETWORKS));
    try {
      ip('netns', 'add', netns.name);
    } catch (error) {
      if (attempt < ATTEMPTS && error instanceof Error && error.message.includes('File exists')) continue;
      throw error;
    }
    try {
      connect(netns);
      return netns;
    } catch (error) {
      closeNetns(netns);
      throw error;
    }
  }
}

function networkNumber(index: number): NetworkNamespace {
  const [third, fourth] = [index >> 6, (index & 0x3f) << 2];
  const name = `pc-${third}-${fourth}`;
  return {
    name,
    hostAddress: `10.213.${third}.${fourth + 1}`,
    address: `10.213.${third}.${fourth + 2}`,
    device: `${name}i`,
    enter: [programPath('ip') ?? 'ip', 'netns', 'exec', name],
  };
}

function connect({ name, hostAddress, address, device }: NetworkNamespace): void {
  const host = hostDevice(name);
  ip('link', 'add', host, 'type', 'veth', 'peer', 'name', device, 'netns', name);
  ip('addr', 'add', `${hostAddress}/30`, 'dev', host);
  ip('link', 'set', host, 'up');
  ip('-n', name, 'addr', 'add', `${address}/30`, 'dev', device);
  ip('-n', name, 'link', 'set', device, 'up');
}

/** The link goes with either of its ends, the namespace when the last process in it has ended. */
function closeNetns({ name }: NetworkNamespace): void {
  for (const command of [
    ['link', 'del', hostDevice(name)],
    ['netns', 'del', name],
  ]) {
    try {
      ip(...command);
    } catch {
      // Not there: whatever was made before it failed is still removed.
    }
  }
}

function hostDevice(name: string): string {
  return `${name}o`;
}

function ip(...args: readonly string[]): void {
  execFileSync(programPath('ip') ?? 'ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
