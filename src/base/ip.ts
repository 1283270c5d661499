import ipaddr from 'ipaddr.js';

/** An address as bytes: IPv4 has 4, IPv6 has 16; an IPv4-mapped IPv6 address is its IPv4 address. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
  /** Canonical text: dotted quad, or RFC 5952. */
  readonly text: string;
}

/** A network: the first `prefix` bits of `address` count. */
export interface Cidr {
  readonly address: IpAddress;
  readonly prefix: number;
  readonly text: string;
}

/**
 * Parses an address strictly: a dotted quad without leading zeros or an IPv6 address without zone. Forms that other
 * readers understand differently (`010.0.0.1`, `127.1`, `0x7f.1`) are refused. Returns null when it is not an address.
 */
export function parseIp(text: string): IpAddress | null {
  if (isStrictIpv4(text)) return canonical(ipaddr.IPv4.parse(text));
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return null;
  const embedded = text.includes('.') ? text.slice(text.lastIndexOf(':') + 1) : null;
  if (embedded !== null && !isStrictIpv4(embedded)) return null;
  return canonical(ipaddr.process(text));
}

/** Parses `address` or `address/prefix` strictly. Bits beyond the prefix must be zero. Returns null when it is not one. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/');
  if (slash < 0) {
    const address = parseIp(text);
    return address === null ? null : { address, prefix: address.bytes.length * 8, text: address.text };
  }
  const address = parseIp(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === null || !/^(0|[1-9][0-9]{0,2})$/.test(digits)) return null;
  const prefix = Number(digits);
  // A mapped address was folded to IPv4, so its prefix would mean another network than the one written.
  if (text.includes(':') !== (address.family === 6) || prefix > address.bytes.length * 8) return null;
  if (address.bytes.some((byte, index) => (byte & ~maskByte(prefix, index)) !== 0)) return null;
  return { address, prefix, text: `${address.text}/${prefix}` };
}

/** Whether `address` lies in `cidr`. Families never match each other (mapped addresses were folded when parsed). */
export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  if (cidr.address.family !== address.family) return false;
  return cidr.address.bytes.every((byte, index) => {
    const mask = maskByte(cidr.prefix, index);
    return (byte & mask) === ((address.bytes[index] ?? 0) & mask);
  });
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: IpAddress): boolean {
  return address.family === 4 ? address.bytes[0] === 127 : address.text === '::1';
}

/** True for 0.0.0.0 and ::. */
export function isUnspecified(address: IpAddress): boolean {
  return address.bytes.every((byte) => byte === 0);
}

/** True for multicast and IPv4 limited broadcast. */
export function isMulticast(address: IpAddress): boolean {
  const first = address.bytes[0] ?? 0;
  return address.family === 6
    ? first === 0xff
    : first >= 224 && first <= 239
      ? true
      : address.text === '255.255.255.255';
}

/** True for 169.254.0.0/16 and fe80::/10. */
export function isLinkLocal(address: IpAddress): boolean {
  const [first = 0, second = 0] = address.bytes;
  return address.family === 4 ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80;
}

/** `host:port` with brackets round IPv6. */
export function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function isStrictIpv4(text: string): boolean {
  return /^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$/.test(text) && ipaddr.IPv4.isValidFourPartDecimal(text);
}

function maskByte(prefix: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefix - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}

function canonical(address: ipaddr.IPv4 | ipaddr.IPv6): IpAddress {
  const bytes = address.toByteArray();
  if (address instanceof ipaddr.IPv4) return { family: 4, bytes, text: address.toString() };
  return { family: 6, bytes, text: address.toRFC5952String() };
}
