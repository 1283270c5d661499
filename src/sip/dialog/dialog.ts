import type { EdgePeer, SipTransport } from '../edge-contract.js';
import type { SipRequest, Uri } from '../message/types.js';
import { routeSetOf, type RouteEntry } from './route-set.js';

/**
 * trying ──1xx──▶ early ──2xx──▶ confirmed ──end──▶ terminated
 *    └───────2xx────────────────────▲                   ▲
 *    └──3xx–6xx, end (from trying and early)────────────┘
 */
export type DialogState = 'trying' | 'early' | 'confirmed' | 'terminated';

export type DialogEvent = 'provisional' | 'accepted' | 'refused' | 'ended';

/** A dialog as data (RFC 3261 §12): our side is the UAS of the INVITE that made it. */
export interface Dialog {
  /** The id that the application knows: `<Call-ID>;from-tag=<remote tag>`. */
  readonly id: string;
  readonly state: DialogState;
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** From value of our requests without the tag, and their To value. */
  readonly localParty: string;
  readonly remoteParty: string;
  readonly remoteTarget: Uri;
  readonly routeSet: readonly RouteEntry[];
  /** The INVITE was for a sips URI over TLS. */
  readonly secure: boolean;
  /** The socket that the INVITE came from: the owner of the dialog. */
  readonly peer: EdgePeer;
  /** CSeq of our last request; 0 before the first. */
  readonly localSequence: number;
  readonly remoteSequence: number;
}

const TRANSITIONS: Readonly<Record<DialogState, Readonly<Record<DialogEvent, DialogState>>>> = {
  trying: { provisional: 'early', accepted: 'confirmed', refused: 'terminated', ended: 'terminated' },
  early: { provisional: 'early', accepted: 'confirmed', refused: 'terminated', ended: 'terminated' },
  // A refused re-INVITE leaves the dialog as it was (RFC 3261 §14.1).
  confirmed: { provisional: 'confirmed', accepted: 'confirmed', refused: 'confirmed', ended: 'terminated' },
  terminated: { provisional: 'terminated', accepted: 'terminated', refused: 'terminated', ended: 'terminated' },
};

/** The dialog after `event`. */
export function transition(dialog: Dialog, event: DialogEvent): Dialog {
  const state = TRANSITIONS[dialog.state][event];
  return state === dialog.state ? dialog : { ...dialog, state };
}

/** The dialog id in the literal form that drachtio-srf relies on. */
export function dialogIdOf(callId: string, fromTag: string): string {
  return `${callId};from-tag=${fromTag}`;
}

/**
 * The dialog that `invite` would make (RFC 3261 §12.1.1). The caller has made sure that it has a From tag, exactly one
 * Contact and readable Record-Route values. Throws GatewayError SIP_HEADER when it has not.
 */
export function uasDialog(invite: SipRequest, peer: EdgePeer, localTag: string): Dialog {
  const remoteTag = invite.fromTag ?? '';
  return {
    id: dialogIdOf(invite.callId, remoteTag),
    state: 'trying',
    callId: invite.callId,
    localTag,
    remoteTag,
    localParty: invite.header('to') ?? '',
    remoteParty: invite.header('from') ?? '',
    remoteTarget: targetOf(invite) ?? invite.from.uri,
    routeSet: routeSetOf(invite),
    // RFC 3261 §12.1.1: secure when the request came over TLS with a SIPS Request-URI.
    secure: peer.transport === 'tls' && invite.uri.scheme === 'sips',
    peer,
    localSequence: 0,
    remoteSequence: invite.cseq.number,
  };
}

const GRADE: Readonly<Record<SipTransport, number>> = { udp: 0, tcp: 1, tls: 2 };

/**
 * Whether `peer` may speak in the dialog: the same address as the INVITE's socket, over the same or a better transport.
 * Tags are no secret on a shared wire; who holds the address and the channel is what the policy judged.
 */
export function belongsTo(dialog: Dialog, peer: EdgePeer): boolean {
  return peer.address === dialog.peer.address && GRADE[peer.transport] >= GRADE[dialog.peer.transport];
}

/** RFC 3261 §12.2.2: a request with a lower CSeq than the last one is out of order. */
export function inOrder(dialog: Dialog, request: SipRequest): boolean {
  return request.cseq.number >= dialog.remoteSequence;
}

/** The dialog after taking `request`'s CSeq. */
export function received(dialog: Dialog, request: SipRequest): Dialog {
  return { ...dialog, remoteSequence: Math.max(dialog.remoteSequence, request.cseq.number) };
}

/** RFC 3261 §12.2: an accepted target refresh moves the remote target; without a Contact it stays. */
export function retargeted(dialog: Dialog, message: Pick<SipRequest, 'contacts'>): Dialog {
  const remoteTarget = targetOf(message);
  return remoteTarget === null ? dialog : { ...dialog, remoteTarget };
}

function targetOf(message: Pick<SipRequest, 'contacts'>): Uri | null {
  return message.contacts[0]?.uri ?? null;
}
