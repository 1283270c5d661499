import { describe, expect, it } from 'vitest';
import {
  nokMeta,
  noMeta,
  okMeta,
  sentRequestMeta,
  sentResponseMeta,
  sipMeta,
  timeOfDay,
} from '../../../src/control/meta.js';
import type { ApplicationMessage, Sent } from '../../../src/sip/edge-application.js';

const NOW = Date.UTC(2026, 6, 20, 23, 41, 52, 687);
const peer = {
  address: '127.0.0.1',
  port: 7101,
  transport: 'udp',
  listener: 'udp',
  localAddress: '127.0.0.9',
  localPort: 6060,
} as const;
const message: ApplicationMessage = {
  source: 'network',
  kind: 'request',
  method: 'INVITE',
  transactionId: '8c81',
  dialogId: null,
  conversation: 'c;from-tag=1',
  bytes: Buffer.alloc(490),
  peer,
};
const sent: Sent = { transactionId: 't', dialogId: 'c;from-tag=1', conversation: 'c', bytes: Buffer.alloc(7), peer };

const tokens = (line: string) => line.split('|');

describe('meta lines (drachtio protocol §4, §7, §9, §10)', () => {
  it('§4: time of day in UTC with microseconds', () => {
    expect(timeOfDay(NOW)).toBe('23:41:52.687000');
  });

  it('§4: a new request has 10 tokens, then where it came in, and ends in |', () => {
    const [id, ...rest] = tokens(sipMeta(message, NOW));
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(rest.join('|')).toBe('sip|network|490|udp|127.0.0.1|7101|23:41:52.687000|8c81||127.0.0.9|6060|');
  });

  it.each([
    ['in-dialog request', { ...message, dialogId: 'c;from-tag=1' }],
    ['response', { ...message, kind: 'response', dialogId: 'c;from-tag=1' }],
  ] as const)('§4: an %s says its dialog and not where it came in', (_what, given) => {
    expect(tokens(sipMeta(given, NOW)).slice(8)).toEqual(['8c81', 'c;from-tag=1', '']);
  });

  it('§10: an unsolicited BYE', () => {
    const bye = {
      ...message,
      source: 'application',
      kind: 'notice',
      transactionId: 'unsolicited',
      dialogId: 'd',
    } as const;
    const line = tokens(sipMeta(bye, NOW));
    expect([line[2], ...line.slice(8)]).toEqual(['application', 'unsolicited', 'd', '']);
  });

  it('§7: the echo of a response has the dialog id at token 11', () => {
    expect(tokens(sentResponseMeta('cmd', sent, NOW)).slice(1)).toEqual(
      'response|cmd|OK|application|7|udp|127.0.0.1|7101|23:41:52.687000|t|c;from-tag=1||Msg sent:|'.split('|'),
    );
  });

  it('§9: the echo of a request has the transaction id at token 10 and no "continue" at 12', () => {
    const line = tokens(sentRequestMeta('cmd', sent, NOW));
    expect([line[3], line[10], line[11], line[12]]).toEqual(['OK', 't', 'Msg sent:', '']);
  });

  it('§4: OK, NO and NOK name the command', () => {
    expect(tokens(okMeta('cmd', 'pong')).slice(1)).toEqual(['response', 'cmd', 'OK', 'pong']);
    expect(tokens(noMeta('cmd', 'incorrect secret')).slice(1)).toEqual(['response', 'cmd', 'NO', 'incorrect secret']);
    expect(tokens(nokMeta('cmd', 'why')).slice(1)).toEqual(['response', 'cmd', 'NOK', 'why']);
  });
});
