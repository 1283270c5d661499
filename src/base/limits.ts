/** What one SIP peer can make us hold. Sizes in bytes, times in milliseconds; each is a configuration key under `sip.limits`. */
export interface SipLimits {
  readonly messageBytes: number;
  readonly headerBlockBytes: number;
  readonly headerLineBytes: number;
  readonly uriBytes: number;
  readonly headerCount: number;
  readonly viaCount: number;
  readonly bodyBytes: number;
  readonly connectionsPerIp: number;
  readonly connectionsPerTrustedIp: number;
  readonly connections: number;
  readonly handshakeMs: number;
  readonly firstMessageMs: number;
  readonly completeMessageMs: number;
  readonly idleMs: number;
  readonly outputBytes: number;
  readonly transactionsPerPeer: number;
}

/** Defaults from the figures in the threat model (docs/reference/configuration.md lists them). */
export const DEFAULT_SIP_LIMITS: SipLimits = {
  messageBytes: 131_072,
  headerBlockBytes: 16_384,
  headerLineBytes: 4_096,
  uriBytes: 1_024,
  headerCount: 128,
  viaCount: 40,
  bodyBytes: 98_304,
  connectionsPerIp: 20,
  connectionsPerTrustedIp: 200,
  connections: 2_000,
  handshakeMs: 5_000,
  firstMessageMs: 10_000,
  completeMessageMs: 20_000,
  idleMs: 120_000,
  outputBytes: 262_144,
  transactionsPerPeer: 1_000,
};
