import { serializeResponse } from './message/serialize.js';
import type { OutgoingRequest } from './transaction/contract.js';

const COPIED = new Set(['From', 'To', 'Call-ID', 'CSeq']);

/**
 * A response that no peer sent, to a request of ours: 408 for a timeout, 503 for a failed transport
 * (RFC 3261 §8.1.3.1).
 */
export function localResponse(request: OutgoingRequest, via: string, status: 408 | 503): Buffer {
  const headers = request.headers.filter(([name]) => COPIED.has(name));
  return serializeResponse({ status, headers: [['Via', via], ...headers], body: null });
}
