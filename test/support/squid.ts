import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programPath } from './peer.js';
import type { TestIdentity } from './pki-egress.js';

/** Debian's helper that checks Basic credentials against a password file. */
export const SQUID_AUTH_HELPER = '/usr/lib/squid/basic_ncsa_auth';

/** Where squid's connections come from, so that a service can tell them from ours. */
export const SQUID_ADDRESS = '127.0.0.2';

/** A real squid with Basic authentication on an http and an https port of loopback. */
export interface Squid {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Lines of access.log: time, client, result/status, bytes, method, authority, user. */
  accessLog(): string[];
  stop(): Promise<void>;
}

export async function startSquid(user: string, password: string, identity: TestIdentity): Promise<Squid> {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-squid-'));
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  writeFiles(directory, user, password, identity, httpPort, httpsPort);
  const squid = spawn(programPath('squid') ?? 'squid', ['-N', '-f', join(directory, 'squid.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await Promise.all([listening(httpPort, squid), listening(httpsPort, squid)]).catch((error: unknown) => {
    squid.kill('SIGKILL');
    throw error;
  });
  return {
    httpPort,
    httpsPort,
    accessLog: () => readFileSync(join(directory, 'access.log'), 'utf8').split('\n').filter(Boolean),
    async stop() {
      if (squid.exitCode === null && squid.signalCode === null) {
        const exited = once(squid, 'exit');
        squid.kill('SIGKILL');
        await exited;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function writeFiles(
  directory: string,
  user: string,
  password: string,
  identity: TestIdentity,
  httpPort: number,
  httpsPort: number,
): void {
  const file = (name: string): string => join(directory, name);
  const hash = execFileSync('openssl', ['passwd', '-apr1', '-stdin'], { input: password }).toString().trim();
  writeFileSync(file('passwd'), `${user}:${hash}\n`);
  writeFileSync(file('proxy.pem'), identity.cert + identity.key);
  const lines = [
    `http_port 127.0.0.1:${httpPort}`,
    `https_port 127.0.0.1:${httpsPort} tls-cert=${file('proxy.pem')}`,
    `auth_param basic program ${SQUID_AUTH_HELPER} ${file('passwd')}`,
    'auth_param basic realm test',
    'auth_param basic utf8 on',
    'acl known proxy_auth REQUIRED',
    'http_access allow CONNECT known',
    'http_access deny all',
    'logformat short %ts %>a %Ss/%03>Hs %<st %rm %ru %un',
    `access_log stdio:${file('access.log')} short`,
    'buffered_logs off',
    `cache_log ${file('cache.log')}`,
    `pid_filename ${file('squid.pid')}`,
    `coredump_dir ${directory}`,
    `tcp_outgoing_address ${SQUID_ADDRESS}`,
    'cache deny all',
    'pinger_enable off',
    'hosts_file /etc/hosts',
    'shutdown_lifetime 0 seconds',
    'forward_max_tries 1',
  ];
  writeFileSync(file('squid.conf'), `${lines.join('\n')}\n`);
  writeFileSync(file('access.log'), '');
  giveToSquid(directory, ['', 'access.log', 'passwd', 'proxy.pem'].map(file));
}

/** As root, squid goes on as the user `proxy`, who must be able to read and write here. */
function giveToSquid(directory: string, files: readonly string[]): void {
  if (process.getuid?.() !== 0) return;
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'proxy']).toString());
  for (const file of files) chownSync(file, id('-u'), id('-g'));
  chmodSync(directory, 0o755);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Squid says nowhere that it listens: the port itself is asked, until it answers or squid has ended. */
async function listening(port: number, squid: ChildProcess): Promise<void> {
  let errors = '';
  squid.stderr?.on('data', (chunk) => {
    errors += String(chunk);
  });
  for (;;) {
    if (squid.exitCode !== null) throw new Error(`squid ended: ${errors}`);
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
