import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../src/base/errors.js';
import { exitCodeOf, formatProblems, type Problem } from '../../../src/config/problem.js';

const problem = (part: Partial<Problem>): Problem => ({
  code: 'CONFIG_INVALID',
  path: 'sip.tls.port',
  where: 'portcullis.yaml:4:11',
  message: 'must be a port',
  hint: null,
  ...part,
});

describe('formatProblems', () => {
  it('writes place, key, message and code on a line, and the hint below it', () => {
    expect(formatProblems([problem({}), problem({ hint: 'Try 5061.' })], { color: false })).toBe(
      'portcullis.yaml:4:11: sip.tls.port must be a port [CONFIG_INVALID]\n' +
        'portcullis.yaml:4:11: sip.tls.port must be a port [CONFIG_INVALID]\n    Try 5061.\n',
    );
  });

  it('leaves out what there is not', () => {
    expect(formatProblems([problem({ where: null, path: '' })], { color: false })).toBe(
      'must be a port [CONFIG_INVALID]\n',
    );
    expect(formatProblems([], { color: false })).toBe('');
  });

  it('colours only on demand', () => {
    expect(formatProblems([problem({})], { color: true })).toContain('\u001b[1msip.tls.port\u001b[0m');
    expect(formatProblems([problem({})], { color: false })).not.toContain('\u001b');
  });

  it('lets no name from outside steer the terminal or forge a line', () => {
    const text = formatProblems([problem({ path: 'a\u001b[2J\nb', message: 'c\r\u202ed', hint: '\u009b1m' })], {
      color: false,
    });
    expect(text.trimEnd().split('\n')).toHaveLength(2);
    expect(text).not.toMatch(/[\u001b\u009b\u202e\r]/);
  });
});

describe('exitCodeOf (interfaces §1: 2 configuration, 3 file, 4 secret)', () => {
  it.each<[ErrorCode[], number]>([
    [['CONFIG_INVALID'], 2],
    [['CONFIG_OPEN_GATE'], 2],
    [['CONFIG_NOT_BUILT'], 2],
    [['CONFIG_UNREADABLE'], 2],
    [['TLS_FORMAT'], 2],
    [['FILE_UNAVAILABLE'], 3],
    [['SECRET_UNRESOLVED'], 4],
    [['SECRET_UNRESOLVED', 'FILE_UNAVAILABLE'], 4],
    [['SECRET_UNRESOLVED', 'CONFIG_INVALID'], 2],
    [['FILE_UNAVAILABLE', 'CONFIG_INVALID'], 2],
    [['SECRET_UNRESOLVED', 'FILE_UNAVAILABLE', 'CONFIG_NOT_BUILT'], 2],
  ])('%j is %d', (codes, exit) => {
    expect(exitCodeOf(codes.map((code) => problem({ code })))).toBe(exit);
  });
});
