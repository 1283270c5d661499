import { serializeRequest } from './message/serialize.js';
import { reasonPhrase } from './message/reasons.js';
import type { SipRequest } from './message/types.js';

/**
 * A CANCEL of `invite` that no peer sent: it tells the application that the edge itself answered the INVITE with
 * `status` (the caller's connection is gone, its BYE came before the answer, or the application took too long).
 */
export function withdrawalOf(invite: SipRequest, status: number): Buffer {
  return serializeRequest({
    method: 'CANCEL',
    uri: invite.uri.text,
    headers: [
      ['Via', invite.via[0].text],
      ['From', invite.header('from') ?? ''],
      ['To', invite.header('to') ?? ''],
      ['Call-ID', invite.callId],
      ['CSeq', `${invite.cseq.number} CANCEL`],
      ['Reason', `SIP ;cause=${status} ;text="${reasonPhrase(status)}"`],
    ],
    body: null,
  });
}
