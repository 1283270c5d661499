import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { DialogTable } from './dialog/table.js';
import type { EdgeOptions, EdgePeer } from './edge-contract.js';
import { localContact, localHostPort } from './local-contact.js';
import type { LocalFacts } from './outgoing-headers.js';
import type { SentBy } from './transaction/client-messages.js';

/** What the server and the client half of the edge share. */
export interface EdgeContext {
  readonly options: EdgeOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly dialogs: DialogTable;
}

/** How we name ourselves to `peer` in headers. */
export function localFacts(options: EdgeOptions, peer: EdgePeer, secure: boolean): LocalFacts {
  return {
    hostPort: localHostPort(peer, options.advertisedHost),
    contact: localContact(peer, options.advertisedHost, secure),
    productToken: options.productToken,
  };
}

/** How we name ourselves in Via, when not by the local address of the flow. */
export function sentBy(options: EdgeOptions, peer: EdgePeer): SentBy | undefined {
  return options.advertisedHost === null ? undefined : { host: options.advertisedHost, port: peer.localPort };
}
