import type { MediaStats } from '../call/ports.js';
import { G711_RATE } from '../audio/g711.js';
import type { ReceptionState } from './rtp-receive.js';

/** The counters of a leg that nothing happened to. */
export const NO_STATS: MediaStats = {
  packetsReceived: 0,
  packetsSent: 0,
  jitterMs: 0,
  lossPercent: 0,
  dropped: {},
};

/** Adds up the counters of a leg: loss by RFC 3550 A.3, drops by reason over all stages, zeros left out. */
export function statsOf(
  reception: ReceptionState | null,
  packetsSent: number,
  drops: readonly Readonly<Record<string, number>>[],
): MediaStats {
  const dropped: Record<string, number> = {};
  for (const counters of drops) {
    for (const [reason, count] of Object.entries(counters)) {
      if (count > 0) dropped[reason] = (dropped[reason] ?? 0) + count;
    }
  }
  const lost = reception === null ? 0 : Math.max(0, reception.expected - reception.received);
  return {
    packetsReceived: reception?.received ?? 0,
    packetsSent,
    jitterMs: round((reception?.jitter ?? 0) / (G711_RATE / 1_000)),
    lossPercent: round((lost * 100) / Math.max(1, reception?.expected ?? 1)),
    dropped,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
