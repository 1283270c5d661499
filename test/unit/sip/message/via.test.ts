import { describe, expect, it } from 'vitest';
import type { Via } from '../../../../src/sip/message/types.js';
import { readVias } from '../../../../src/sip/message/via.js';
import { codeThrownBy } from './samples.js';

const vias = (value: string, maxCount = 8): Via[] => {
  const list: Via[] = [];
  readVias(value, list, maxCount);
  return list;
};

describe('RFC 3261 §20.42 Via', () => {
  it('splits all parts and keeps the text', () => {
    expect(vias(' SIP/2.0/tls Host.Example:5061;branch=z9hG4bK1;rport;x="a,b;c" ')).toEqual([
      {
        transport: 'TLS',
        host: 'host.example',
        port: 5061,
        params: new Map<string, string | null>([
          ['branch', 'z9hG4bK1'],
          ['rport', null],
          ['x', 'a,b;c'],
        ]),
        text: 'SIP/2.0/tls Host.Example:5061;branch=z9hG4bK1;rport;x="a,b;c"',
      },
    ]);
  });

  it('RFC 4475 §3.1.1.1: blanks round every separator', () => {
    const list = vias(
      'SIP  / 2.0  / TCP     spindle.example.com   ;  branch  =   z9hG4bK9ikj8  , sip/2.0/UDP h : 5070',
    );
    expect(list.map(({ host, port, params }) => [host, port, params.get('branch')])).toEqual([
      ['spindle.example.com', null, 'z9hG4bK9ikj8'],
      ['h', 5070, undefined],
    ]);
    expect(list[0]?.text).toBe('SIP  / 2.0  / TCP     spindle.example.com   ;  branch  =   z9hG4bK9ikj8');
  });

  it.each([
    ['SIP/2.0/UDP [2001:DB8::9:1]:5060;received=2001:db8::9:255', '2001:db8::9:1', '2001:db8::9:255'],
    ['SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255]', '2001:db8::9:1', '[2001:db8::9:255]'],
    ['SIP/2.0/UDP [::ffff:192.0.2.10]:19823;received=192.0.2.1', '192.0.2.10', '192.0.2.1'],
  ])('RFC 5118 §4.5, §4.10: reads %s', (value, host, received) => {
    const [via] = vias(value);
    expect([via?.host, via?.params.get('received')]).toEqual([host, received]);
  });

  it('an unknown transport is a token like any other', () => {
    expect(vias('SIP/2.0/UNKNOWN h')[0]?.transport).toBe('UNKNOWN');
  });

  it.each([
    '',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ',
    'SIP/2.0 h',
    'SIP/7.0/UDP h',
    'SIP/2.00/UDP h',
    'HTTP/2.0/UDP h',
    'SIP/2.0/UDPh;branch=1',
    'SIP/2.0/UDP h h',
    'SIP/2.0/UDP h:',
    'SIP/2.0/UDP h:0',
    'SIP/2.0/UDP h:65536',
    'SIP/2.0/UDP h:05060',
    'SIP/2.0/UDP 127.1',
    'SIP/2.0/UDP 2001:db8::1',
    'SIP/2.0/UDP [2001:db8::1',
    'SIP/2.0/UDP [zz]',
    'SIP/2.0/UDP ü',
    'SIP/2.0/UDP h;',
    'SIP/2.0/UDP 192.0.2.15;;,;,,',
    'SIP/2.0/UDP h,',
    'SIP/2.0/UDP h,,SIP/2.0/UDP h',
    ',SIP/2.0/UDP h',
    'SIP/2.0/UDP h;branch',
    'SIP/2.0/UDP h;branch=',
    'SIP/2.0/UDP h;branch="a"',
    'SIP/2.0/UDP h;branch=a;branch=b',
    'SIP/2.0/UDP h;rport=x',
    'SIP/2.0/UDP h;rport=65536',
    'SIP/2.0/UDP h;received',
    'SIP/2.0/UDP h;received=stinkbug.example',
    'SIP/2.0/UDP h;received=010.0.0.1',
    'SIP/2.0/UDP h;received=fe80::1%eth0',
    'SIP/2.0/UDP h(comment)',
  ])('refuses %j as a malformed header', (value) => {
    expect(codeThrownBy(() => vias(value))).toBe('SIP_HEADER');
  });

  it('threat 83: stops at the limit before it reads more', () => {
    const value = Array(9).fill('SIP/2.0/UDP h').join(',');
    expect(codeThrownBy(() => vias(value, 8))).toBe('SIP_TOO_MANY');
    expect(vias(value, 9)).toHaveLength(9);
  });
});
