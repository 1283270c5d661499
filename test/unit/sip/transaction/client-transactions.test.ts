import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../../src/base/errors.js';
import type { ClientTransaction } from '../../../../src/sip/transaction/contract.js';
import { Bench, FakeFlow, OUTGOING, OUTGOING_INFO, parsed, response } from './harness.js';

const UDP = false;
const TLS = true;

interface Call {
  readonly bench: Bench;
  readonly flow: FakeFlow;
  readonly transaction: ClientTransaction;
  /** Lets the peer answer. */
  readonly answer: (status: number, toTag?: string) => void;
}

function send(outgoing: typeof OUTGOING, reliable: boolean): Call {
  const bench = new Bench();
  const flow = new FakeFlow(reliable);
  const transaction = bench.layer.request(outgoing, flow, bench.listener());
  return {
    bench,
    flow,
    transaction,
    answer: (status, toTag) => bench.layer.receive(response(transaction.bytes, status, toTag), flow),
  };
}

function expectNothingLeft({ bench, flow }: Pick<Call, 'bench' | 'flow'>): void {
  expect(bench.layer.counts()).toEqual({ server: 0, client: 0 });
  expect(bench.clock.pending).toBe(0);
  expect(flow.retained).toBe(0);
}

/** How many messages go out in each of these steps of time. */
function sentDuring(call: Call, steps: readonly number[]): number[] {
  return steps.map((ms) => {
    call.bench.clock.advance(ms);
    return call.flow.lines().length;
  });
}

describe('what is sent', () => {
  it('RFC 3261 §8.1.1.7, RFC 3581 §3: a Via with our address, a new branch and rport stands on top', () => {
    const { flow, transaction } = send(OUTGOING, TLS);
    const sent = parsed(transaction.bytes);
    expect(flow.sent).toEqual([transaction.bytes]);
    expect(sent.via[0].text).toBe(`SIP/2.0/TLS 198.51.100.1:5061;branch=${transaction.branch};rport`);
    expect(transaction.branch).toMatch(/^z9hG4bK[0-9a-f]{32}$/);
    expect(sent.via.length).toBe(1);
  });

  it('names us as told, IPv6 in brackets', () => {
    const bench = new Bench();
    const flow = new FakeFlow(TLS);
    const via = (host: string) => {
      const { bytes } = bench.layer.request(OUTGOING, flow, bench.listener(), { host, port: 5071 });
      return parsed(bytes).via[0].text.split(';')[0];
    };
    expect(via('sip.example')).toBe('SIP/2.0/TLS sip.example:5071');
    expect(via('2001:db8::1')).toBe('SIP/2.0/TLS [2001:db8::1]:5071');
    expect(via('[2001:db8::1]')).toBe('SIP/2.0/TLS [2001:db8::1]:5071');
  });

  it('RFC 3261 §17.1.1.3: the ACK of a failure copies the INVITE and takes To from the response', () => {
    const { flow, answer, transaction } = send(OUTGOING, TLS);
    answer(486, 'busy');
    const ack = parsed(flow.sent[1] ?? Buffer.alloc(0));
    expect(ack).toMatchObject({ kind: 'request', method: 'ACK', toTag: 'busy', fromTag: 'ours', callId: 'out-1' });
    expect(ack.cseq).toEqual({ number: 7, method: 'ACK' });
    expect(ack.via.map((via) => via.params.get('branch'))).toEqual([transaction.branch]);
    expect(ack.header('route')).toBe('<sip:edge.example;lr>');
    expect(ack.header('contact')).toBeUndefined();
    expect(ack.raw.toString().split('\r\n', 1)[0]).toBe('ACK sip:alice@phone.example SIP/2.0');
  });

  it('RFC 3261 §9.1: CANCEL copies the INVITE, without its To tag or body, and adds what is asked for', () => {
    const { flow, answer, transaction } = send(OUTGOING, TLS);
    answer(180);
    transaction.cancel([['Reason', 'SIP;cause=200']]);
    const cancel = parsed(flow.sent[1] ?? Buffer.alloc(0));
    expect(cancel).toMatchObject({ kind: 'request', method: 'CANCEL', toTag: null, fromTag: 'ours', callId: 'out-1' });
    expect(cancel.cseq).toEqual({ number: 7, method: 'CANCEL' });
    expect(cancel.via.map((via) => via.text)).toEqual(parsed(transaction.bytes).via.map((via) => via.text));
    expect(cancel.header('route')).toBe('<sip:edge.example;lr>');
    expect(cancel.header('reason')).toBe('SIP;cause=200');
  });

  it('RFC 3261 §13.2.2.4: the ACK of a 2xx has a branch of its own and no transaction', () => {
    const { bench, flow, transaction, answer } = send(OUTGOING, TLS);
    answer(200);
    const ack = {
      ...OUTGOING,
      method: 'ACK',
      headers: OUTGOING.headers.map(([n, v]) => [n, n === 'CSeq' ? '7 ACK' : v] as const),
    };
    const bytes = bench.layer.sendAck2xx(ack, flow);
    expect(flow.sent.at(-1)).toBe(bytes);
    expect(parsed(bytes).via[0].params.get('branch')).not.toBe(transaction.branch);
    expect(bench.layer.counts().client).toBe(1);
    expect(() => bench.layer.request(ack, flow, bench.listener())).toThrow('ACK');
  });
});

