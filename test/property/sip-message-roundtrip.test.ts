import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SIP_LIMITS } from '../../src/base/limits.js';
import { parseNameAddr } from '../../src/sip/message/name-addr.js';
import { parseMessage } from '../../src/sip/message/parse.js';
import { buildResponse } from '../../src/sip/message/response.js';
import { quoteDisplayName, serializeRequest, serializeResponse } from '../../src/sip/message/serialize.js';
import type { SipMessage, Uri } from '../../src/sip/message/types.js';
import { parseUri, uriToText } from '../../src/sip/message/uri.js';

const RUNS = { numRuns: 300, seed: 11 };

const token = fc.stringMatching(/^[A-Za-z0-9.!%*_+`'~-]{1,16}$/);
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
const host = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  fc.ipV4(),
  fc
    .ipV6()
    .filter((text) => !text.includes('.'))
    .map((text) => `[${text}]`),
);
const unreserved = fc.stringMatching(/^[A-Za-z0-9_.!~*'()&=+$,;?/-]{1,16}$/);
const escaped = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }).filter(isPrintable).map(encodeURIComponent);
const user = fc.oneof(
  unreserved,
  escaped,
  fc.tuple(unreserved, escaped).map(([left, right]) => left + right),
);
const uriParam = fc.stringMatching(/^[a-z]{1,8}(=[A-Za-z0-9:+-]{1,8})?$/);
const uniqueParams = fc.uniqueArray(uriParam, { maxLength: 3, selector: (text) => text.split('=', 1)[0] });

const sipUri = fc
  .record({
    scheme: fc.constantFrom('sip', 'sips', 'SIP'),
    user: fc.option(user),
    host,
    port: fc.option(fc.integer({ min: 1, max: 65_535 })),
    params: uniqueParams,
  })
  .map(
    (parts) =>
      `${parts.scheme}:${parts.user === null ? '' : `${parts.user}@`}${parts.host}` +
      `${parts.port === null ? '' : `:${parts.port}`}${parts.params.map((param) => `;${param}`).join('')}`,
  );

function isPrintable(text: string): boolean {
  return !/[\p{Cc}\p{Surrogate}]/u.test(text);
}

/** What must survive writing and reading: everything but the text as written. */
const meaning = (uri: Uri): unknown =>
  uri.kind === 'sip' ? { ...uri, rawUser: null, hasPassword: null, text: null } : { ...uri, text: null };

describe('URIs', () => {
  it('RFC 3261 §19.1: the canonical text means the same and is stable', () => {
    fc.assert(
      fc.property(sipUri, (text) => {
        const uri = parseUri(text);
        const canonical = uriToText(uri);
        expect(meaning(parseUri(canonical))).toEqual(meaning(uri));
        expect(uriToText(parseUri(canonical))).toBe(canonical);
      }),
      RUNS,
    );
  });

  it('threat 28: case of scheme and host changes nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom('sip', 'SIP', 'Sip'), host, (scheme, name) => {
        expect(meaning(parseUri(`${scheme}:a@${name.toUpperCase()}`))).toEqual(meaning(parseUri(`sip:a@${name}`)));
      }),
      RUNS,
    );
  });

  it('threat 10: escaping any character of the user changes nothing that is matched', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{1,12}$/), fc.nat(), (name, at) => {
        const index = at % name.length;
        const hex = name.charCodeAt(index).toString(16);
        const uri = parseUri(`sip:${name.slice(0, index)}%${hex}${name.slice(index + 1)}@h`);
        expect(uri).toMatchObject({ user: name });
      }),
      RUNS,
    );
  });

  it('any text is a URI or a refusal, and no URI holds a control character', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), sipUri), (text) => {
        try {
          const uri = parseUri(text);
          expect(JSON.stringify(uri)).not.toMatch(/\\u00[01]|\\[rnbf]/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'SIP_URI' });
        }
      }),
      { ...RUNS, numRuns: 2_000 },
    );
  });
});

describe('threats 6, 7: display names', () => {
  it('whatever stands in quotes is a display name and never an address', () => {
    const name = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }).filter(isPrintable),
      fc.stringMatching(/^["\\<>;,@ :a-z]{0,30}$/),
      fc.constant('" <sip:2345556789@good.example>;tag=1, "'),
    );
    fc.assert(
      fc.property(name, sipUri, (display, uri) => {
        const parsed = parseNameAddr(`${quoteDisplayName(display)} <${uri}>;tag=t`);
        expect(parsed.displayName).toBe(display);
        expect(parsed.uri).toEqual(parseUri(uri));
        expect([...parsed.params]).toEqual([['tag', 't']]);
      }),
      RUNS,
    );
  });
});

const value = fc
  .string({ unit: 'grapheme', maxLength: 60 })
  .filter(isPrintable)
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
const extra = fc.tuple(
  token.map((name) => `X-${name}`),
  value,
);
const bodies = fc.option(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)));

const mandatory = (method: string, from: string, sequence: number): [string, string][] => [
  ['Via', 'SIP/2.0/TLS h;branch=z9hG4bK1'],
  ['From', `${from};tag=1`],
  ['To', '<sip:b@h>'],
  ['Call-ID', 'c'],
  ['CSeq', `${sequence} ${method}`],
];

function read(bytes: Buffer): SipMessage {
  const result = parseMessage(bytes, DEFAULT_SIP_LIMITS);
  if (!result.ok) throw result.error;
  return result.message;
}

const listed = (message: SipMessage): readonly (readonly [string, string])[] =>
  message.headers.filter(({ name }) => name !== 'content-length').map(({ rawName, value }) => [rawName, value]);

describe('parse ∘ serialise', () => {
  it('gives back method, URI, header fields and body of a request', () => {
    const all = fc.tuple(token, sipUri, fc.array(extra, { maxLength: 6 }), fc.nat(2 ** 31 - 1), bodies);
    fc.assert(
      fc.property(all, ([method, uri, more, sequence, body]) => {
        fc.pre(!method.toUpperCase().startsWith('SIP/'));
        const headers = [...mandatory(method, `<${uri}>`, sequence), ...more];
        const message = read(serializeRequest({ method, uri, headers, body }));
        expect(message).toMatchObject({ kind: 'request', method, cseq: { number: sequence, method } });
        expect(listed(message)).toEqual(headers);
        expect(message.body.equals(body ?? Buffer.alloc(0))).toBe(true);
        expect(message.from.uri).toEqual(parseUri(uri));
      }),
      RUNS,
    );
  });

  it('gives back status, reason, header fields and body of a response', () => {
    const all = fc.tuple(fc.integer({ min: 100, max: 699 }), value, fc.array(extra, { maxLength: 6 }), bodies);
    fc.assert(
      fc.property(all, ([status, reason, more, body]) => {
        const headers = [...mandatory('BYE', '<sip:a@h>', 1), ...more];
        const message = read(serializeResponse({ status, reason, headers, body }));
        expect(message).toMatchObject({ kind: 'response', status, reason });
        expect(listed(message)).toEqual(headers);
        expect(message.body.equals(body ?? Buffer.alloc(0))).toBe(true);
      }),
      RUNS,
    );
  });

  it('RFC 3261 §8.2.6.2: a response to any request that parses, parses and agrees with it', () => {
    fc.assert(
      fc.property(token, sipUri, value, fc.integer({ min: 100, max: 699 }), (method, uri, display, status) => {
        const from = `${quoteDisplayName(display)} <${uri}>`;
        const sent = serializeRequest({ method, uri, headers: mandatory(method, from, 7), body: null });
        const request = read(sent);
        if (request.kind !== 'request') throw new Error('not a request');
        const response = read(buildResponse(request, { address: '192.0.2.9', port: 9 }, { status }));
        expect(response).toMatchObject({ kind: 'response', status, callId: 'c', cseq: request.cseq, fromTag: '1' });
        expect(response.from).toEqual(request.from);
        expect(response.via[0].params.get('received')).toBe('192.0.2.9');
      }),
      RUNS,
    );
  });
});
