import { describe, expect, it } from 'vitest';
import { FramePacer, nextTurn } from '../../../src/control/pacer.js';

/** A pacer whose writes and turns end when the test says so. */
function rig() {
  const written: string[] = [];
  const acknowledgements: (() => void)[] = [];
  const turns: (() => void)[] = [];
  const pacer = new FramePacer(
    (frame, done) => {
      written.push(frame.toString());
      acknowledgements.push(done);
    },
    (task) => turns.push(task),
  );
  const send = (key: string, text: string) => pacer.send(key, Buffer.from(text));
  const settle = () => {
    for (const done of acknowledgements.splice(0)) done();
    for (const task of turns.splice(0)) task();
  };
  return { pacer, written, acknowledgements, turns, send, settle };
}

describe('frames about one dialog (drachtio protocol §9: order matters)', () => {
  it('the first goes out at once, each other a turn after the one before', () => {
    const { send, settle, written } = rig();
    send('d', 'echo');
    send('d', 'ack');
    send('d', 'bye');
    expect(written).toEqual(['echo']);
    settle();
    expect(written).toEqual(['echo', 'ack']);
    settle();
    expect(written).toEqual(['echo', 'ack', 'bye']);
  });

  it('the turn begins when the kernel has the frame, not before', () => {
    const { send, written, acknowledgements, turns } = rig();
    send('d', 'echo');
    send('d', 'ack');
    expect(turns).toEqual([]);
    acknowledgements[0]?.();
    expect(written).toEqual(['echo']);
    turns[0]?.();
    expect(written).toEqual(['echo', 'ack']);
  });

  it('dialogs do not wait for each other', () => {
    const { send, written } = rig();
    send('a', 'a1');
    send('b', 'b1');
    expect(written).toEqual(['a1', 'b1']);
  });

  it('after a quiet turn the next frame goes out at once again', () => {
    const { send, settle, written } = rig();
    send('d', '1');
    settle();
    send('d', '2');
    expect(written).toEqual(['1', '2']);
  });

  it('nothing is written after clear', () => {
    const { pacer, send, settle, written } = rig();
    send('d', '1');
    send('d', '2');
    pacer.clear();
    settle();
    settle();
    expect(written).toEqual(['1']);
  });

  it('a turn has a whole poll phase in it', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      nextTurn(() => {
        order.push('turn');
        resolve();
      });
      setImmediate(() => order.push('first check phase'));
    });
    expect(order).toEqual(['first check phase', 'turn']);
  });
});
