import { describe, expect, it } from 'vitest';
import { derivedTag, newBranch, newCallId, newTag } from '../../../../src/sip/message/ids.js';
import { KNOWN_METHODS } from '../../../../src/sip/message/methods.js';
import { canonicalName, displayName } from '../../../../src/sip/message/names.js';
import { reasonPhrase } from '../../../../src/sip/message/reasons.js';

describe('RFC 3261 §7.3.3 header names', () => {
  it.each([
    ['v', 'via', 'Via'],
    ['V', 'via', 'Via'],
    ['f', 'from', 'From'],
    ['t', 'to', 'To'],
    ['i', 'call-id', 'Call-ID'],
    ['m', 'contact', 'Contact'],
    ['l', 'content-length', 'Content-Length'],
    ['c', 'content-type', 'Content-Type'],
    ['e', 'content-encoding', 'Content-Encoding'],
    ['s', 'subject', 'Subject'],
    ['k', 'supported', 'Supported'],
    ['o', 'event', 'Event'],
    ['r', 'refer-to', 'Refer-To'],
    ['b', 'referred-by', 'Referred-By'],
    ['u', 'allow-events', 'Allow-Events'],
    ['x', 'session-expires', 'Session-Expires'],
    ['y', 'identity', 'Identity'],
    ['CSEQ', 'cseq', 'CSeq'],
    ['WWW-authenticate', 'www-authenticate', 'WWW-Authenticate'],
    ['mime-version', 'mime-version', 'MIME-Version'],
    ['MIN-se', 'min-se', 'Min-SE'],
    ['P-Asserted-Identity', 'p-asserted-identity', 'P-Asserted-Identity'],
    ['X-Unknown-thing', 'x-unknown-thing', 'X-Unknown-Thing'],
    ['%46rom', '%46rom', '%46rom'],
    ['z', 'z', 'Z'],
    ['__proto__', '__proto__', '__proto__'],
    ['constructor', 'constructor', 'Constructor'],
  ])('%s is %s, written %s', (raw, canonical, shown) => {
    expect(canonicalName(raw)).toBe(canonical);
    expect(displayName(canonical)).toBe(shown);
    expect(canonicalName(shown)).toBe(canonical);
  });
});

describe('identifiers', () => {
  it('RFC 3261 §8.1.1.7, §19.3: are tokens, unguessable and never equal', () => {
    expect(newBranch()).toMatch(/^z9hG4bK[0-9a-f]{32}$/);
    expect(newTag()).toMatch(/^[0-9a-f]{16}$/);
    expect(newCallId()).toMatch(/^[0-9a-f]{32}$/);
    for (const make of [newBranch, newTag, newCallId]) {
      expect(new Set(Array.from({ length: 1_000 }, make)).size).toBe(1_000);
    }
  });

  it('§8.2.7: a derived tag depends on every part and on where it ends', () => {
    expect(derivedTag(['a', 'b'])).toBe(derivedTag(['a', 'b']));
    expect(derivedTag(['ab', ''])).not.toBe(derivedTag(['a', 'b']));
    expect(derivedTag(['a', 'c'])).not.toBe(derivedTag(['a', 'b']));
  });
});

describe('reason phrases and methods', () => {
  it.each([
    [100, 'Trying'],
    [481, 'Call/Transaction Does Not Exist'],
    [505, 'Version Not Supported'],
    [199, 'Early Dialog Terminated'],
    [299, 'OK'],
    [599, 'Server Failure'],
    [699, 'Global Failure'],
    [999, 'Unknown'],
  ])('RFC 3261 §21: %d is %s', (status, phrase) => {
    expect(reasonPhrase(status)).toBe(phrase);
  });

  it('RFC 3261 §7.1: methods are case-sensitive', () => {
    expect(KNOWN_METHODS.has('INVITE')).toBe(true);
    expect(KNOWN_METHODS.has('invite')).toBe(false);
    expect(KNOWN_METHODS.size).toBe(14);
  });
});
