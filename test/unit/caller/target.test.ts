import { describe, expect, it } from 'vitest';
import { resolveTarget } from '../../../src/caller/target.js';

describe('where a call goes', () => {
  it.each([
    ['sip:100@127.0.0.1', 'udp', 5060],
    ['sip:100@127.0.0.1;transport=tcp', 'tcp', 5060],
    ['sip:100@127.0.0.1;transport=TLS', 'tls', 5061],
    ['sips:100@127.0.0.1', 'tls', 5061],
    ['sips:100@127.0.0.1;transport=tcp', 'tls', 5061],
    ['sip:100@127.0.0.1:7000;transport=tls', 'tls', 7000],
  ])('%s: %s, port %i (RFC 3261 §19.1.2, §26.2.2)', async (text, transport, port) => {
    expect(await resolveTarget(text)).toMatchObject({ transport, port, address: '127.0.0.1' });
  });

  it.each(['tel:+491234', 'sip:100@127.0.0.1;transport=sctp', 'sips:100@127.0.0.1;transport=udp', 'http://x', ''])(
    '%j cannot be called',
    async (text) => {
      await expect(resolveTarget(text)).rejects.toMatchObject({ code: 'SIP_URI' });
    },
  );
});
