import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AudioBacklog } from '../../../src/speech/audio-backlog.js';
import { AudioTimeline } from '../../../src/speech/audio-timeline.js';
import {
  type RecognitionEvent,
  type RecognitionState,
  recognitionStep,
} from '../../../src/speech/recognition-state.js';
import { reconnectMs } from '../../../src/speech/reconnect.js';

describe('reconnectMs (D 1, D 5)', () => {
  it('tries four times quickly, then every five seconds', () => {
    const delays = [1, 2, 3, 4, 5, 6, 1_000].map((failures) => reconnectMs('SPEECH_UNAVAILABLE', failures, 1));
    expect(delays).toEqual([250, 500, 1_000, 2_000, 5_000, 5_000, 5_000]);
  });

  it.each(['SPEECH_REFUSED', 'PROXY_AUTH', 'PROXY_REFUSED', 'EGRESS_TLS', 'EGRESS_HTTP'] as const)(
    'does not hammer after %s',
    (code) => expect(reconnectMs(code, 1, 0)).toBe(22_500),
  );

  it('spreads the delays', () => {
    expect(reconnectMs('PROXY_CONNECT', 1, 0)).toBe(188);
    expect(reconnectMs('PROXY_CONNECT', 9, 0)).toBe(3_750);
  });
});

describe('AudioBacklog (D 1, D 3)', () => {
  it('gives chunks back in order with their positions', () => {
    const backlog = new AudioBacklog(100);
    backlog.push(Buffer.from('ab'), 0);
    backlog.push(Buffer.from('cd'), 2);
    expect(backlog.peek()).toEqual({ bytes: Buffer.from('ab'), position: 0 });
    expect([backlog.shift(), backlog.shift(), backlog.shift()]).toEqual([
      { bytes: Buffer.from('ab'), position: 0 },
      { bytes: Buffer.from('cd'), position: 2 },
      undefined,
    ]);
    expect(backlog.bytes).toBe(0);
  });

  it('keeps its own copy', () => {
    const backlog = new AudioBacklog(100);
    const audio = Buffer.from('ab');
    backlog.push(audio, 0);
    audio.fill(0);
    expect(backlog.peek()?.bytes).toEqual(Buffer.from('ab'));
  });

  it('never holds more than its bound, drops the oldest and loses count of nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 100 }),
        fc.integer({ min: 0, max: 120 }),
        (sizes, max) => {
          const backlog = new AudioBacklog(max);
          let position = 0;
          let dropped = 0;
          for (const size of sizes) {
            dropped += backlog.push(Buffer.alloc(size), position);
            position += size;
            expect(backlog.bytes).toBeLessThanOrEqual(max);
          }
          expect(dropped + backlog.bytes).toBe(position);
          if (backlog.bytes > 0) expect(backlog.peek()?.position).toBe(dropped);
        },
      ),
    );
  });
});

describe('AudioTimeline', () => {
  it('is the service’s own time on a first connection without holes', () => {
    const timeline = new AudioTimeline(8);
    timeline.sent(0, 8_000);
    timeline.sent(8_000, 8_000);
    expect([0, 700, 2_000, 9_000].map((ms) => timeline.toSession(ms))).toEqual([0, 700, 2_000, 2_000]);
    expect([timeline.startMs, timeline.endMs]).toEqual([0, 2_000]);
  });

  it('adds what an earlier connection had and what was lost between them', () => {
    const timeline = new AudioTimeline(8);
    timeline.sent(0, 8_000);
    timeline.restart();
    expect(timeline.toSession(100)).toBe(0);
    timeline.sent(24_000, 8_000);
    expect([timeline.toSession(0), timeline.toSession(500)]).toEqual([3_000, 3_500]);
    expect([timeline.startMs, timeline.endMs]).toEqual([3_000, 4_000]);
  });

  it('jumps over a hole within a connection', () => {
    const timeline = new AudioTimeline(8);
    timeline.sent(0, 8_000);
    timeline.sent(40_000, 8_000);
    expect([timeline.toSession(999), timeline.toSession(1_000), timeline.toSession(1_500)]).toEqual([
      999, 5_000, 5_500,
    ]);
  });

  it('never runs backwards and never passes the end, with any holes', () => {
    const chunk = fc.record({ hole: fc.nat(5_000), length: fc.integer({ min: 1, max: 5_000 }) });
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 200 }), (chunks) => {
        const timeline = new AudioTimeline(8);
        let position = 0;
        for (const { hole, length } of chunks) {
          timeline.sent(position + hole, length);
          position += hole + length;
        }
        const times = Array.from({ length: 50 }, (_, n) => timeline.toSession(n * 137));
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(times.at(-1)).toBeLessThanOrEqual(Math.round(position / 8));
      }),
    );
  });
});

describe('recognitionStep', () => {
  const states: RecognitionState[] = ['connecting', 'live', 'waiting', 'last', 'draining', 'closed'];
  const events: RecognitionEvent[] = ['listening', 'lost', 'retry', 'finish', 'deadline', 'close'];
  const expected: Record<RecognitionState, string[]> = {
    connecting: ['live', 'waiting', '-', 'last', '-', 'closed'],
    live: ['-', 'waiting', '-', 'draining', '-', 'closed'],
    waiting: ['-', '-', 'connecting', 'closed', '-', 'closed'],
    last: ['draining', 'closed', '-', '-', 'closed', 'closed'],
    draining: ['closed', 'closed', '-', '-', 'closed', 'closed'],
    closed: ['-', '-', '-', '-', '-', '-'],
  };

  it.each(states)('%s: every event has its outcome', (state) => {
    const next = events.map((event) => recognitionStep(state, event));
    expect(next.map((step) => (step.state === state ? '-' : step.state))).toEqual(expected[state]);
    for (const step of next) {
      if (step.state === state) expect(step.effects).toEqual([]);
      if (step.state === 'closed' && state !== 'closed') expect(step.effects).toEqual(['end']);
    }
  });

  it('never connects again once finished (asterisk-audiofork 14)', () => {
    const finished = new Set<RecognitionState>(['last', 'draining', 'closed']);
    for (const state of finished) {
      for (const event of events) {
        const step = recognitionStep(state, event);
        expect(finished.has(step.state)).toBe(true);
        expect(step.effects).not.toContain('connect');
      }
    }
  });
});
