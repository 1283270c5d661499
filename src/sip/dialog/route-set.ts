import { GatewayError } from '../../base/errors.js';
import type { SipRequest, Uri } from '../message/types.js';
import { parseNameAddrList } from '../message/name-addr.js';

/** One hop of a route set: its URI as written, and whether it routes loosely (`lr`). */
export interface RouteEntry {
  readonly uri: string;
  readonly loose: boolean;
}

/**
 * The route set of a dialog whose UAS we are (RFC 3261 §12.1.1): the URIs of Record-Route, in order, with all their
 * parameters. Throws GatewayError SIP_HEADER or SIP_URI when a value cannot be read or is no SIP URI.
 */
export function routeSetOf(request: SipRequest): readonly RouteEntry[] {
  return request
    .headerAll('record-route')
    .flatMap((value) => parseNameAddrList(value))
    .map(({ uri }) => {
      // RFC 3261 §16.6: it "MUST be a SIP or SIPS URI"; without `lr` it would become our Request-URI.
      if (uri.kind !== 'sip') throw new GatewayError('SIP_URI', 'A Record-Route is no SIP URI.');
      return { uri: uri.text, loose: uri.params.has('lr') };
    });
}

/** Request-URI and Route values of a request inside a dialog (RFC 3261 §12.2.1.1). */
export interface Routing {
  readonly requestUri: string;
  readonly routes: readonly string[];
}

/** Where a request for `target` goes through `routeSet`. */
export function routeTo(target: string, routeSet: readonly RouteEntry[]): Routing {
  const [first, ...rest] = routeSet;
  if (first === undefined || first.loose) {
    return {
      requestUri: target,
      routes: routeSet.map(({ uri }) => `<${uri}>`),
    };
  }
  // RFC 3261 §12.2.1.1: without lr the first route becomes the Request-URI and the target the last Route.
  return {
    requestUri: withoutHeaders(first.uri),
    routes: [...rest.map(({ uri }) => `<${uri}>`), `<${target}>`],
  };
}

/** The remote target as a Request-URI. RFC 3261 §19.1.1: a Request-URI has no header part. */
export function requestUriOf(target: Uri): string {
  return target.kind === 'sip' ? withoutHeaders(target.text) : target.text;
}

function withoutHeaders(uri: string): string {
  // A question mark may also stand in the user part, before the `@`.
  const question = uri.indexOf('?', uri.lastIndexOf('@') + 1);
  return question < 0 ? uri : uri.slice(0, question);
}
