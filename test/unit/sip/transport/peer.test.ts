import { describe, expect, it } from 'vitest';
import { canonicalAddress, flowId, peerOf } from '../../../../src/sip/transport/peer.js';
import { RouteTable } from '../../../../src/sip/transport/route-table.js';

describe('canonicalAddress (threat 85)', () => {
  it.each([
    ['192.0.2.4', '192.0.2.4'],
    ['::ffff:192.0.2.4', '192.0.2.4'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['', null],
    [undefined, null],
  ])('%s is %s', (reported, expected) => {
    expect(canonicalAddress(reported)).toBe(expected);
  });
});

describe('peerOf', () => {
  const ends = {
    remoteAddress: '::ffff:192.0.2.4',
    remotePort: 5060,
    localAddress: '::ffff:192.0.2.1',
    localPort: 5061,
  };

  it('has both ends in canonical form', () => {
    expect(peerOf(ends, 'tls', 'main')).toEqual({
      address: '192.0.2.4',
      port: 5060,
      transport: 'tls',
      listener: 'main',
      localAddress: '192.0.2.1',
      localPort: 5061,
    });
  });

  it('is null for a socket that is gone', () => {
    for (const missing of Object.keys(ends))
      expect(peerOf({ ...ends, [missing]: undefined }, 'tls', 'main')).toBeNull();
  });

  it('gives each pair of ends its own flow id', () => {
    const peer = peerOf(ends, 'tls', 'main');
    if (peer === null) throw new Error('no peer');
    const others = [
      { address: '192.0.2.5' },
      { port: 1 },
      { transport: 'tcp' },
      { localAddress: '::1' },
      { localPort: 1 },
    ];
    const ids = [{}, ...others].map((change) => flowId(Object.assign({ ...peer }, change)));
    expect(new Set(ids).size).toBe(ids.length);
    expect(flowId({ ...peer, listener: 'other' })).toBe(ids[0]);
  });
});

describe('RouteTable', () => {
  it('knows the local address towards a peer, and what to say where there is no route', () => {
    let now = 0;
    const routes = new RouteTable(() => now);
    expect(routes.localAddress('127.0.0.1', 'none')).toBe('127.0.0.1');
    expect(routes.localAddress('::1', 'none')).toBe('::1');
    // A broadcast address cannot be connected to without asking for it: the system refuses.
    expect(routes.localAddress('255.255.255.255', 'first')).toBe('first');
    expect(routes.localAddress('255.255.255.255', 'second')).toBe('first');
    now = 60_000;
    expect(routes.localAddress('255.255.255.255', 'third')).toBe('third');
  });
});
