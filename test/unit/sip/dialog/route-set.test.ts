import { describe, expect, it } from 'vitest';
import { requestUriOf, routeSetOf, routeTo } from '../../../../src/sip/dialog/route-set.js';
import { dialogRequest } from '../../../../src/sip/dialog/dialog-request.js';
import { parseUri } from '../../../../src/sip/message/uri.js';
import { dialogOf, sipRequest } from './fixtures.js';

describe('route set (RFC 3261 §12.1.1)', () => {
  it('Record-Route in order over several fields, commas in quotes and brackets respected', () => {
    const headers = [
      'Record-Route: <sip:a.example;lr>, "x, y" <sip:b.example;x=1;lr>',
      'Record-Route: <sip:c.example>;p=1',
    ];
    expect(routeSetOf(sipRequest({ headers }))).toEqual([
      { uri: 'sip:a.example;lr', loose: true },
      { uri: 'sip:b.example;x=1;lr', loose: true },
      { uri: 'sip:c.example', loose: false },
    ]);
  });

  it.each(['<sip:a', 'nonsense', '<sip:a>,'])('throws on %j', (value) => {
    expect(() => routeSetOf(sipRequest({ headers: [`Record-Route: ${value}`] }))).toThrowError(
      expect.objectContaining({ code: expect.stringMatching(/^SIP_/) as string }),
    );
  });
});

describe('routing of a request (RFC 3261 §12.2.1.1)', () => {
  const loose = { uri: 'sip:a.example;lr', loose: true };
  const strict = { uri: 'sip:s.example?x=y', loose: false };

  it.each([
    ['no route', [], { requestUri: 'sip:t@x', routes: [] }],
    [
      'a loose first route',
      [loose, strict],
      { requestUri: 'sip:t@x', routes: ['<sip:a.example;lr>', '<sip:s.example?x=y>'] },
    ],
    [
      'a strict first route',
      [strict, loose],
      { requestUri: 'sip:s.example', routes: ['<sip:a.example;lr>', '<sip:t@x>'] },
    ],
  ])('%s', (_what, routeSet, routing) => {
    expect(routeTo('sip:t@x', routeSet)).toEqual(routing);
  });

  it.each([
    ['sip:t@x', 'sip:t@x'],
    ['sip:t@x;transport=tcp?Subject=1', 'sip:t@x;transport=tcp'],
    ['sip:t?u@x?Subject=1', 'sip:t?u@x'],
    ['sip:x?Subject=1', 'sip:x'],
    ['tel:+123', 'tel:+123'],
  ])('RFC 3261 §19.1.1: the Request-URI for the target %s is %s', (target, uri) => {
    expect(requestUriOf(parseUri(target))).toBe(uri);
  });
});

describe('a request inside a dialog (RFC 3261 §12.2.1.1)', () => {
  const parts = { method: 'INFO', sequence: 3, uri: null, headers: [['X-A', 'b']], body: Buffer.from('x') } as const;

  it('has the tags turned round, the next CSeq, the route set and the target', () => {
    const dialog = dialogOf({ headers: ['Record-Route: <sip:p.example;lr>'] });
    expect(dialogRequest(dialog, parts)).toEqual({
      method: 'INFO',
      uri: 'sip:alice@192.0.2.1:40000;transport=tcp',
      headers: [
        ['Max-Forwards', '70'],
        ['Route', '<sip:p.example;lr>'],
        ['From', '<sip:bot@gw.example>;tag=local'],
        ['To', '"Alice" <sip:alice@example.com>;tag=a1'],
        ['Call-ID', 'call-1'],
        ['CSeq', '3 INFO'],
        ['X-A', 'b'],
      ],
      body: Buffer.from('x'),
    });
  });

  it('may name another Request-URI', () => {
    expect(dialogRequest(dialogOf(), { ...parts, uri: 'sip:other@x' }).uri).toBe('sip:other@x');
  });
});
