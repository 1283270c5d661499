import type { TimerName } from './timers.js';

/** Why a transaction ended. */
export type EndReason = 'done' | 'timeout' | 'transport';

/** What a transition commands. The run (`machine-run.ts`) carries them out in order. */
export type Effect =
  /** Client: send the request. Server: send the response in hand, or the last one again. */
  | { readonly kind: 'send' }
  /** Client INVITE: acknowledge the non-2xx final response in hand. */
  | { readonly kind: 'acknowledge' }
  /** Client INVITE: send the CANCEL that was asked for. */
  | { readonly kind: 'cancel' }
  /** Hand the message to the transaction user. */
  | { readonly kind: 'deliver' }
  /** Hand a further 2xx, or the ACK of our 2xx, to the transaction user as one that belongs to no transaction. */
  | { readonly kind: 'stray' }
  | { readonly kind: 'start'; readonly timer: TimerName; readonly afterMs: number }
  | { readonly kind: 'stop'; readonly timer: TimerName }
  /** The state is `terminated`: stop every timer and forget the transaction. */
  | { readonly kind: 'end'; readonly why: EndReason };

export interface Step<State extends string> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** A timer that fired, with the interval it was set to (timers A, E and G grow from it). */
export interface TimerFired {
  readonly type: 'timer';
  readonly timer: TimerName;
  readonly intervalMs: number;
}

/**
 * What happens to a server transaction. `begin` comes once, first; `request` (the same again) and `ack` from the wire;
 * `provisional`, `success` (2xx) and `failure` (3xx–6xx) from the user.
 */
export type ServerEvent =
  | { readonly type: 'begin' | 'request' | 'ack' | 'provisional' | 'success' | 'failure' | 'transportError' }
  | TimerFired;

/**
 * What happens to a client transaction. `begin` comes once, first; `trying` (100), `provisional` (101–199), `success`
 * (2xx) and `failure` (3xx–6xx) from the wire; `cancel` from the user.
 */
export type ClientEvent =
  | { readonly type: 'begin' | 'cancel' | 'trying' | 'provisional' | 'success' | 'failure' | 'transportError' }
  | TimerFired;

/** A pure transition function. `reliable` is true over TCP and TLS, where several timers are zero. */
export type Transition<State extends string, Event> = (state: State, event: Event, reliable: boolean) => Step<State>;

export const SEND: Effect = { kind: 'send' };
export const ACKNOWLEDGE: Effect = { kind: 'acknowledge' };
export const CANCEL: Effect = { kind: 'cancel' };
export const DELIVER: Effect = { kind: 'deliver' };
export const STRAY: Effect = { kind: 'stray' };

export function start(timer: TimerName, afterMs: number): Effect {
  return { kind: 'start', timer, afterMs };
}

export function stop(timer: TimerName): Effect {
  return { kind: 'stop', timer };
}

/** Goes to `state`. */
export function step<State extends string>(state: State, ...effects: readonly Effect[]): Step<State> {
  return { state, effects };
}

/** Ends the transaction, after `effects`. */
export function end(why: EndReason, ...effects: readonly Effect[]): Step<'terminated'> {
  return { state: 'terminated', effects: [...effects, { kind: 'end', why }] };
}
