import type { Sink, Stage, StageFactory } from './stage.js';

/** A chain of stages as one sink: what its first stage takes goes in. */
export interface Chain<In> extends Sink<In> {
  /** First stage first. */
  readonly stages: readonly Closable[];
  /** Closes the stages, first first, so that what one flushes still passes the next. Idempotent. */
  close(): void;
}

/** What is known of a stage without its input type. */
export type Closable = Pick<Stage<unknown>, 'name' | 'drops' | 'close'>;

/** A chain that still lacks its end. */
export interface OpenChain<In, Out> {
  /** Adds a stage behind the ones there. */
  to<Next>(factory: StageFactory<Out, Next>): OpenChain<In, Next>;
  /** Ends the chain in `sink`. */
  into(sink: Sink<Out>): Chain<In>;
}

/** Begins a chain: `chain(parse).to(reorder).to(frame).into(sink)`. */
export function chain<In, Out>(first: StageFactory<In, Out>): OpenChain<In, Out> {
  return open((sink) => {
    const stage = first(sink);
    return { head: stage, stages: [stage] };
  });
}

interface Built<In> {
  readonly head: Sink<In>;
  readonly stages: readonly Closable[];
}

function open<In, Out>(build: (sink: Sink<Out>) => Built<In>): OpenChain<In, Out> {
  return {
    to: <Next>(factory: StageFactory<Out, Next>) =>
      open<In, Next>((sink) => {
        const stage = factory(sink);
        const before = build(stage);
        return { head: before.head, stages: [...before.stages, stage] };
      }),
    into(sink) {
      const { head, stages } = build(sink);
      return {
        stages,
        push: (item) => head.push(item),
        close: () => {
          for (const stage of stages) stage.close();
        },
      };
    },
  };
}
