import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWav } from '../../src/audio/wav.js';
import { FakeWatson } from '../support/fake-watson.js';
import { Program } from '../support/program.js';
import { RunningGateway } from '../support/running-gateway.js';

const watson = new FakeWatson();
let gateway: RunningGateway;
beforeAll(async () => {
  await watson.start();
  watson.speech = [Buffer.alloc(8_000, 0x90)];
  const url = `http://127.0.0.1:${watson.port}`;
  gateway = await RunningGateway.start({ WATSON_STT_URL: url, WATSON_TTS_URL: url });
});
afterAll(async () => {
  await gateway.stop();
  await watson.close();
});

function call(password: string, ...options: readonly string[]): Program {
  const uri = `sip:12345556789@127.0.0.1:${gateway.port('tls')};transport=tls`;
  const args = [join(process.cwd(), 'bin/portcullis'), 'call', uri, '--user', 'portcullis', ...options];
  return new Program(process.execPath, args, { env: { ...process.env, SIP_PASSWORD: password }, cwd: gateway.home });
}

describe('portcullis call', () => {
  it('plays a WAV, records what it hears, and exits 0', async () => {
    const wav = join(process.cwd(), 'assets/demo-caller.wav');
    const program = call('correct horse', '--insecure', '--wav', wav, '--seconds', '0', '--record', 'heard.wav');
    expect(await program.exited, program.output).toBe(0);
    const heard = readWav(await readFile(join(gateway.home, 'heard.wav')));
    expect(heard.rate).toBe(8_000);
    expect(Math.max(...heard.samples)).toBeGreaterThan(1_000);
    // What was said arrived: 3.2 s of μ-law, and more than silence.
    const audio = watson.recognitions.at(-1)?.audio ?? Buffer.alloc(0);
    expect(audio.length).toBeGreaterThan(20_000);
    expect(audio.some((byte) => byte !== 0xff && byte !== 0x7f)).toBe(true);
  });

  it('exits 1 when refused', async () => {
    const program = call('wrong', '--insecure');
    expect(await program.exited, program.output).toBe(1);
    expect(program.output).toContain('401');
  });

  it('does not trust an unknown certificate (threat 71): exits 3, and nothing was asked', async () => {
    const before = (await gateway.decisions()).length;
    const program = call('correct horse');
    expect(await program.exited, program.output).toBe(3);
    expect(program.output).toContain('EGRESS_TLS');
    expect(await gateway.decisions()).toHaveLength(before);
  });

  it('hangs up on Ctrl-C', async () => {
    const program = call('correct horse', '--insecure', '--seconds', '600');
    await program.waitFor(/answered/);
    program.child.kill('SIGINT');
    expect(await program.exited, program.output).toBe(0);
    expect(program.output).toContain('ended by the caller');
    await expect.poll(() => gateway.metric('portcullis_calls'), { timeout: 10_000 }).toBe(0);
  });
});
