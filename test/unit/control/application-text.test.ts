import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseApplicationText } from '../../../src/control/application-text.js';

const parse = (...lines: string[]) => parseApplicationText(Buffer.from(lines.join('\r\n')));

describe('SIP text of an application (drachtio protocol §7, §9)', () => {
  it('reads a response as drachtio-srf writes it', () => {
    const text = parse('SIP/2.0 200 OK', 'Call-ID: c', 'to: <sip:a@b>;tag=1', 'content-length: 4', '', 'v=0ü');
    expect(text).toEqual({
      kind: 'response',
      status: 200,
      reason: 'OK',
      parts: {
        headers: [
          ['Call-ID', 'c'],
          ['to', '<sip:a@b>;tag=1'],
          ['content-length', '4'],
        ],
        // drachtio-srf counts characters: the frame says where the body ends.
        body: Buffer.from('v=0ü'),
      },
    });
  });

  it('reads a request; the method becomes upper case', () => {
    expect(parse('bye sip:placeholder SIP/2.0', 'Reason: x', '', '')).toEqual({
      kind: 'request',
      method: 'BYE',
      uri: 'sip:placeholder',
      parts: { headers: [['Reason', 'x']], body: null },
    });
  });

  it('a body may hold blank lines', () => {
    expect(parse('SIP/2.0 200 OK', '', 'a', '', 'b')?.parts.body?.toString()).toBe('a\r\n\r\nb');
  });

  it('joins folded lines', () => {
    expect(parse('SIP/2.0 200 OK', 'X-A: one', ' two', '\tthree', '', '')?.parts.headers).toEqual([
      ['X-A', 'one two three'],
    ]);
  });

  it.each(['no colon', ': no name', 'bad name: 1', 'X-LF: a\nVia: evil', 'X-CR: a\rb', 'X-NUL: a\0b'])(
    'threat 109: skips the line %j',
    (line) => {
      expect(parse('SIP/2.0 200 OK', line, 'X-Good: 1', '', '')?.parts.headers).toEqual([['X-Good', '1']]);
    },
  );

  it.each([
    '',
    'SIP/2.0 99 Low',
    'SIP/2.0 700 High',
    'SIP/2.0 abc',
    'SIP/3.0 200 OK',
    'BYE  SIP/2.0',
    'BYE sip:a b SIP/2.0',
    'BYE sip:a',
    'B Y E sip:a SIP/2.0',
  ])('is null for the start line %j', (line) => {
    expect(parse(line, '', '')).toBeNull();
  });

  it('a status line may end without a phrase', () => {
    expect(parse('SIP/2.0 486')).toMatchObject({ status: 486, reason: '' });
  });

  it('property: no header value can end its line', () => {
    const line = fc.string({ unit: fc.constantFrom('a', ':', ' ', '\r', '\n', '\r\n', '\0', '\t'), maxLength: 40 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const text = parse('SIP/2.0 200 OK', ...lines);
        for (const [name, value] of text?.parts.headers ?? []) expect(`${name}${value}`).not.toMatch(/[\r\n\0]/);
      }),
    );
  });
});
