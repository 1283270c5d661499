import { describe, expect, it } from 'vitest';
import { sameUri } from '../../../src/policy/uri-equivalence.js';
import { parseUri } from '../../../src/sip/message/uri.js';

describe('URI comparison (RFC 3261 §19.1.4)', () => {
  it.each([
    // The examples of the RFC.
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    ['sip:biloxi.com;transport=tcp;method=REGISTER', 'sip:biloxi.com;method=REGISTER;transport=tcp'],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    // Our own.
    ['sip:a@h;x', 'sip:a@h;X'],
    ['tel:+1-234', 'tel:+1(234)'],
    ['tel:+1234;ext=1;isub=2', 'tel:+1234;isub=2;ext=1'],
    ['urn:service:sos', 'urn:service:sos'],
  ])('%s equals %s', (left, right) => {
    expect(sameUri(parseUri(left), parseUri(right))).toBe(true);
    expect(sameUri(parseUri(right), parseUri(left))).toBe(true);
  });

  it.each([
    // The examples of the RFC.
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    // Our own.
    ['sip:a@h', 'sips:a@h'],
    ['sip:a@h', 'sip:h'],
    ['sip:a:secret@h', 'sip:a@h'],
    ['sip:a@h;newparam=5', 'sip:a@h;newparam=6'],
    ['sip:a@h;maddr=10.0.0.9', 'sip:a@h'],
    ['sip:a@h;ttl=1', 'sip:a@h'],
    ['sip:a@h;user=phone', 'sip:a@h'],
    ['sip:a@h?X=1', 'sip:a@h?X=2'],
    ['sip:+1234@h', 'tel:+1234'],
    ['tel:+1234', 'tel:+1235'],
    ['tel:+1234', 'tel:+1234;ext=1'],
    ['urn:service:sos', 'urn:service:SOS'],
    ['urn:service:sos', 'sip:sos@h'],
  ])('%s is not %s', (left, right) => {
    expect(sameUri(parseUri(left), parseUri(right))).toBe(false);
    expect(sameUri(parseUri(right), parseUri(left))).toBe(false);
  });
});
