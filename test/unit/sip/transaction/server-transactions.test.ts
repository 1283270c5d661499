import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../../src/base/errors.js';
import { answer, Bench, FakeFlow, parsed, request } from './harness.js';

const UDP = false;
const TLS = true;

/** Receives an INVITE, whose transaction has id `id-1`, and forgets what was said about it. */
function ringing(reliable: boolean): { bench: Bench; flow: FakeFlow } {
  const bench = new Bench();
  const flow = new FakeFlow(reliable);
  bench.layer.receive(request('INVITE'), flow);
  bench.news();
  flow.lines();
  return { bench, flow };
}

function expectNothingLeft(bench: Bench, flow: FakeFlow): void {
  expect(bench.layer.counts()).toEqual({ server: 0, client: 0 });
  expect(bench.clock.pending).toBe(0);
  expect(flow.retained).toBe(0);
}

describe('INVITE server transaction', () => {
  it('RFC 3261 §17.2.1: 100 goes out at once, before the user hears of the admitted INVITE', () => {
    const bench = new Bench();
    const flow = new FakeFlow(TLS);
    bench.onRequestHook = () => expect(flow.lines()).toEqual(['100 Trying']);
    bench.layer.receive(request('INVITE'), flow);
    expect(bench.news()).toEqual(['admit INVITE id-1', 'request INVITE id-1']);
    expect(flow.retained).toBe(1);
  });

  it('RFC 3261 §17.2.1: retransmissions get the last provisional and reach nobody', () => {
    const { bench, flow } = ringing(UDP);
    bench.layer.receive(request('INVITE'), flow);
    expect(flow.lines()).toEqual(['100 Trying']);
    answer(bench.last, 180);
    bench.layer.receive(request('INVITE'), flow);
    expect(flow.lines()).toEqual(['180 Answer', '180 Answer']);
    expect(bench.news()).toEqual([]);
  });

  it('RFC 3261 §17.2.1 timer G: a failure is repeated at T1, 2*T1 … T2 until the ACK, then timer I absorbs ACKs', () => {
    const { bench, flow } = ringing(UDP);
    answer(bench.last, 486);
    const counts = [499, 1, 999, 1, 1_999, 1, 3_999, 1, 3_999, 1].map((ms) => {
      bench.clock.advance(ms);
      return flow.lines().length;
    });
    expect(counts).toEqual([1, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    bench.layer.receive(request('ACK'), flow);
    bench.layer.receive(request('ACK'), flow);
    bench.clock.advance(4_999);
    expect(bench.layer.counts().server).toBe(1);
    expect(bench.news()).toEqual([]);
    bench.clock.advance(1);
    expect(bench.news()).toEqual(['ended id-1 done']);
    expect(flow.lines()).toEqual([]);
    expectNothingLeft(bench, flow);
  });

  it('RFC 3261 §17.2.1 timer H: no ACK for 64*T1 is a timeout', () => {
    for (const reliable of [UDP, TLS]) {
      const { bench, flow } = ringing(reliable);
      answer(bench.last, 603);
      bench.clock.advance(31_999);
      expect(bench.news()).toEqual([]);
      expect(flow.lines().length).toBe(reliable ? 1 : 11);
      bench.clock.advance(1);
      expect(bench.news()).toEqual(['ended id-1 timeout']);
      expectNothingLeft(bench, flow);
    }
  });

  it('RFC 3261 §17.2.1: over TLS the ACK ends it at once (timer I is zero)', () => {
    const { bench, flow } = ringing(TLS);
    answer(bench.last, 401);
    bench.layer.receive(request('ACK'), flow);
    expect(bench.news()).toEqual(['ended id-1 done']);
    expectNothingLeft(bench, flow);
  });

  it('RFC 6026 §7.1: after a 2xx INVITEs are absorbed for timer L; the user resends the 2xx with respond', () => {
    const { bench, flow } = ringing(UDP);
    expect(answer(bench.last, 200)).toBe(true);
    bench.layer.receive(request('INVITE'), flow);
    bench.clock.advance(31_999);
    expect(flow.lines()).toEqual(['200 Answer']);
    expect(answer(bench.last, 200)).toBe(true);
    expect(answer(bench.last, 180)).toBe(false);
    expect(answer(bench.last, 500)).toBe(false);
    expect(flow.lines()).toEqual(['200 Answer']);
    bench.clock.advance(1);
    expect(bench.news()).toEqual(['ended id-1 done']);
    expect(answer(bench.last, 200)).toBe(false);
    expectNothingLeft(bench, flow);
  });

  it('RFC 6026 §7.1: the ACK of a 2xx goes to the user, with a new branch and with the INVITE’s', () => {
    const { bench, flow } = ringing(TLS);
    answer(bench.last, 200);
    bench.layer.receive(request('ACK', { branch: 'z9hG4bKother', toTag: 'x' }), flow);
    bench.layer.receive(request('ACK', { toTag: 'x' }), flow);
    expect(bench.news()).toEqual(['ack 1', 'ack 1']);
  });

  it('RFC 3261 §17.2.1: nothing follows a final response', () => {
    const { bench, flow } = ringing(UDP);
    expect(bench.last.answered).toBe(false);
    answer(bench.last, 404);
    expect(bench.last.answered).toBe(true);
    expect([180, 200, 404, 500].map((status) => answer(bench.last, status))).toEqual([false, false, false, false]);
    expect(flow.lines()).toEqual(['404 Answer']);
  });

  it('RFC 3261 §17.2.4: a flow that fails ends it, and respond says so', () => {
    const { bench, flow } = ringing(TLS);
    flow.closed = true;
    expect(answer(bench.last, 200)).toBe(false);
    expect(bench.news()).toEqual(['ended id-1 transport']);
    expectNothingLeft(bench, flow);
  });

  it('RFC 3261 §17.2.4: a closed flow ends its own transactions and no others', () => {
    const { bench, flow } = ringing(TLS);
    const other = new FakeFlow(TLS, { address: '192.0.2.9' });
    bench.layer.receive(request('INVITE', { callId: 'call-2' }), other);
    bench.news();
    flow.closed = true;
    bench.layer.flowClosed(flow);
    expect(bench.news()).toEqual(['ended id-1 transport']);
    expect(bench.layer.counts().server).toBe(1);
  });
});

describe('non-INVITE server transaction', () => {
  it('RFC 3261 §17.2.2: no 100 of our own; retransmissions are absorbed, then answered from the last response', () => {
    const bench = new Bench();
    const flow = new FakeFlow(UDP);
    bench.layer.receive(request('OPTIONS'), flow);
    bench.layer.receive(request('OPTIONS'), flow);
    expect(flow.lines()).toEqual([]);
    answer(bench.last, 200);
    bench.layer.receive(request('OPTIONS'), flow);
    expect(flow.lines()).toEqual(['200 Answer', '200 Answer']);
    bench.clock.advance(31_999);
    bench.layer.receive(request('OPTIONS'), flow);
    expect(flow.lines()).toEqual(['200 Answer']);
    bench.clock.advance(1);
    expect(bench.news()).toEqual(['admit OPTIONS id-1', 'request OPTIONS id-1', 'ended id-1 done']);
    expectNothingLeft(bench, flow);
  });

  it('RFC 3261 §17.2.2: over TLS it is over with the final response (timer J is zero)', () => {
    const bench = new Bench();
    const flow = new FakeFlow(TLS);
    bench.onRequestHook = (transaction) => expect(answer(transaction, 200)).toBe(true);
    bench.layer.receive(request('BYE', { toTag: 'x' }), flow);
    expect(bench.news()).toEqual(['admit BYE id-1', 'request BYE id-1', 'ended id-1 done']);
    expect(answer(bench.last, 200)).toBe(false);
    expectNothingLeft(bench, flow);
  });

  it('a request nobody answers is forgotten after 64*T1 (RFC 4320 §4.2: without a 408)', () => {
    const bench = new Bench();
    const flow = new FakeFlow(TLS);
    bench.layer.receive(request('MESSAGE'), flow);
    bench.clock.advance(32_000);
    expect(bench.news().at(-1)).toBe('ended id-1 timeout');
    expect(flow.lines()).toEqual([]);
    expectNothingLeft(bench, flow);
  });
});

describe('CANCEL (RFC 3261 §9.2)', () => {
  it('is answered 200 and told to the user, who answers 487', () => {
    for (const reliable of [UDP, TLS]) {
      const { bench, flow } = ringing(reliable);
      bench.layer.receive(request('CANCEL'), flow);
      expect(flow.lines()).toEqual(['200 OK']);
      expect(bench.news()).toEqual(['cancel id-1']);
      expect(answer(bench.last, 487)).toBe(true);
      bench.layer.receive(request('ACK'), flow);
      bench.clock.advance(32_000);
      expect(bench.news()).toEqual(['ended id-1 done']);
      expectNothingLeft(bench, flow);
    }
  });

  it('is absorbed when repeated: one 200 each, told once', () => {
    for (const reliable of [UDP, TLS]) {
      const { bench, flow } = ringing(reliable);
      for (let copies = 0; copies < 3; copies++) bench.layer.receive(request('CANCEL'), flow);
      expect(flow.lines()).toEqual(['200 OK', '200 OK', '200 OK']);
      expect(bench.news()).toEqual(['cancel id-1']);
    }
  });

  it('that comes after the final response gets 200 and changes nothing', () => {
    const { bench, flow } = ringing(TLS);
    answer(bench.last, 200);
    bench.layer.receive(request('CANCEL'), flow);
    expect(flow.lines()).toEqual(['200 Answer', '200 OK']);
    expect(bench.news()).toEqual([]);
  });

  it('that matches nothing gets 481 and is recorded', () => {
    const bench = new Bench();
    const flow = new FakeFlow(TLS);
    bench.layer.receive(request('CANCEL'), flow);
    expect(flow.lines()).toEqual(['481 Call/Transaction Does Not Exist']);
    expect(bench.refusals).toMatchObject([
      { rule: 'sanity', reason: 'cancel-unmatched', status: 481, callId: 'call-1' },
    ]);
    expect(bench.news()).toEqual([]);
    expectNothingLeft(bench, flow);
  });

  it('threat 58: from another connection or another address matches nothing', () => {
    for (const [reliable, peer] of [
      [TLS, { port: 9_999 }],
      [TLS, { address: '192.0.2.9' }],
      [UDP, { address: '192.0.2.9' }],
    ] as const) {
      const { bench } = ringing(reliable);
      const stranger = new FakeFlow(reliable, peer);
      bench.layer.receive(request('CANCEL'), stranger);
      expect(stranger.lines()).toEqual(['481 Call/Transaction Does Not Exist']);
      expect(bench.news()).toEqual([]);
      expect(bench.last.answered).toBe(false);
    }
  });

  it('over UDP may come from another port of the same address', () => {
    const { bench } = ringing(UDP);
    bench.layer.receive(request('CANCEL'), new FakeFlow(UDP, { port: 9_999 }));
    expect(bench.news()).toEqual(['cancel id-1']);
  });
});

describe('matching and refusing', () => {
  it('RFC 3261 §17.2.3: branch, sent-by, method, transport and address each make another transaction', () => {
    const bench = new Bench();
    const flow = new FakeFlow(TLS);
    bench.layer.receive(request('INFO', { callId: 'a', toTag: 't' }), flow);
    bench.layer.receive(request('INFO', { callId: 'b', toTag: 't', branch: 'z9hG4bKtwo' }), flow);
    bench.layer.receive(request('INFO', { callId: 'c', toTag: 't', sentBy: 'phone.example:5062' }), flow);
    bench.layer.receive(request('UPDATE', { callId: 'd', toTag: 't' }), flow);
    bench.layer.receive(request('INFO', { callId: 'e', toTag: 't' }), new FakeFlow(UDP));
    bench.layer.receive(request('INFO', { callId: 'f', toTag: 't' }), new FakeFlow(TLS, { address: '192.0.2.9' }));
    expect(bench.layer.counts().server).toBe(6);
    bench.layer.receive(request('INFO', { callId: 'a', toTag: 't' }), flow);
    expect(bench.layer.counts().server).toBe(6);
  });

  it('RFC 3261 §17.2.3: a branch without the magic cookie, or nothing but it, gets 400', () => {
    for (const branch of [null, 'old', 'z9hG4b', 'z9hG4bK']) {
      const bench = new Bench();
      const flow = new FakeFlow(TLS);
      bench.layer.receive(request('INVITE', { branch }), flow);
      expect(flow.lines()).toEqual(['400 Bad Request']);
      expect(bench.refusals).toMatchObject([{ rule: 'sanity', reason: 'via-branch', status: 400 }]);
      expect(bench.news()).toEqual([]);
    }
  });

  it('RFC 3261 §17.1.1.3: an ACK is never answered', () => {
    const bench = new Bench();
    const flow = new FakeFlow(UDP);
    bench.layer.receive(request('ACK', { branch: 'old' }), flow);
    bench.layer.receive(request('ACK'), flow);
    expect(flow.lines()).toEqual([]);
    expect(bench.refusals).toMatchObject([{ reason: 'via-branch', status: null }]);
    expect(bench.news()).toEqual(['ack 1']);
  });

  it('RFC 3261 §8.2.7: an answer of admit leaves no state, and a drop leaves nothing', () => {
    const bench = new Bench();
    const flow = new FakeFlow(UDP);
    bench.admission = () => ({ kind: 'answer', bytes: Buffer.from('SIP/2.0 401 Unauthorized\r\n\r\n') });
    bench.layer.receive(request('INVITE'), flow);
    bench.layer.receive(request('INVITE'), flow);
    expect(flow.lines()).toEqual(['401 Unauthorized', '401 Unauthorized']);
    bench.admission = () => ({ kind: 'drop' });
    bench.layer.receive(request('INVITE'), flow);
    expect(flow.lines()).toEqual([]);
    expect(bench.transactions).toEqual([]);
    expectNothingLeft(bench, flow);
  });

  it('RFC 3261 §8.2.2.2: the same request by another path gets 482; inside a dialog it does not', () => {
    const { bench, flow } = ringing(TLS);
    bench.layer.receive(request('INVITE', { branch: 'z9hG4bKpath2' }), flow);
    expect(flow.lines()).toEqual(['482 Loop Detected']);
    expect(bench.refusals).toMatchObject([{ rule: 'loop', reason: 'merged-request', status: 482 }]);
    for (const shape of [{ cseq: 2 }, { fromTag: 'bob' }, { callId: 'call-2' }, { toTag: 'x' }]) {
      bench.layer.receive(
        request('INVITE', { ...shape, branch: `z9hG4bK${JSON.stringify(shape).length}${shape.cseq}` }),
        flow,
      );
    }
    expect(bench.refusals.length).toBe(1);
    expect(bench.layer.counts().server).toBe(5);
  });

  it('RFC 3261 §8.2.2.2: once the transaction is over the request is no merged one', () => {
    const { bench, flow } = ringing(TLS);
    answer(bench.last, 404);
    bench.layer.receive(request('ACK'), flow);
    bench.layer.receive(request('INVITE', { branch: 'z9hG4bKpath2' }), flow);
    expect(flow.lines()).toEqual(['404 Answer', '100 Trying']);
  });

  it('threat 93: a peer with too many transactions gets 503 with Retry-After; others are served', () => {
    const bench = new Bench(3);
    const flow = new FakeFlow(TLS);
    const send = (number: number, over = flow) =>
      bench.layer.receive(request('INVITE', { branch: `z9hG4bKn${number}`, callId: `call-${number}` }), over);
    for (let number = 0; number < 3; number++) send(number);
    bench.news();
    flow.lines();
    send(3);
    expect(flow.sent[0]?.toString()).toMatch(/\r\nRetry-After: \d+\r\n/);
    expect(flow.lines()).toEqual(['503 Service Unavailable']);
    expect(bench.refusals).toMatchObject([{ rule: 'rate', status: 503, method: 'INVITE', callId: 'call-3' }]);
    send(0, new FakeFlow(TLS, { port: 1_234 }));
    expect(bench.layer.counts().server).toBe(3);
    send(3, new FakeFlow(TLS, { address: '192.0.2.9' }));
    expect(bench.layer.counts().server).toBe(4);
  });

  it('answered calls leave room for new ones, up to ten times as many', () => {
    const bench = new Bench(1);
    const flow = new FakeFlow(TLS);
    bench.onRequestHook = (transaction) => answer(transaction, 200);
    for (let number = 0; number < 12; number++) {
      bench.layer.receive(request('INVITE', { branch: `z9hG4bKn${number}`, callId: `call-${number}` }), flow);
    }
    expect(bench.refusals.length).toBe(2);
    bench.clock.advance(32_000);
    expectNothingLeft(bench, flow);
    bench.layer.receive(request('INVITE'), flow);
    expect(bench.refusals.length).toBe(2);
  });

  it('what the user throws is answered 500 and does not come back to the socket', () => {
    const bench = new Bench();
    const flow = new FakeFlow(TLS);
    bench.admission = () => {
      throw new GatewayError('INTERNAL');
    };
    bench.layer.receive(request('INVITE'), flow);
    expect(flow.lines()).toEqual(['500 Server Internal Error']);
    expect(bench.layer.counts().server).toBe(0);
    bench.admission = () => ({ kind: 'accept' });
    bench.onRequestHook = () => {
      throw new Error('boom');
    };
    bench.layer.receive(request('OPTIONS'), flow);
    expect(flow.lines()).toEqual(['500 Server Internal Error']);
    expectNothingLeft(bench, flow);
  });

  it('RFC 3261 §8.2.6.2: answers of the layer echo the request and have a stable To tag', () => {
    const bench = new Bench();
    const flow = new FakeFlow(TLS);
    bench.layer.receive(request('CANCEL'), flow);
    bench.layer.receive(request('CANCEL'), flow);
    const [first, second] = flow.sent.map((bytes) => parsed(bytes));
    expect(first?.toTag).not.toBeNull();
    expect(first?.toTag).toBe(second?.toTag);
    expect(first?.via[0].params.get('branch')).toBe('z9hG4bKone');
  });

  it('close forgets everything, tells nobody and is deaf afterwards', () => {
    const { bench, flow } = ringing(UDP);
    answer(bench.last, 486);
    flow.lines();
    bench.layer.close();
    bench.layer.close();
    expectNothingLeft(bench, flow);
    bench.layer.receive(request('INVITE', { branch: 'z9hG4bKlate' }), flow);
    expect(answer(bench.last, 200)).toBe(false);
    expect(flow.lines()).toEqual([]);
    expect(bench.news()).toEqual([]);
  });
});
