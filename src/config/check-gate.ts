import { isLoopback, parseCidr, parseIp } from '../base/ip.js';
import { type CrossCheck, doubt, type Finding, refuse } from './cross-check.js';
import type { Config } from './schema.js';

/** A place where the gateway listens, or would. */
export interface Listener {
  readonly name: 'sip-udp' | 'sip-tcp' | 'sip-tls' | 'rest' | 'metrics';
  readonly protocol: 'udp' | 'tcp';
  readonly path: string;
  readonly address: string;
  readonly port: number;
}

/** Everything the configuration opens, SIP first. With a drachtio-server in front, SIP listens there and not here. */
export function listenersOf(config: Config): readonly Listener[] {
  const { sip, rest, metrics } = config;
  const transports = sip.server === 'embedded' ? (['udp', 'tcp', 'tls'] as const) : [];
  const candidates = [
    ...transports.map((transport) => ({
      name: `sip-${transport}` as const,
      protocol: transport === 'udp' ? ('udp' as const) : ('tcp' as const),
      path: `sip.${transport}.port`,
      address: sip.bindAddress,
      port: sip[transport].port,
    })),
    { name: 'rest', protocol: 'tcp', path: 'rest.port', address: rest.bindAddress, port: rest.port } as const,
    {
      name: 'metrics',
      protocol: 'tcp',
      path: 'metrics.port',
      address: metrics.bindAddress,
      port: metrics.port,
    } as const,
  ];
  return candidates.flatMap(({ port, ...place }) => (port === 'off' ? [] : [{ ...place, port }]));
}

/** Whether something limits who may call. A network of prefix 0 is every address: it limits nobody. */
function isGuarded(config: Config): boolean {
  const { sip, trustedIp, allowlist } = config;
  const trusted = trustedIp.addresses.length > 0 && !trustedIp.addresses.some((entry) => isEverything(entry.text));
  return sip.auth.enabled || trusted || allowlist.from.length > 0 || allowlist.to.length > 0;
}

function isEverything(text: string): boolean {
  return parseCidr(text)?.prefix === 0;
}

function isLoopbackText(text: string): boolean {
  const address = parseIp(text);
  return address !== null && isLoopback(address);
}

function openGate(config: Config): readonly Finding[] {
  if (isGuarded(config) || config.allowAnyone) return [];
  // Where a drachtio-server listens is not known here, so its listeners never count as loopback.
  if (config.sip.server === 'embedded' && isLoopbackText(config.sip.bindAddress)) return [];
  return [
    {
      code: 'CONFIG_OPEN_GATE',
      path: 'sip.auth.enabled',
      message: 'is false, and no trusted address and no allowlist limits who may call',
      hint: 'Set SIP_AUTH_ENABLED=true, TRUSTED_IP_LIST, WHITELIST_FROM_URI or WHITELIST_TO_URI; or bind to loopback; or say ALLOW_ANYONE=true.',
    },
  ];
}

function tlsForDigest({ sip }: Config): readonly Finding[] {
  if (sip.server !== 'embedded' || !sip.auth.enabled || sip.tls.port !== 'off') return [];
  return [
    refuse(
      'sip.tls.port',
      'is off, but with authentication on only requests over TLS are served',
      'Set SIP_PORT_TLS to a port, or SIP_AUTH_ENABLED=false and limit callers another way.',
    ),
  ];
}

function someListener({ sip }: Config): readonly Finding[] {
  const ports = [sip.udp.port, sip.tcp.port, sip.tls.port];
  if (sip.server !== 'embedded' || sip.auth.enabled || ports.some((port) => port !== 'off')) return [];
  return [refuse('sip.tls.port', 'is off like every other SIP port: nothing would listen', 'Set SIP_PORT_TLS=5061.')];
}

function drachtioSecret({ sip }: Config): readonly Finding[] {
  if (sip.server !== 'drachtio' || sip.drachtio.secret !== null) return [];
  return [refuse('sip.drachtio.secret', 'is needed to reach a drachtio-server')];
}

function samePorts(config: Config): readonly Finding[] {
  const listeners = listenersOf(config).filter((listener) => listener.port !== 0);
  return listeners.flatMap((listener, index) =>
    listeners
      .slice(0, index)
      .filter(
        (other) => other.port === listener.port && other.protocol === listener.protocol && overlap(other, listener),
      )
      .map((other) => refuse(listener.path, `is the port of ${other.path} too, on the same address`)),
  );
}

function overlap(a: Listener, b: Listener): boolean {
  const wildcard = (address: string): boolean => address === '::' || address === '0.0.0.0';
  return a.address === b.address || wildcard(a.address) || wildcard(b.address);
}

/** What stops a start: who may call, and where we listen. */
export const GATE_CHECKS: readonly CrossCheck[] = [
  {
    reads: ['sip.auth.enabled', 'sip.server', 'sip.bindAddress', 'trustedIp', 'allowlist', 'allowAnyone'],
    find: openGate,
  },
  { reads: ['sip.server', 'sip.auth.enabled', 'sip.tls.port'], find: tlsForDigest },
  { reads: ['sip.server', 'sip.auth.enabled', 'sip.udp.port', 'sip.tcp.port', 'sip.tls.port'], find: someListener },
  { reads: ['sip.server', 'sip.drachtio.secret'], find: drachtioSecret },
  { reads: ['sip', 'rest', 'metrics'], find: samePorts },
];

function anyone(config: Config): readonly Finding[] {
  if (!config.allowAnyone) return [];
  return isGuarded(config)
    ? [doubt('allowAnyone', 'is true but changes nothing: something else limits who may call')]
    : [doubt('allowAnyone', 'is true: anyone who reaches this gateway may call')];
}

function everyAddress({ trustedIp }: Config): readonly Finding[] {
  return trustedIp.addresses
    .filter((entry) => isEverything(entry.text))
    .map((entry) => doubt('trustedIp.addresses', `${entry.origin} is every address, so the list limits nobody`));
}

/** Fewer characters than this are part of very many URIs. */
const SHORT_CHARS = 5;

function shortEntries({ allowlist }: Config): readonly Finding[] {
  return (['from', 'to'] as const).flatMap((list) =>
    allowlist[list]
      .filter((entry) => entry.mode === 'contains' && entry.text.length < SHORT_CHARS)
      .map((entry) => doubt(`allowlist.${list}`, `${entry.origin} is short: very many URIs contain it`)),
  );
}

function plainWithDigest({ sip }: Config): readonly Finding[] {
  if (!sip.auth.enabled || sip.server !== 'embedded') return [];
  return (['udp', 'tcp'] as const)
    .filter((transport) => sip[transport].port !== 'off')
    .map((transport) =>
      doubt(`sip.${transport}.port`, 'is open, but with authentication on every request that comes there gets 400'),
    );
}

/** What is worth a warning. */
export const GATE_DOUBTS: readonly CrossCheck[] = [
  { reads: ['sip.auth.enabled', 'trustedIp', 'allowlist', 'allowAnyone'], find: anyone },
  { reads: ['trustedIp'], find: everyAddress },
  { reads: ['allowlist'], find: shortEntries },
  { reads: ['sip.server', 'sip.auth.enabled', 'sip.udp.port', 'sip.tcp.port'], find: plainWithDigest },
];
