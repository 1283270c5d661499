import { z } from 'zod';
import { DEFAULT_SIP_LIMITS, type SipLimits } from '../base/limits.js';
import {
  bindAddress,
  choice,
  choices,
  entries,
  flag,
  listenPort,
  optionalHost,
  optionalName,
  optionalSecret,
  text,
  wholeNumber,
} from './leaf-values.js';
import { isDigestUser, isHost, isRealm } from './value-rules.js';

const limit = (key: keyof SipLimits, min: number, max: number, description: string) =>
  wholeNumber(DEFAULT_SIP_LIMITS[key], min, max, description);

const HOUR_MS = 3_600_000;

const limits = z
  .strictObject({
    messageBytes: limit('messageBytes', 1_024, 1_048_576, 'Largest SIP message taken, in bytes.'),
    headerBlockBytes: limit('headerBlockBytes', 1_024, 1_048_576, 'Largest start line and header block, in bytes.'),
    headerLineBytes: limit('headerLineBytes', 256, 65_536, 'Longest header field, in bytes.'),
    uriBytes: limit('uriBytes', 64, 65_536, 'Longest URI, in bytes.'),
    headerCount: limit('headerCount', 16, 10_000, 'Most header fields in one message.'),
    viaCount: limit('viaCount', 1, 1_000, 'Most Via values in one message.'),
    bodyBytes: limit('bodyBytes', 0, 1_048_576, 'Largest message body, in bytes.'),
    connectionsPerIp: limit('connectionsPerIp', 1, 1_000_000, 'Most open connections from one address.'),
    connectionsPerTrustedIp: limit(
      'connectionsPerTrustedIp',
      1,
      1_000_000,
      'Most open connections from one address that the trusted list names.',
    ),
    connections: limit('connections', 1, 1_000_000, 'Most open connections in all.'),
    handshakeMs: limit('handshakeMs', 100, HOUR_MS, 'Longest TLS handshake, in milliseconds.'),
    firstMessageMs: limit('firstMessageMs', 100, HOUR_MS, 'Longest wait for the first message, in milliseconds.'),
    completeMessageMs: limit(
      'completeMessageMs',
      100,
      HOUR_MS,
      'Longest time from the first byte of a message to its last, in milliseconds.',
    ),
    idleMs: limit('idleMs', 1_000, 24 * HOUR_MS, 'An idle connection is closed after so long, in milliseconds.'),
    outputBytes: limit('outputBytes', 4_096, 67_108_864, 'Most bytes waiting to be sent on one connection.'),
    transactionsPerPeer: limit('transactionsPerPeer', 1, 1_000_000, 'Most open transactions of one address.'),
  } satisfies Record<keyof SipLimits, z.ZodType>)
  .prefault({})
  .describe('What one SIP peer can make the gateway hold.');

const auth = z
  .strictObject({
    enabled: flag(
      true,
      'Whether callers must authenticate with SIP digest. While they must, only requests over TLS are served.',
    ),
    username: text(
      'portcullis',
      'a name without colon, quotes and backslashes',
      isDigestUser,
      'The name callers authenticate with.',
    ),
    password: optionalSecret('The password callers authenticate with. None: one is generated at start.'),
    realm: text('vgw', 'text without quotes and backslashes', isRealm, 'The realm named in the challenge.'),
    algorithms: choices(
      ['SHA-256', 'SHA-512-256', 'MD5'],
      ['SHA-256', 'MD5'],
      'Digest algorithms offered, best first. MD5 alone for peers that stop at a challenge they do not know.',
    ),
    nonceSeconds: wholeNumber(300, 10, 86_400, 'How long a challenge can be answered, in seconds.'),
  })
  .prefault({})
  .describe('SIP digest authentication of callers.');

const drachtio = z
  .strictObject({
    host: text(
      '127.0.0.1',
      'a host name or an IP address, without scheme and port',
      isHost,
      'Host of the drachtio-server.',
    ),
    port: wholeNumber(9_022, 1, 65_535, 'Control port of the drachtio-server.'),
    secret: optionalSecret('The shared secret of the control channel.'),
  })
  .prefault({})
  .describe('The drachtio-server to use when `sip.server` is `drachtio`.');

/** `sip`: the edge that callers reach. */
export const sip = z
  .strictObject({
    server: choice(
      ['embedded', 'drachtio'],
      'embedded',
      'Who speaks SIP on the wire: this process, or a drachtio-server next to it.',
    ),
    drachtio,
    host: optionalHost(
      'voice.example.com',
      'Host name or address to advertise in Via and Contact. None: the local address of each connection.',
    ),
    bindAddress: bindAddress('::', 'Address to bind for SIP and RTP. `::` is every address, IPv4 included.'),
    udp: z
      .strictObject({ port: listenPort('off', 'SIP over UDP.') })
      .prefault({})
      .describe('The UDP listener.'),
    tcp: z
      .strictObject({ port: listenPort('off', 'SIP over TCP.') })
      .prefault({})
      .describe('The TCP listener.'),
    tls: z
      .strictObject({ port: listenPort(5_061, 'SIP over TLS.') })
      .prefault({})
      .describe('The TLS listener.'),
    auth,
    limits,
  })
  .prefault({})
  .describe('The SIP edge: where it listens, who may authenticate, what a peer can make it hold.');

/** `trustedIp`: who may talk to the gateway at all. */
export const trustedIp = z
  .strictObject({
    addresses: entries(
      '[192.0.2.7, 198.51.100.0/24]',
      'Addresses and networks that may talk to the gateway; nobody else may. An empty list lets every address.',
    ),
    reply: choice(['drop', '403'], 'drop', 'What others get: silence and a closed connection, or 403.'),
  })
  .prefault({})
  .describe('The list of trusted addresses.');

/** `allowlist`: who may call whom. */
export const allowlist = z
  .strictObject({
    from: entries(
      '[alice@example.com]',
      'Callers that are let in, compared with the From URI. An empty list lets all.',
    ),
    to: entries(
      "['+12345556789']",
      'Callees that may be called, compared with the To URI, then the Request-URI. An empty list lets all.',
    ),
    siprecAttribute: z
      .strictObject({
        name: optionalName('aor', 'Name of the SIPREC metadata attribute to compare. Not served by this version.'),
        value: optionalName('111111111', 'Text the attribute must contain. Not served by this version.'),
      })
      .prefault({})
      .describe('The SIPREC metadata filter. Not served by this version: naming it is an error.'),
  })
  .prefault({})
  .describe('Lists of callers and callees. Environment lists look for the text, lists in the file want it whole.');
