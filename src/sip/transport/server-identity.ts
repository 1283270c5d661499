import type { PeerCertificate } from 'node:tls';
import { parseIp } from '../../base/ip.js';

/**
 * RFC 5922 §7.1–7.2: whether a certificate names the SIP domain (or the IP address) that was asked for. A SAN of type URI
 * (`sip:domain`) or dNSName counts, the latter not if there is any `sip:` URI; wildcards never match, and the common
 * name counts only where there is no SAN at all. Returns what is wrong, or undefined: the shape of Node's
 * `checkServerIdentity`, whose own check would take wildcards.
 */
export function checkSipIdentity(domain: string, certificate: PeerCertificate): Error | undefined {
  const wanted = domain.toLowerCase();
  const address = parseIp(wanted);
  const names = identities(certificate);
  if (address !== null) {
    return names.ips.includes(address.text) ? undefined : new Error('the certificate does not name this address');
  }
  const domains = names.uris.length > 0 ? names.uris : names.dns;
  return wanted !== '' && domains.includes(wanted) ? undefined : new Error('the certificate does not name this domain');
}

interface Identities {
  readonly uris: string[];
  readonly dns: string[];
  readonly ips: string[];
}

function identities(certificate: PeerCertificate): Identities {
  const found: Identities = { uris: [], dns: [], ips: [] };
  const san = certificate.subjectaltname;
  if (san === undefined || san === '') {
    // RFC 5922 §7.1: without any subjectAltName the CN is taken as a domain name.
    const cn: unknown = certificate.subject?.CN;
    if (typeof cn === 'string') found.dns.push(cn.toLowerCase());
    return found;
  }
  // Node writes `DNS:a, URI:sip:b, IP Address:c` and quotes a value that could be taken for more than one. No honest
  // certificate has such a value: it then names nobody.
  if (san.includes('"')) return found;
  for (const entry of san.split(', ')) {
    const colon = entry.indexOf(':');
    const value = entry.slice(colon + 1).toLowerCase();
    const type = entry.slice(0, colon);
    if (type === 'DNS') found.dns.push(value);
    else if (type === 'IP Address') found.ips.push(parseIp(value)?.text ?? '');
    else if (type === 'URI' && value.startsWith('sip:')) found.uris.push(...sipDomain(value.slice('sip:'.length)));
  }
  return found;
}

// RFC 5922 §7.1: a SIP URI with a user part names a user and is no domain identity.
function sipDomain(rest: string): string[] {
  return rest.includes('@') ? [] : [rest.split(/[;?:]/, 1)[0] ?? ''];
}
