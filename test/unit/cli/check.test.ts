import { describe, expect, it } from 'vitest';
import { checkCommand } from '../../../src/cli/check.js';
import { processIo } from '../../../src/cli/command-io.js';
import { configFile, run } from './check-support.js';

const check = (args: readonly string[], env: Readonly<Record<string, string>> = {}, isTTY = false) =>
  run(checkCommand, args, { env, isTTY });

describe('portcullis check', () => {
  it('says the rules and listeners of a good configuration and ends with 0', async () => {
    const { stdout, stderr, code } = await check([], {
      TRUSTED_IP_LIST: '192.0.2.7',
      SIP_AUTH_PASSWORD: 'hush-canary',
    });
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain('Rules, in order:\n  1. Only these addresses may talk to the gateway: 192.0.2.7.');
    expect(stdout).toContain('Listens:\n  sip-tls  [::]:5061\n');
    expect(stdout).toMatch(/The configuration is good\.\n$/);
    expect(stdout).not.toContain('hush-canary');
  });

  it('lists every error with its place on standard error and ends with 2', async () => {
    const path = configFile('sip:\n  tls:\n    port: 70000\n');
    const { stdout, stderr, code } = await check(['--config', path], { WHITELIST_FORM_URI: 'x' });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('2 errors:\n');
    expect(stderr).toContain(`${path}:3:11: sip.tls.port must be a port`);
    expect(stderr).toContain('Did you mean WHITELIST_FROM_URI?');
  });

  it('an open gate ends with 2 and its code (interfaces §1)', async () => {
    const { stderr, code } = await check([], { SIP_AUTH_ENABLED: 'false' });
    expect(code).toBe(2);
    expect(stderr).toContain('[CONFIG_OPEN_GATE]');
    expect(stderr).toContain('1 error:\n');
  });

  it.each([
    [{ SIP_AUTH_PASSWORD_FILE: '/nowhere/password' }, 4, 'SECRET_UNRESOLVED'],
    [{ SSL_KEY_STORE_FILE: '/nowhere/key.p12' }, 3, 'FILE_UNAVAILABLE'],
    [{ PORTCULLIS_CONFIG: '/nowhere/portcullis.yaml' }, 2, 'CONFIG_UNREADABLE'],
    [{ MULTI_TENANT_CONFIG_FILE: 'x.json' }, 2, 'CONFIG_NOT_BUILT'],
  ])('%j ends as start would: %d %s', async (env, exit, problem) => {
    const { stderr, code } = await check([], env);
    expect(code).toBe(exit);
    expect(stderr).toContain(problem);
  });

  it('warns and is good all the same', async () => {
    const { stdout, stderr, code } = await check([], { LOG_MAX_FILES: '3' });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^1 warning:\nenvironment LOG_MAX_FILES: /);
    expect(stdout).toContain('The configuration is good.');
  });

  it.each([
    [{}, 'allowlist: {from: ["sip:good.example"]}\n', 'portcullis.yaml:1'],
    [{ WHITELIST_TO_URI: '12345,tel:' }, '', 'WHITELIST_TO_URI[2]'],
  ])('has the rules read their entries: %j %j', async (env, yaml, where) => {
    const { stderr, code } = await check(['--config', configFile(yaml)], env);
    expect(code).toBe(2);
    expect(stderr).toContain('1 error:');
    expect(stderr).toContain(`${where}: allowlist.`);
  });

  it.each([
    [true, {}, true],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, {}, false],
  ])('on a terminal: %s, with %j: colours %s', async (isTTY, env, colored) => {
    const { stderr } = await check([], { ...env, SIP_PORT: 'x' }, isTTY);
    expect(stderr.includes('\u001b[')).toBe(colored);
  });

  it('teaches by examples', () => {
    const command = checkCommand(processIo());
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(help).toContain('$ portcullis check --config portcullis.yaml');
    expect(help).toContain('Exit codes: 0 good, 2 configuration');
    expect(help.split('\n').every((line) => line.length <= 100)).toBe(true);
  });
});

describe('portcullis check --json', () => {
  it('of a good configuration', async () => {
    const { stdout, stderr, code } = await check(['--json']);
    expect([stderr, code]).toEqual(['', 0]);
    const printed = JSON.parse(stdout) as { readonly rules: readonly string[] };
    expect(printed).toMatchObject({ ok: true, problems: [], warnings: [] });
    expect(printed.rules).toHaveLength(3);
    expect(printed.rules[1]).toContain('Callers authenticate as "portcullis"');
  });

  it('of a wrong one', async () => {
    const { stdout, stderr, code } = await check(['--json'], { SIP_PORT: 'x', PROXY_SOMETHING_ELSE: '1' });
    expect([stderr, code]).toEqual(['', 2]);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      problems: [
        {
          code: 'CONFIG_INVALID',
          path: 'sip.udp.port',
          where: 'environment SIP_PORT',
          message: 'must be a port from 0 to 65535 (0: any free one), or off',
          hint: null,
        },
      ],
      warnings: [expect.objectContaining({ code: 'CONFIG_DOUBTFUL', where: 'environment PROXY_SOMETHING_ELSE' })],
    });
  });
});

describe('processIo', () => {
  it('is the process', () => {
    const io = processIo();
    expect(io.stdout).toBe(process.stdout);
    expect(io.stderr).toBe(process.stderr);
    expect(io.env).toBe(process.env);
    const before = process.exitCode;
    io.exitWith(3);
    const set = process.exitCode;
    process.exitCode = before;
    expect(set).toBe(3);
  });
});
