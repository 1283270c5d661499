import type { SipRequest } from '../sip/message/types.js';
import type { PeerFacts, RequestFacts } from './policy.js';

/** What the rules may look at: the parsed request, the socket's other end and the wall time of arrival in ms. */
export function factsOf(request: SipRequest, peer: PeerFacts, time: number): RequestFacts {
  return {
    time,
    method: request.method,
    callId: request.callId,
    peer,
    requestUri: request.uri,
    from: request.from,
    to: request.to,
    inDialog: request.toTag !== null,
    authorization: request.headerAll('authorization'),
    maxForwards: request.maxForwards,
    require: request.require,
    contentType: request.header('content-type') ?? null,
    contentEncoding: request.header('content-encoding') ?? null,
    body: request.body,
  };
}