describe('INVITE client transaction', () => {
  it('RFC 3261 §17.1.1.2 timer A: repeated at T1, doubling, over UDP only', () => {
    const steps = [499, 1, 999, 1, 1_999, 1, 3_999, 1, 7_999, 1, 15_999];
    expect(sentDuring(send(OUTGOING, UDP), steps)).toEqual([1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    expect(sentDuring(send(OUTGOING, TLS), steps).reduce((sum, count) => sum + count)).toBe(1);
  });

  it('RFC 3261 §17.1.1.2 timer B: no response for 64*T1 is a timeout', () => {
    for (const reliable of [UDP, TLS]) {
      const call = send(OUTGOING, reliable);
      call.bench.clock.advance(31_999);
      expect(call.bench.news()).toEqual([]);
      call.bench.clock.advance(1);
      expect(call.bench.news()).toEqual(['client timeout']);
      expectNothingLeft(call);
    }
  });

  it('RFC 3261 §17.1.1.2: a provisional stops timers A and B; 100 is not told, others are', () => {
    const call = send(OUTGOING, UDP);
    call.answer(100);
    call.answer(180);
    call.answer(180);
    call.flow.lines();
    call.bench.clock.advance(300_000);
    expect(call.flow.lines()).toEqual([]);
    expect(call.bench.news()).toEqual(['client 180', 'client 180']);
    expect(call.bench.clock.pending).toBe(0);
  });

  it('RFC 3261 §17.1.1.2 timer D: each copy of a failure is acknowledged for 32 s and told once', () => {
    const call = send(OUTGOING, UDP);
    call.answer(302);
    call.answer(302);
    expect(call.flow.lines().filter((line) => line.startsWith('ACK'))).toHaveLength(2);
    expect(call.bench.news()).toEqual(['client 302']);
    call.bench.clock.advance(31_999);
    expect(call.bench.layer.counts().client).toBe(1);
    call.bench.clock.advance(1);
    expectNothingLeft(call);
    call.answer(302);
    expect(call.bench.news()).toEqual(['stray 302']);
  });

  it('RFC 3261 §17.1.1.2: over TLS a failure ends it at once (timer D is zero)', () => {
    const call = send(OUTGOING, TLS);
    call.answer(404);
    expect(call.bench.news()).toEqual(['client 404']);
    expectNothingLeft(call);
  });

  it('RFC 6026 §7.2: the first 2xx is told, later ones are strays, during timer M and after', () => {
    for (const reliable of [UDP, TLS]) {
      const call = send(OUTGOING, reliable);
      call.answer(200);
      call.answer(200);
      call.answer(200, 'fork');
      call.answer(486);
      expect(call.bench.news()).toEqual(['client 200', 'stray 200', 'stray 200']);
      expect(call.flow.lines()).toHaveLength(1);
      call.bench.clock.advance(31_999);
      expect(call.bench.layer.counts().client).toBe(1);
      call.bench.clock.advance(1);
      expectNothingLeft(call);
      call.answer(200);
      expect(call.bench.news()).toEqual(['stray 200']);
    }
  });

  it('RFC 3261 §17.1.4: a lost connection is told before a final response and not after', () => {
    const early = send(OUTGOING, TLS);
    early.bench.layer.flowClosed(early.flow);
    expect(early.bench.news()).toEqual(['client transport']);
    expectNothingLeft(early);
    const late = send(OUTGOING, TLS);
    late.answer(200);
    late.bench.layer.flowClosed(late.flow);
    expect(late.bench.news()).toEqual(['client 200']);
    expectNothingLeft(late);
  });

  it('a flow that is closed already is told after request returned', async () => {
    const bench = new Bench();
    const flow = new FakeFlow(TLS);
    flow.closed = true;
    bench.layer.request(OUTGOING, flow, bench.listener());
    expect(bench.news()).toEqual([]);
    await Promise.resolve();
    expect(bench.news()).toEqual(['client transport']);
    expect(bench.layer.counts().client).toBe(0);
    expect(bench.clock.pending).toBe(0);
  });
});

describe('CANCEL of our INVITE (RFC 3261 §9.1)', () => {
  const cancels = (call: Call) => call.flow.lines().filter((line) => line.startsWith('CANCEL')).length;

  it('waits for a provisional response, 100 included', () => {
    for (const status of [100, 180]) {
      const call = send(OUTGOING, TLS);
      call.transaction.cancel();
      call.transaction.cancel();
      expect(cancels(call)).toBe(0);
      call.answer(status);
      expect(cancels(call)).toBe(1);
      call.answer(183);
      call.transaction.cancel();
      expect(cancels(call)).toBe(0);
    }
  });

  it('is a transaction of its own; the 487 of the INVITE is told and acknowledged', () => {
    const call = send(OUTGOING, UDP);
    call.answer(180);
    call.transaction.cancel();
    const cancel = call.flow.sent.at(-1) ?? Buffer.alloc(0);
    call.flow.lines();
    call.bench.clock.advance(500);
    expect(cancels(call)).toBe(1);
    call.bench.layer.receive(response(cancel, 200), call.flow);
    call.bench.clock.advance(4_000);
    expect(cancels(call)).toBe(0);
    call.answer(487);
    expect(call.flow.lines()).toEqual(['ACK sip:alice@phone.example SIP/2.0']);
    expect(call.bench.news()).toEqual(['client 180', 'client 487']);
    call.bench.clock.advance(32_000);
    expectNothingLeft(call);
  });

  it('that crosses a 2xx leaves the call up', () => {
    const call = send(OUTGOING, TLS);
    call.answer(180);
    call.transaction.cancel();
    call.answer(200);
    call.bench.clock.advance(32_000);
    expect(call.bench.news()).toEqual(['client 180', 'client 200']);
    expectNothingLeft(call);
  });

  it('after the final response does nothing', () => {
    for (const status of [200, 486]) {
      const call = send(OUTGOING, TLS);
      call.answer(status);
      call.transaction.cancel();
      expect(cancels(call)).toBe(0);
    }
  });

  it('never sent when the final response comes first', () => {
    const call = send(OUTGOING, TLS);
    call.transaction.cancel();
    call.answer(486);
    expect(cancels(call)).toBe(0);
    expect(call.bench.news()).toEqual(['client 486']);
  });

  it('that brings no final response ends the INVITE after 64*T1', () => {
    const call = send(OUTGOING, TLS);
    call.answer(180);
    call.transaction.cancel();
    call.bench.clock.advance(32_000);
    expect(call.bench.news()).toEqual(['client 180', 'client timeout']);
    expectNothingLeft(call);
  });

  it('of a non-INVITE does nothing', () => {
    const call = send(OUTGOING_INFO, TLS);
    call.answer(100);
    call.transaction.cancel();
    expect(cancels(call)).toBe(0);
  });
});

describe('non-INVITE client transaction', () => {
  it('RFC 3261 §17.1.2.2 timer E: T1 doubling to T2, then T2; in Proceeding T2', () => {
    const call = send(OUTGOING_INFO, UDP);
    expect(sentDuring(call, [499, 1, 999, 1, 1_999, 1, 3_999, 1, 3_999, 1])).toEqual([1, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    const proceeding = send(OUTGOING_INFO, UDP);
    proceeding.answer(100);
    expect(sentDuring(proceeding, [500, 3_999, 1, 3_999, 1])).toEqual([2, 0, 1, 0, 1]);
  });

  it('RFC 3261 §17.1.2.2 timer F: no final response for 64*T1 is a timeout, provisional or not', () => {
    for (const reliable of [UDP, TLS]) {
      for (const provisional of [true, false]) {
        const call = send(OUTGOING_INFO, reliable);
        if (provisional) call.answer(183);
        call.bench.news();
        call.bench.clock.advance(31_999);
        expect(call.bench.news()).toEqual([]);
        call.bench.clock.advance(1);
        expect(call.bench.news()).toEqual(['client timeout']);
        expectNothingLeft(call);
      }
    }
  });

  it('RFC 3261 §17.1.2.2 timer K: copies of the final are absorbed for T4 over UDP', () => {
    const call = send(OUTGOING_INFO, UDP);
    call.answer(200);
    call.answer(200);
    expect(call.bench.news()).toEqual(['client 200']);
    call.bench.clock.advance(5_000);
    expectNothingLeft(call);
    const reliable = send(OUTGOING_INFO, TLS);
    reliable.answer(200);
    expectNothingLeft(reliable);
  });
});

describe('matching responses', () => {
  it('what a listener throws stops neither the transaction nor its timers', () => {
    const bench = new Bench();
    const flow = new FakeFlow(TLS);
    const fail = () => {
      throw new Error('boom');
    };
    const answered = bench.layer.request(OUTGOING, flow, { onResponse: fail, onFailure: fail });
    bench.layer.request(OUTGOING_INFO, flow, { onResponse: fail, onFailure: fail });
    bench.layer.receive(response(answered.bytes, 200), flow);
    expect(bench.layer.counts().client).toBe(2);
    bench.clock.advance(32_000);
    expectNothingLeft({ bench, flow });
  });

  it('RFC 3261 §17.1.3: by branch and CSeq method; the rest are strays', () => {
    const call = send(OUTGOING, TLS);
    const other = send(OUTGOING, TLS);
    call.bench.layer.receive(response(other.transaction.bytes, 200), call.flow);
    const asInfo = Buffer.from(call.transaction.bytes.toString().replace('7 INVITE', '7 INFO'));
    call.bench.layer.receive(response(asInfo, 200), call.flow);
    expect(call.bench.news()).toEqual(['stray 200', 'stray 200']);
  });

  it('threat 63: over another connection or from another address is ignored', () => {
    for (const [reliable, peer] of [
      [TLS, { port: 9_999 }],
      [UDP, { address: '192.0.2.9' }],
    ] as const) {
      const call = send(OUTGOING, reliable);
      for (const stranger of [new FakeFlow(reliable, peer), new FakeFlow(!reliable)]) {
        call.bench.layer.receive(response(call.transaction.bytes, 401), stranger);
      }
      expect(call.bench.news()).toEqual([]);
    }
    const udp = send(OUTGOING, UDP);
    udp.bench.layer.receive(response(udp.transaction.bytes, 180), new FakeFlow(UDP, { port: 9_999 }));
    expect(udp.bench.news()).toEqual(['client 180']);
  });

  it('RFC 3261 §8.1.3.3: with more than one Via it is discarded', () => {
    const call = send(OUTGOING, TLS);
    const twoVias = response(call.transaction.bytes, 200, 'peer', 'Via: SIP/2.0/TLS other.example;branch=z9hG4bKx\r\n');
    call.bench.layer.receive(twoVias, call.flow);
    expect(call.bench.news()).toEqual([]);
  });

  it('close stops every timer, tells nobody, and refuses new requests', async () => {
    const call = send(OUTGOING, UDP);
    call.flow.closed = true;
    call.bench.clock.advance(500);
    call.bench.layer.close();
    await Promise.resolve();
    expectNothingLeft(call);
    expect(call.bench.news()).toEqual([]);
    const refused = () => call.bench.layer.request(OUTGOING, call.flow, call.bench.listener());
    expect(refused).toThrow();
    try {
      refused();
    } catch (error) {
      expect(codeOf(error)).toBe('SIP_TRANSPORT');
    }
  });
});
