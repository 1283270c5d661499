import { GatewayError } from '../../base/errors.js';
import type { SipLimits } from '../../base/limits.js';
import type { FieldCursor } from './field-cursor.js';
import { canonicalName } from './names.js';
import type { HeaderField } from './types.js';

/**
 * Header fields that may stand once (RFC 3261 §7.3.1, §20, and the grammar of their extensions). Two of them, even equal
 * ones, are two truths: one reader takes the first, another the last.
 */
const SINGLE: ReadonlySet<string> = new Set(
  (
    'Answer-Mode Call-ID Content-Disposition Content-Encoding Content-ID Content-Length Content-Type CSeq Date Event ' +
    'Expires Flow-Timer From Identity-Info Info-Package Join Max-Breadth Max-Forwards MIME-Version Min-Expires Min-SE ' +
    'Organization P-Charging-Vector Priority Privacy RAck Refer-Sub Refer-To Referred-By Replaces Reply-To Retry-After ' +
    'RSeq Server Session-Expires Session-ID SIP-ETag SIP-If-Match Subject Subscription-State Suppress-If-Match ' +
    'Target-Dialog Timestamp To User-Agent'
  )
    .split(' ')
    .map((name) => canonicalName(name)),
);

/**
 * Reads all header fields of a block.
 * @throws GatewayError SIP_TOO_MANY, SIP_TOO_LARGE, SIP_HEADER, SIP_HEADER_DUPLICATE, SIP_BYTES
 */
export function readHeaderFields(cursor: FieldCursor, limits: SipLimits): HeaderField[] {
  const fields: HeaderField[] = [];
  while (cursor.next()) {
    if (fields.length >= limits.headerCount) throw new GatewayError('SIP_TOO_MANY');
    if (cursor.size > limits.headerLineBytes) throw new GatewayError('SIP_TOO_LARGE', 'A header field is too long.');
    const { rawName } = cursor;
    const name = canonicalName(rawName);
    if (SINGLE.has(name)) refuseSecond(fields, name);
    fields.push({ name, rawName, value: cursor.value });
  }
  return fields;
}

function refuseSecond(fields: readonly HeaderField[], name: string): void {
  for (const field of fields) if (field.name === name) throw new GatewayError('SIP_HEADER_DUPLICATE');
}
