import { GatewayError } from '../../base/errors.js';
import { type Cidr, cidrContains, parseCidr, parseIp } from '../../base/ip.js';
import type { MatchedEntry, Policy } from '../policy.js';
import { forbid } from './refusals.js';

/** What an untrusted peer gets: silence, or the status 403. */
export type TrustedIpReply = 'drop' | '403';

export interface TrustedIpOptions {
  /** Addresses and networks in the order in which they were listed. */
  readonly entries: readonly MatchedEntry[];
  readonly reply: TrustedIpReply;
}

/** The list of trusted peers. */
export interface TrustedIps {
  readonly reply: TrustedIpReply;
  /** How many entries there are. */
  readonly size: number;
  /** The first entry that the address of a socket lies in, or null. */
  find(address: string): MatchedEntry | null;
  /** Asked at accept, before TLS and before any byte is read. False: close in silence. */
  screen(address: string): boolean;
}

/** Reads the list. Throws CONFIG_INVALID when it is empty or holds anything but addresses and networks, strictly written. */
export function createTrustedIps(options: TrustedIpOptions): TrustedIps {
  if (options.entries.length === 0) throw new GatewayError('CONFIG_INVALID', 'The list of trusted addresses is empty.');
  const networks = options.entries.map((entry) => ({ entry, cidr: readNetwork(entry) }));
  const find = (text: string): MatchedEntry | null => {
    const address = parseIp(text);
    if (address === null) return null;
    return networks.find(({ cidr }) => cidrContains(cidr, address))?.entry ?? null;
  };
  return {
    reply: options.reply,
    size: networks.length,
    find,
    screen: (address) => options.reply === '403' || find(address) !== null,
  };
}

/** Only the address of the socket counts; Via, Contact, `received` and X-Forwarded-For are the caller's own words. */
export function trustedIpPolicy(trusted: TrustedIps): Policy {
  const answer = trusted.reply === 'drop' ? 'get no answer' : 'get 403';
  return {
    name: 'trusted-ip',
    describe: () => `The peer's socket address must be in one of ${trusted.size} trusted networks; others ${answer}.`,
    judge({ peer }) {
      const input = `peer ${peer.address}`;
      const entry = trusted.find(peer.address);
      if (entry !== null) return { kind: 'pass', input, entry };
      const reason = untrustedReason(peer.address);
      return trusted.reply === 'drop' ? { kind: 'drop', input, reason } : forbid(input, reason);
    },
  };
}

/** The reason for refusing a peer by its address, also before any request was read. */
export function untrustedReason(address: string): string {
  return `peer ${address} is in no trusted network`;
}

function readNetwork(entry: MatchedEntry): Cidr {
  const cidr = parseCidr(entry.text.trim());
  if (cidr !== null) return cidr;
  throw new GatewayError('CONFIG_INVALID', `${entry.origin} is not an address or network in strict notation.`);
}
