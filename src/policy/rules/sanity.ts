import type { Uri } from '../../sip/message/types.js';
import type { Policy, Refusal, RequestFacts } from '../policy.js';
import { denyWith } from './refusals.js';

export interface SanityOptions {
  /** Option tags that we support when a request requires them, lower-case. */
  readonly extensions?: readonly string[];
}

/** Body types that calls may have, lower-case; also the value of the Accept header. */
const ACCEPTED_TYPES: readonly string[] = ['application/sdp'];

/** Whether we understand all that the request insists on (RFC 3261 §8.2.2, §8.2.3). */
export function sanityPolicy(options: SanityOptions = {}): Policy {
  const extensions = new Set(options.extensions ?? []);
  const supported = [...extensions].join(', ') || 'none';
  return {
    name: 'sanity',
    describe: () =>
      `A required extension (supported: ${supported}) or body type (${ACCEPTED_TYPES.join(', ')}) that is not served gets 420 or 415.`,
    judge(facts) {
      return (
        refuseUris(facts) ??
        refuseExtensions(facts, extensions) ??
        refuseBody(facts) ?? { kind: 'pass', input: inputOf(facts) }
      );
    },
  };
}

function inputOf({ require, contentType, body }: RequestFacts): string {
  const required = require.length === 0 ? 'nothing' : require.join(', ');
  return `requires ${required}, ${body.length === 0 ? 'no body' : `body ${contentType ?? 'without type'}`}`;
}

function refuseUris(facts: RequestFacts): Refusal | null {
  const { requestUri, from, to } = facts;
  if (requestUri.kind === 'other') {
    const scheme = `${requestUri.scheme}:`;
    return denyWith('SIP_URI_SCHEME', `Request-URI ${scheme}`, `Request-URI scheme ${scheme} is not supported`);
  }
  // RFC 3261 §19.1.1, table 1: URI headers have no place here.
  const bad = [['Request-URI', requestUri] as const, ['From', from.uri] as const, ['To', to.uri] as const];
  const found = bad.find(([, uri]) => hasHeaders(uri));
  return found === undefined ? null : denyWith('SIP_URI', found[0], `the ${found[0]} URI has a header part`);
}

function hasHeaders(uri: Uri): boolean {
  return uri.kind === 'sip' && uri.headers.size > 0;
}

// RFC 3261 §8.2.2.3: 420, listing in Unsupported what was not understood.
function refuseExtensions(facts: RequestFacts, extensions: ReadonlySet<string>): Refusal | null {
  const unsupported = facts.require.filter((tag) => !extensions.has(tag));
  if (unsupported.length === 0) return null;
  const list = unsupported.join(', ');
  return denyWith('SIP_EXTENSION', inputOf(facts), `extension ${list} is not supported`, [['Unsupported', list]]);
}

// RFC 3261 §8.2.3: 415, listing what would have been understood.
function refuseBody(facts: RequestFacts): Refusal | null {
  const { body, contentType, contentEncoding } = facts;
  if (body.length === 0) return null;
  // RFC 3261 §20.15: Content-Type must be present if the body is not empty.
  if (contentType === null) return denyWith('SIP_HEADER_MISSING', inputOf(facts), 'the body has no Content-Type');
  if (contentEncoding !== null && contentEncoding.trim().toLowerCase() !== 'identity') {
    const reason = `body encoding ${contentEncoding} is not supported`;
    return denyWith('SIP_MEDIA_TYPE', inputOf(facts), reason, [['Accept-Encoding', 'identity']]);
  }
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (ACCEPTED_TYPES.includes(type)) return null;
  const accept = ACCEPTED_TYPES.join(', ');
  return denyWith('SIP_MEDIA_TYPE', inputOf(facts), `body type ${type} is not supported`, [['Accept', accept]]);
}
