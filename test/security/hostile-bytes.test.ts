import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_SIP_LIMITS } from '../../src/base/limits.js';
import { parseMessage } from '../../src/sip/message/parse.js';
import { FakeWatson } from '../support/fake-watson.js';
import { complaints, countDecisions, stillHeld } from '../support/hostile-checks.js';
import { validInvite } from '../support/hostile-messages.js';
import { HostileRun } from '../support/hostile-run.js';
import { applied, mutated, OPERATORS, pieces, Random } from '../support/mutator.js';
import { RunningGateway } from '../support/running-gateway.js';

/** Threats 76–83, 103: one percent of the proof `proof/mutations.ts`. */

const MESSAGES = 500;
const TRANSPORTS = ['udp', 'tcp', 'tls'] as const;
/** 64*T1 for what is never acknowledged, silence for what never sends media, and the quarantine of their ports. */
const SETTLE_MS = 50_000;
const SILENCE = join(tmpdir(), `portcullis-hostile-${process.pid}.yaml`);
const RSS_GAIN_BYTES = 128 * 1_048_576;

const watson = new FakeWatson();
beforeAll(async () => {
  await watson.start();
  await writeFile(SILENCE, 'media: { silenceSeconds: 34 }\n');
});
afterAll(() => watson.close());

function start(secured: boolean): Promise<RunningGateway> {
  const url = `http://127.0.0.1:${watson.port}`;
  return RunningGateway.start({
    ...{
      SIP_PORT: '0',
      SIP_PORT_TCP: '0',
      SIP_AUTH_ENABLED: String(secured),
      MAX_CALLS: '300',
    },
    ...{ WATSON_STT_URL: url, WATSON_TTS_URL: url, PORTCULLIS_CONFIG: SILENCE },
  });
}

describe('mutations', () => {
  const invite = validInvite('x', null);

  it('the message that they are made of is valid', () => {
    expect(parseMessage(invite, DEFAULT_SIP_LIMITS).ok).toBe(true);
  });

  it('the same seed gives the same bytes, another seed others', () => {
    const some = (seed: number): string[] => {
      const random = new Random(seed);
      return Array.from({ length: 50 }, () => mutated(invite, random).toString('latin1'));
    };
    expect(some(1)).toEqual(some(1));
    expect(some(1)).not.toEqual(some(2));
  });

  it.each(OPERATORS)('%s: changes something', (name) => {
    const random = new Random(3);
    const changed = Array.from({ length: 20 }, () => applied(invite, [name], random));
    expect(changed.some((bytes) => !bytes.equals(invite))).toBe(true);
  });

  it('pieces are the whole', () => {
    const random = new Random(4);
    for (let count = 0; count < 50; count++) expect(Buffer.concat(pieces(invite, random))).toEqual(invite);
  });

  it('both ends are reached: mutations that do no harm, and those that do', () => {
    const random = new Random(5);
    const taken = Array.from({ length: 1_000 }, () => parseMessage(mutated(invite, random), DEFAULT_SIP_LIMITS).ok);
    expect(taken.filter((ok) => ok).length).toBeGreaterThan(250);
    expect(taken.filter((ok) => !ok).length).toBeGreaterThan(250);
  });
});

describe.concurrent.each([
  ['without authentication, as deep as a call', false],
  ['with authentication', true],
] as const)('threats 76–83, 103: hostile bytes to a gateway %s', (_name, secured) => {
  it(`${MESSAGES} on each transport: 400 or closed, one line, and it lives on with nothing held`, async ({
    expect,
    onTestFinished,
  }) => {
    const gateway = await start(secured);
    onTestFinished(() => gateway.stop().then(() => {}));
    const before = await gateway.rss();
    const runs = TRANSPORTS.map(
      (transport, index) =>
        new HostileRun({
          gateway,
          transport,
          messages: MESSAGES,
          seed: 40 + index,
          secured,
        }),
    );
    await Promise.all(runs.map((run) => run.send()));
    // Nothing of it may reach over to others: a call is still held, or the sockets are gone; all of it must end.
    expect(await stillHeld(gateway, SETTLE_MS)).toBe('');
    await Promise.all(runs.map((run) => run.close()));

    for (const { tally } of runs) {
      expect(tally.problems).toEqual([]);
      expect(tally.sent).toBe(MESSAGES);
    }
    expect(complaints(gateway)).toEqual([]);
    const decisions = await countDecisions(gateway);
    expect(decisions.malformed).toBe(runs.reduce((sum, { tally }) => sum + tally.malformed, 0));
    expect(decisions.malformed).toBeGreaterThan(MESSAGES);
    // The digest keeps out all that is not signed; what is let in becomes calls.
    const answered = runs.map(({ tally }) => tally.accepted > 0);
    expect(answered).toEqual(secured ? [false, false, true] : [true, true, true]);
    expect(runs.slice(1).every(({ tally }) => tally.closed > 0)).toBe(true);
    expect(await gateway.rss()).toBeLessThan(before + RSS_GAIN_BYTES);
    expect(gateway.program.child.exitCode).toBeNull();
    expect(gateway.ready.pid).toBe(gateway.program.child.pid);
  }, 110_000);
});
