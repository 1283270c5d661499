import { DEFAULT_SIP_LIMITS } from '../../../../src/base/limits.js';
import type { Dialog } from '../../../../src/sip/dialog/dialog.js';
import { uasDialog } from '../../../../src/sip/dialog/dialog.js';
import type { EdgePeer } from '../../../../src/sip/edge-contract.js';
import { parseMessage } from '../../../../src/sip/message/parse.js';
import type { SipRequest } from '../../../../src/sip/message/types.js';

export const PEER: EdgePeer = {
  address: '192.0.2.1',
  port: 40_000,
  transport: 'tcp',
  listener: 'tcp',
  localAddress: '192.0.2.9',
  localPort: 5060,
};

export interface Shape {
  readonly method?: string;
  readonly uri?: string;
  readonly cseq?: number;
  readonly from?: string;
  readonly to?: string;
  readonly headers?: readonly string[];
  readonly contact?: string | null;
  readonly body?: string;
}

/** A parsed request of the peer. */
export function sipRequest(shape: Shape = {}): SipRequest {
  const { method = 'INVITE', uri = 'sip:bot@gw.example', cseq = 10, body = '' } = shape;
  const contact = shape.contact === undefined ? '<sip:alice@192.0.2.1:40000;transport=tcp>' : shape.contact;
  const text = [
    `${method} ${uri} SIP/2.0`,
    'Via: SIP/2.0/TCP 192.0.2.1:40000;branch=z9hG4bKabc',
    `From: ${shape.from ?? '"Alice" <sip:alice@example.com>;tag=a1'}`,
    `To: ${shape.to ?? '<sip:bot@gw.example>'}`,
    'Call-ID: call-1',
    `CSeq: ${cseq} ${method}`,
    ...(contact === null ? [] : [`Contact: ${contact}`]),
    ...(shape.headers ?? []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
  const result = parseMessage(Buffer.from(text), DEFAULT_SIP_LIMITS);
  if (!result.ok) throw result.error;
  if (result.message.kind !== 'request') throw new Error('no request');
  return result.message;
}

export function dialogOf(shape: Shape = {}, peer = PEER): Dialog {
  return uasDialog(sipRequest(shape), peer, 'local');
}
