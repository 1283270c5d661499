import type { CancelTimer, Clock } from '../../base/clock.js';
import type { Effect, TimerFired, Transition } from './machine.js';
import type { TimerName } from './timers.js';

/** The effects left to the transaction once the run has seen to its timers. */
export type OutwardEffect = Exclude<Effect, { kind: 'start' | 'stop' }>;

/** Carries out one effect; `message` is what came with the event that commanded it. */
export type Perform<Message> = (effect: OutwardEffect, message: Message | undefined) => void;

interface Pending<Event, Message> {
  readonly event: Event | TimerFired;
  readonly message: Message | undefined;
}

/**
 * Runs one state machine: feeds it events one at a time, keeps its timers, hands the other effects out. An event that
 * arrives while effects are carried out (a send that fails, a user that answers at once) waits for its turn.
 */
export class MachineRun<State extends string, Event, Message> {
  readonly #clock: Clock;
  readonly #transition: Transition<State, Event | TimerFired>;
  readonly #reliable: boolean;
  readonly #perform: Perform<Message>;
  readonly #timers = new Map<TimerName, CancelTimer>();
  readonly #queue: Pending<Event, Message>[] = [];
  #state: State;
  #busy = false;
  #halted = false;

  constructor(
    clock: Clock,
    transition: Transition<State, Event | TimerFired>,
    initial: State,
    reliable: boolean,
    perform: Perform<Message>,
  ) {
    this.#clock = clock;
    this.#transition = transition;
    this.#state = initial;
    this.#reliable = reliable;
    this.#perform = perform;
  }

  get state(): State {
    return this.#state;
  }

  /** Feeds an event, and those that arise from it, unless one is being worked on already. */
  dispatch(event: Event | TimerFired, message?: Message): void {
    if (this.#halted) return;
    this.#queue.push({ event, message });
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#feed(next);
    } finally {
      this.#busy = false;
    }
  }

  /** Stops every timer and is deaf from now on. */
  halt(): void {
    this.#halted = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #feed({ event, message }: Pending<Event, Message>): void {
    const { state, effects } = this.#transition(this.#state, event, this.#reliable);
    this.#state = state;
    for (const effect of effects) {
      if (effect.kind === 'start') this.#start(effect.timer, effect.afterMs);
      else if (effect.kind === 'stop') this.#stop(effect.timer);
      else {
        if (effect.kind === 'end') this.halt();
        this.#perform(effect, message);
      }
    }
  }

  #start(timer: TimerName, intervalMs: number): void {
    this.#stop(timer);
    const fire = () => {
      this.#timers.delete(timer);
      this.dispatch({ type: 'timer', timer, intervalMs });
    };
    this.#timers.set(timer, this.#clock.after(intervalMs, fire));
  }

  #stop(timer: TimerName): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }
}
