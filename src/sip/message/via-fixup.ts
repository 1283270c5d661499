import { GatewayError } from '../../base/errors.js';
import { sliceTrimmed } from './chars.js';
import type { Via } from './types.js';
import { readVias } from './via.js';

/** The other end of the socket. */
export interface ViaPeer {
  /** Canonical text (base/ip). */
  readonly address: string;
  readonly port: number;
}

/**
 * A Via header field value whose first entry says where the request really came from. The rest stays as written.
 * A value that is no Via is returned unchanged: it can only be echoed.
 */
export function fixTopVia(value: string, peer: ViaPeer): string {
  const [end] = separators(value, ',');
  const top = value.slice(0, end);
  const vias: Via[] = [];
  try {
    readVias(top, vias, 1);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return value;
  }
  const [via] = vias;
  return via === undefined ? value : fixVia(sliceTrimmed(top, 0, top.length), via, peer) + value.slice(top.length);
}

// RFC 3261 §18.2.1: `received` is added when sent-by is not the source address; what a peer wrote there is a claim.
// RFC 3581 §4: `rport` gets the source port, and then `received` is added even when it is the same.
function fixVia(text: string, via: Via, peer: ViaPeer): string {
  const asksRport = via.params.has('rport');
  const received = asksRport || via.host !== peer.address ? `;received=${peer.address}` : '';
  if (received === '' && !via.params.has('received')) return text;
  const bounds = [...separators(text, ';'), text.length];
  let fixed = sliceTrimmed(text, 0, bounds[0] ?? text.length);
  for (let index = 0; index + 1 < bounds.length; index++) {
    const param = sliceTrimmed(text, (bounds[index] ?? 0) + 1, bounds[index + 1] ?? 0);
    const name = param.split(/[=\s]/, 1)[0]?.toLowerCase();
    if (name === 'rport') fixed += `;rport=${peer.port}`;
    else if (name !== 'received') fixed += `;${param}`;
  }
  return fixed + received;
}

/** Where `character` stands outside quoted strings. */
function separators(text: string, character: string): number[] {
  const found: number[] = [];
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const current = text.charAt(index);
    if (quoted && current === '\\') index++;
    else if (current === '"') quoted = !quoted;
    else if (current === character && !quoted) found.push(index);
  }
  return found;
}
