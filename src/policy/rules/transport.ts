import type { Policy } from '../policy.js';

/** With authentication on, nothing but TLS is served. The socket decides, not what a Via claims. */
export function transportPolicy(): Policy {
  return {
    name: 'transport',
    describe: () => 'Authentication is on, so that requests must come over TLS; others get 400.',
    judge({ peer }) {
      const input = `${peer.transport} on listener ${peer.listener}`;
      if (peer.transport === 'tls') return { kind: 'pass', input };
      const reason = `authentication is on and the request came over ${peer.transport}, not TLS`;
      return { kind: 'deny', status: 400, input, reason, headers: [] };
    },
  };
}
