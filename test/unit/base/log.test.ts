import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/base/errors.js';
import { createLog } from '../../../src/base/log.js';
import { scrub } from '../../../src/base/scrub.js';
import { Secret } from '../../../src/base/secret.js';

const CANARY = 'c4n4ry-Zq81';

describe('scrubbing of free text (threats 127, 128)', () => {
  it.each([
    [`Authorization: Digest username="bob", response="${CANARY}"`],
    [`Proxy-Authorization: Basic ${CANARY}`],
    [`connect to http://user:${CANARY}@proxy:3128 failed`],
    [`wss://${CANARY}@host/v1/recognize`],
    [`INVITE sip:bob:${CANARY}@example.com SIP/2.0`],
    [`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${CANARY}|2^20`],
    [`GET /v1/recognize?access_token=${CANARY}&model=x`],
    [`header bearer ${CANARY}`],
    [`{"password":"${CANARY}"}`],
    [`password=${CANARY}`],
  ])('%s', (text) => {
    expect(scrub(text)).not.toContain(CANARY);
    expect(scrub(text)).toContain('[secret]');
  });

  it('keeps ordinary text as it is', () => {
    const text = 'call to sip:12345556789@example.com answered with 200';
    expect(scrub(text)).toBe(text);
  });

  it('removes control, terminal and bidirectional characters and caps the length', () => {
    expect(scrub('a\u001b[2Jb\u202ec\u0000')).toBe('a\ufffd[2Jb\ufffdc\ufffd');
    expect(scrub('x'.repeat(5000)).length).toBeLessThanOrEqual(1025);
  });

  it('takes linear time on hostile text', () => {
    const started = performance.now();
    for (const unit of ['sip:', 'http://', 'password', 'a:', 'bearer ', '?key=', '"password":"'])
      scrub(unit.repeat(16_384 / unit.length));
    expect(performance.now() - started).toBeLessThan(250);
  });
});

describe('log lines', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'debug', write: (line) => lines.push(line) });
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;

  it('masks forbidden keys at any depth and every string', () => {
    log.info({ a: { b: { password: CANARY } }, list: [{ Token: CANARY }], url: `http://u:${CANARY}@h/` }, 'x');
    expect(lines.at(-1)).not.toContain(CANARY);
    expect(last()['msg']).toBe('x');
  });

  it('masks secrets, errors and their causes', () => {
    const cause = new Error(`proxy http://u:${CANARY}@h/ refused`);
    log.error(
      { err: new GatewayError('PROXY_CONNECT', `Authorization: Basic ${CANARY}`, { cause }), s: new Secret(CANARY) },
      'y',
    );
    expect(lines.at(-1)).not.toContain(CANARY);
    expect(last()['err']).toMatchObject({ code: 'PROXY_CONNECT', cause: { code: 'INTERNAL' } });
    expect(last()['s']).toContain('[secret]');
  });

  it('is one JSON line whatever a peer sends', () => {
    log.warn({ pii: { from: '\u001b[2J\r\n{"level":"info","msg":"auth ok"}' } }, 'z');
    expect(lines.at(-1)?.trimEnd().split('\n')).toHaveLength(1);
    expect(last()['msg']).toBe('z');
  });

  it('shows bytes by their number only', () => {
    log.info({ body: Buffer.from(CANARY) }, 'bytes');
    expect(lines.at(-1)).not.toContain(CANARY);
    expect(last()['body']).toBe('[11 bytes]');
  });
});
