import { describe, expect, it } from 'vitest';
import { DEFAULT_SIP_LIMITS } from '../../../../src/base/limits.js';
import { codeOf } from '../../../../src/base/errors.js';
import { StreamFramer } from '../../../../src/sip/message/framer.js';
import { parseMessage } from '../../../../src/sip/message/parse.js';
import type { Uri } from '../../../../src/sip/message/types.js';
import { RFC4475_INVALID } from '../../../corpus/sip/rfc4475-invalid.js';
import { RFC4475_SEMANTICS } from '../../../corpus/sip/rfc4475-semantics.js';
import { RFC4475_VALID } from '../../../corpus/sip/rfc4475-valid.js';
import { RFC5118 } from '../../../corpus/sip/rfc5118.js';
import type { Accepted, TortureCase } from '../../../corpus/sip/torture-case.js';
import { accepted, refused } from './samples.js';

// RFC 4475 §3.1.1.7 longreq has 34 Vias.
const limits = { ...DEFAULT_SIP_LIMITS, viaCount: Math.max(DEFAULT_SIP_LIMITS.viaCount, 34) };

const userAndHost = (uri: Uri): readonly unknown[] => (uri.kind === 'sip' ? [uri.user, uri.host] : [uri.text]);

function expectAccepted(bytes: Buffer, expected: Accepted): void {
  const message = accepted(bytes, limits);
  const { start, from, target, vias, contacts, bodyBytes } = expected;
  expect(message.kind === 'request' ? message.method : message.status).toBe(start);
  if (from) expect([message.from.displayName, ...userAndHost(message.from.uri)]).toEqual(from);
  if (target && message.kind === 'request') expect(userAndHost(message.uri)).toEqual(target);
  if (vias) expect(message.via).toHaveLength(vias);
  if (contacts) expect(message.contacts).toHaveLength(contacts);
  if (bodyBytes !== undefined) expect(message.body).toHaveLength(bodyBytes);
}

function framed(bytes: Buffer): number | string {
  try {
    return new StreamFramer(limits).push(bytes).filter(({ type }) => type === 'message').length;
  } catch (error) {
    return codeOf(error);
  }
}

describe.each([
  ['RFC 4475', [...RFC4475_VALID, ...RFC4475_INVALID, ...RFC4475_SEMANTICS], 50],
  ['RFC 5118', RFC5118, 12],
] as const)('threat 94, %s', (rfc, cases: readonly TortureCase[], count) => {
  it('the set is whole', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(count);
  });

  it.each(cases)(`${rfc} §$section $name as a datagram`, ({ bytes, datagram }) => {
    if ('start' in datagram) return expectAccepted(bytes, datagram);
    const { error, status, reply } = refused(bytes, limits);
    expect([error.code, status]).toEqual([datagram.code, datagram.status]);
    expect(reply !== null).toBe(datagram.status !== null && datagram.answerable !== false);
  });

  it.each(cases)(`${rfc} §$section $name on a stream`, ({ bytes, stream }) => {
    expect(framed(bytes)).toBe(stream);
  });

  it.each(cases)(`${rfc} §$section $name cut off anywhere is refused or waits`, ({ bytes }) => {
    const headEnd = bytes.indexOf('\r\n\r\n') + 4;
    for (let end = 0; end < headEnd; end += 7) {
      expect(parseMessage(bytes.subarray(0, end), limits).ok).toBe(false);
      expect([0, 'SIP_BYTES']).toContain(framed(bytes.subarray(0, end)));
    }
  });
});
