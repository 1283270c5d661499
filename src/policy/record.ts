import { hostPort, parseCidr } from '../base/ip.js';
import { scrub } from '../base/scrub.js';
import type { DecisionRecord, MatchedEntry, PeerFacts, RuleName } from './policy.js';

/** How identities are shown: last four digits kept, in full, or not at all. */
export type MaskMode = 'last4' | 'none' | 'all';

const MASK = '***';
const KEPT_DIGITS = 4;

/** A user part or number for people to read: `***6789`. */
export function maskIdentity(text: string, mode: MaskMode): string {
  if (mode === 'none') return text;
  return mode === 'all' ? MASK : `${MASK}${text.replace(/[^0-9]/g, '').slice(-KEPT_DIGITS)}`;
}

/**
 * A digest account for people to read. It is a name that the operator gave, and who acted must be seen in the log, so
 * that `last4` masks it only when it is a number.
 */
export function maskAccount(text: string, mode: MaskMode): string {
  return mode === 'last4' && !/^\+?[0-9]{5,}$/.test(text) ? text : maskIdentity(text, mode);
}

/** A list entry for people to read: its place in full, users and numbers in its text masked, hosts and networks kept. */
export function maskEntry(entry: MatchedEntry, mode: MaskMode): MatchedEntry {
  return { text: maskEntryText(entry.text, mode), origin: entry.origin };
}

function maskEntryText(text: string, mode: MaskMode): string {
  if (parseCidr(text) !== null) return text;
  const prefix = /^(?:(?:exact|contains):)?(?:(?:sips?|tel):)?/i.exec(text)?.[0] ?? '';
  const rest = text.slice(prefix.length);
  const at = rest.lastIndexOf('@');
  if (at >= 0) return `${prefix}${maskIdentity(rest.slice(0, at), mode)}${rest.slice(at)}`;
  const number = /^[+0-9*#\-.() ]+(?:;|$)/.test(rest);
  return number || mode === 'all' ? `${prefix}${maskIdentity(rest, mode)}` : text;
}

/** What a record is made of; `time` in ms since the epoch, the rest as in DecisionRecord. */
export interface RecordInput {
  readonly time: number;
  readonly id: string;
  readonly callId: string | null;
  readonly method: string | null;
  readonly peer: PeerFacts;
  readonly verdict: DecisionRecord['verdict'];
  readonly status: number | null;
  readonly rule: RuleName | 'all';
  readonly reason: string;
  readonly entry: MatchedEntry | null;
  readonly tenant: string | null;
  readonly user: string | null;
  readonly micros: number;
}

/** The decision record, its fields in the order of interfaces.md §2. Texts that a peer had a hand in are scrubbed. */
export function decisionRecord(input: RecordInput, mask: MaskMode): DecisionRecord {
  const { peer } = input;
  return {
    time: new Date(input.time).toISOString(),
    id: input.id,
    callId: input.callId === null ? null : scrub(input.callId),
    method: input.method === null ? null : scrub(input.method),
    peer: hostPort(peer.address, peer.port),
    transport: peer.transport,
    listener: peer.listener,
    verdict: input.verdict,
    status: input.status,
    rule: input.rule,
    reason: scrub(input.reason),
    entry: input.entry === null ? null : maskEntry(input.entry, mask),
    tenant: input.tenant,
    user: input.user === null ? null : scrub(maskAccount(input.user, mask)),
    micros: Math.max(0, Math.round(input.micros)),
  };
}

/** A connection or datagram that was refused before any request was read: silence. */
export interface ConnectionRefusal {
  readonly time: number;
  readonly id: string;
  readonly peer: PeerFacts;
  readonly rule: RuleName;
  readonly reason: string;
}

/** The record of a refused connection: no method, no status. */
export function connectionRecord(refusal: ConnectionRefusal): DecisionRecord {
  return refusalRecord({ ...refusal, status: null, method: null, callId: null });
}

/** Something that the edge refused by itself; `status` null where it closed the connection or kept silent. */
export interface EdgeRefusalInput extends ConnectionRefusal {
  readonly status: number | null;
  readonly method: string | null;
  readonly callId: string | null;
}

/** The record of a refusal that never reached the pipeline. */
export function refusalRecord(refusal: EdgeRefusalInput): DecisionRecord {
  const verdict = refusal.status === null ? 'drop' : 'deny';
  return decisionRecord({ ...refusal, verdict, entry: null, tenant: null, user: null, micros: 0 }, 'last4');
}
