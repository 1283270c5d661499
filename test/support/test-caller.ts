import { systemClock } from '../../src/base/clock.js';
import { silentLog } from '../../src/base/log.js';
import { Secret } from '../../src/base/secret.js';
import { Caller, type CallReport } from '../../src/caller/caller.js';
import type { Line } from '../../src/caller/line.js';
import { resolveTarget } from '../../src/caller/target.js';

export interface TestCall {
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly port: number;
  readonly from?: string;
  readonly to?: string;
  /** null: none. */
  readonly password?: string | null;
  readonly conduct?: (line: Line) => Promise<void>;
}

/** Calls the gateway with the built-in caller; the certificate is not verified. */
export async function placeCall(call: TestCall): Promise<CallReport> {
  const { transport, port, password = 'correct horse' } = call;
  const caller = new Caller(
    {
      target: await resolveTarget(`sip:${call.to ?? '12345556789'}@127.0.0.1:${port};transport=${transport}`),
      from: `sip:${call.from ?? '2345550001'}@example.com`,
      credentials: password === null ? null : { username: 'portcullis', password: new Secret(password) },
      codec: 'PCMU',
      udpAddress: '127.0.0.1',
      tls: { ca: null, verify: false },
    },
    { clock: systemClock, log: silentLog },
  );
  return caller.call(call.conduct ?? (() => Promise.resolve()));
}

export const statuses = (report: CallReport): number[] => report.attempts.map(({ status }) => status);
