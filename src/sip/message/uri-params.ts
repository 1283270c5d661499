import { GatewayError } from '../../base/errors.js';
import { URI_PARAM } from './chars.js';
import { decodeEscapes, endOfRun } from './escapes.js';
import type { Params } from './types.js';

/** Shared by all that have none. */
export const NO_PARAMS: Params = new Map();

/**
 * Reads `;name[=value]…` from `start` (where the first `;` stands) as far as it goes. Names are lower-case, names and
 * values decoded once. RFC 3261 §19.1.1: no parameter may appear twice.
 * @throws GatewayError SIP_URI
 */
export function parseUriParams(text: string, start: number): { params: Params; end: number } {
  const params = new Map<string, string | null>();
  let index = start;
  while (text.charAt(index) === ';') {
    const nameStart = index + 1;
    const nameEnd = endOfRun(text, nameStart, URI_PARAM);
    let value: string | null = null;
    index = nameEnd;
    if (text.charAt(nameEnd) === '=') {
      index = endOfRun(text, nameEnd + 1, URI_PARAM);
      value = decodeEscapes(text.slice(nameEnd + 1, index));
    }
    if (nameEnd === nameStart || value === '') throw new GatewayError('SIP_URI', 'A URI parameter is malformed.');
    const name = decodeEscapes(text.slice(nameStart, nameEnd)).toLowerCase();
    if (params.has(name)) throw new GatewayError('SIP_URI', 'A URI has a parameter twice.');
    params.set(name, value);
  }
  return { params, end: index };
}
