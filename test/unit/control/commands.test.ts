import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../../src/control/commands.js';

const parse = (text: string) => parseCommand(Buffer.from(text));

describe('commands of an application (drachtio protocol §3)', () => {
  it.each([
    ['i|authenticate|cymru|a,b', { kind: 'authenticate', id: 'i', secret: 'cymru' }],
    ['i|authenticate|cymru|', { kind: 'authenticate', id: 'i', secret: 'cymru' }],
    ['i|authenticate', { kind: 'authenticate', id: 'i', secret: '' }],
    ['i|route|INVITE', { kind: 'route', id: 'i', verb: 'invite' }],
    ['i|remove_route|invite', { kind: 'remove_route', id: 'i', verb: 'invite' }],
    ['i|ping', { kind: 'ping', id: 'i' }],
    ['i|proxy|txn|||||||sip:a\r\nINVITE sip:a SIP/2.0\r\n', { kind: 'proxy', id: 'i' }],
    ['i|route|', { kind: 'malformed', id: 'i', reason: 'route needs a verb' }],
    ['i|sip|t|d', { kind: 'malformed', id: 'i', reason: 'sip message missing' }],
    ['i|dance', { kind: 'malformed', id: 'i', reason: 'unknown message type' }],
    ['i', { kind: 'malformed', id: 'i', reason: 'invalid message' }],
    ['|ping', { kind: 'malformed', id: '', reason: 'invalid message' }],
    ['', { kind: 'malformed', id: '', reason: 'invalid message' }],
  ])('%j', (text, command) => {
    expect(parse(text)).toEqual(command);
  });

  it('splits the meta line from the message at the first CRLF', () => {
    const command = parse('i|sip|txn|call;from-tag=1|sip:route\r\nBYE sip:placeholder SIP/2.0\r\nX: a|b\r\n\r\n');
    expect(command).toMatchObject({ kind: 'sip', transactionId: 'txn', dialogId: 'call;from-tag=1' });
    expect(command.kind === 'sip' && command.message.toString()).toBe('BYE sip:placeholder SIP/2.0\r\nX: a|b\r\n\r\n');
  });

  it('property: never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => parseCommand(Buffer.from(bytes)).kind !== null),
    );
  });
});
