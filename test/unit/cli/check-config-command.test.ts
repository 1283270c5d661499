import { describe, expect, it } from 'vitest';
import { configCommand } from '../../../src/cli/config.js';
import { configJsonSchema } from '../../../src/config/json-schema.js';
import { configFile, run } from './check-support.js';

const config = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(configCommand, args, { env });

describe('portcullis config', () => {
  it('prints every value with its origin, secrets masked', async () => {
    const path = configFile('calls:\n  max: 5\nsip: {auth: {password: hush-canary}}\n');
    const { stdout, stderr, code } = await config(['--config', path], { METRICS_PORT: '9100' });
    expect([stderr, code]).toEqual(['', 0]);
    expect(stdout).toMatch(/^ {2}max: 5 +# .*portcullis\.yaml:2$/m);
    expect(stdout).toMatch(/^ {2}port: 9100 +# environment METRICS_PORT$/m);
    expect(stdout).toMatch(/^ {4}password: "\[secret\]" +# .*portcullis\.yaml:3$/m);
    expect(stdout).not.toContain('hush-canary');
  });

  it('as JSON', async () => {
    const { stdout, code } = await config(['--json'], { REST_API_USERNAME: 'u', REST_API_PASSWORD: 'hush-canary' });
    expect(code).toBe(0);
    expect(stdout).not.toContain('hush-canary');
    expect(JSON.parse(stdout)).toMatchObject({
      config: { rest: { username: 'u', password: '[secret]' }, sip: { tls: { port: 5061 } } },
      origins: { 'rest.password': 'environment REST_API_PASSWORD', 'sip.tls.port': 'default' },
    });
  });

  it('prints nothing of a wrong one but its errors', async () => {
    const { stdout, stderr, code } = await config([], { SIP_AUTH_ENABLED: 'false' });
    expect([stdout, code]).toEqual(['', 2]);
    expect(stderr).toContain('[CONFIG_OPEN_GATE]');
  });

  it('keeps warnings out of standard output', async () => {
    const { stdout, stderr } = await config([], { LOG_MAX_FILES: '1' });
    expect(stderr).toContain('1 warning:');
    expect(stdout).not.toContain('LOG_MAX_FILES');
  });

  it('--schema prints the JSON Schema whatever the configuration', async () => {
    const { stdout, code } = await config(['--schema'], { SIP_PORT: 'x' });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });
});
