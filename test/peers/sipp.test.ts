import { afterEach, describe, expect, it } from 'vitest';
import { CallLoad } from '../support/call-load.js';
import { requirePeer } from '../support/peer.js';

const loads: CallLoad[] = [];
afterEach(async () => {
  await Promise.all(loads.splice(0).map((load) => load.close()));
});

describe.skipIf(!requirePeer('sipp'))('sipp', () => {
  it.each([
    ['tcp', 'TCP, authentication off'],
    ['tls', 'bridged TLS with MD5 digest'],
  ] as const)(
    '30 calls with RTP over %s (%s): none fails, everything comes back',
    async (kind, _title) => {
      const load = await CallLoad.start({ kind });
      loads.push(load);
      const result = await load.run(30, 10, 1_500);
      expect(result, result.output).toMatchObject({ code: 0, successful: 30, failed: 0 });
      for (const name of [
        'portcullis_calls',
        'portcullis_sip_dialogs',
        'portcullis_rtp_ports_in_use',
        'portcullis_sip_connections',
      ]) {
        await expect.poll(() => load.gateway.metric(name), { timeout: 10_000 }).toBe(0);
      }
      const allowed = (await load.gateway.decisions()).filter(({ verdict }) => verdict === 'allow');
      expect(allowed).toHaveLength(30);
      expect(load.gateway.program.output).not.toContain('"level":"error"');
    },
    60_000,
  );
});
