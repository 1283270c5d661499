import type { HeaderLines } from '../edge-application.js';
import type { OutgoingRequest } from '../transaction/contract.js';
import type { Dialog } from './dialog.js';
import { requestUriOf, routeTo } from './route-set.js';

export interface DialogRequestParts {
  readonly method: string;
  /** CSeq number: the dialog's next, or for an ACK that of its INVITE. */
  readonly sequence: number;
  /** Null: the remote target. */
  readonly uri: string | null;
  /** What does not come from the dialog: Contact, body headers, the application's own. */
  readonly headers: HeaderLines;
  readonly body: Buffer | null;
}

/** A request inside `dialog` (RFC 3261 §12.2.1.1). */
export function dialogRequest(dialog: Dialog, parts: DialogRequestParts): OutgoingRequest {
  const { requestUri, routes } = routeTo(parts.uri ?? requestUriOf(dialog.remoteTarget), dialog.routeSet);
  return {
    method: parts.method,
    uri: requestUri,
    headers: [
      ['Max-Forwards', '70'],
      ...routes.map((route) => ['Route', route] as const),
      ['From', `${dialog.localParty};tag=${dialog.localTag}`],
      ['To', dialog.remoteParty],
      ['Call-ID', dialog.callId],
      ['CSeq', `${parts.sequence} ${parts.method}`],
      ...parts.headers,
    ],
    body: parts.body,
  };
}
