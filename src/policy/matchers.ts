import { GatewayError } from '../base/errors.js';
import { decodeEscapes } from '../sip/message/escapes.js';
import type { SipUri, TelUri, Uri } from '../sip/message/types.js';
import { parseUri } from '../sip/message/uri.js';
import type { MatchedEntry } from './policy.js';
import { sameTel } from './uri-equivalence.js';

/** One entry of an allowlist as the operator wrote it. */
export interface AllowEntry extends MatchedEntry {
  /** How it is read: IBM's environment lists are `contains`, YAML entries without a prefix `exact`. */
  readonly mode: 'contains' | 'exact';
}

/** An entry ready for matching. Ports and hosts that are null match any. */
export type Matcher = { readonly entry: MatchedEntry } & (
  | { readonly kind: 'user-contains'; readonly text: string }
  | {
      readonly kind: 'address-contains';
      readonly text: string;
      /** Both sides of the last `@` in `text`, or null when there is none. The host is lower-case. */
      readonly split: { readonly user: string; readonly host: string } | null;
      /** The entry was written with `sip:` or `sips:` and must match from the start of the user part on. */
      readonly anchored: boolean;
    }
  | {
      readonly kind: 'exact';
      readonly user: string;
      readonly host: string | null;
      readonly port: number | null;
    }
  | { readonly kind: 'tel'; readonly uri: TelUri; readonly contains: boolean }
);

const NUMBER = /^[+0-9*#\-.()]+$/;
const SCHEME = /^sips?:/i;
const PREFIX = /^(exact|contains|user|host|prefix|e164|regex):/;

/**
 * Reads the entries of one list (interfaces.md §4).
 * Throws CONFIG_INVALID for an entry that is empty or unreadable, and CONFIG_NOT_BUILT for a prefix known but not built.
 */
export function createMatchers(entries: readonly AllowEntry[]): readonly Matcher[] {
  return entries.map(createMatcher);
}

/** The first entry that matches, or null. Only the URI counts: no display name, parameter, header, password or tag. */
export function findMatch(matchers: readonly Matcher[], uri: Uri): MatchedEntry | null {
  for (const matcher of matchers) if (matches(matcher, uri)) return matcher.entry;
  return null;
}

/** `host[:port]` of a URI with brackets round IPv6, as an allowlist entry sees it. */
export function hostPortOf(uri: SipUri): string {
  const host = uri.hostType === 'ipv6' ? `[${uri.host}]` : uri.host;
  return uri.port === null ? host : `${host}:${uri.port}`;
}

function matches(matcher: Matcher, uri: Uri): boolean {
  if (uri.kind === 'other') return false;
  if (uri.kind === 'tel') return matcher.kind === 'tel' && sameTel(matcher.uri, uri, matcher.contains);
  switch (matcher.kind) {
    case 'user-contains':
      return uri.user?.includes(matcher.text) ?? false;
    case 'address-contains':
      return addressContains(matcher, uri);
    case 'exact':
      return (
        uri.user === matcher.user &&
        (matcher.host === null || uri.host === matcher.host) &&
        (matcher.port === null || uri.port === matcher.port)
      );
    case 'tel':
      return false;
  }
}

/**
 * Containment in `user@host[:port]` where `@` in the entry is the real separator: an escaped one in the user part
 * (`2345556789%40good@evil`) is no separator (RFC 4475 §3.1.1.3).
 */
function addressContains(matcher: Matcher & { kind: 'address-contains' }, uri: SipUri): boolean {
  const { text, split, anchored } = matcher;
  const address = hostPortOf(uri);
  if (split !== null) {
    if (!address.startsWith(split.host)) return false;
    return anchored ? uri.user === split.user : (uri.user?.endsWith(split.user) ?? false);
  }
  if (anchored) return uri.user === null ? address.startsWith(text.toLowerCase()) : uri.user.startsWith(text);
  return (uri.user?.includes(text) ?? false) || address.includes(text.toLowerCase());
}

function createMatcher({ text: written, origin, mode }: AllowEntry): Matcher {
  const entry = { text: written, origin };
  const text = written.trim();
  if (text === '') invalid(origin, 'is empty: every address would contain it');
  if (mode === 'contains') return containsMatcher(entry, text);
  const prefix = PREFIX.exec(text)?.[1];
  const rest = prefix === undefined ? text : text.slice(prefix.length + 1).trim();
  if (text.startsWith('!') || !(prefix === undefined || prefix === 'exact' || prefix === 'contains')) {
    throw new GatewayError(
      'CONFIG_NOT_BUILT',
      `${origin}: this version knows \`exact:\` and \`contains:\` entries but not \`${prefix ?? '!'}\` ones.`,
    );
  }
  if (rest === '') invalid(origin, 'is empty after its prefix');
  return prefix === 'contains' ? containsMatcher(entry, rest) : exactMatcher(entry, rest);
}

function containsMatcher(entry: MatchedEntry, text: string): Matcher {
  if (/^tel:/i.test(text)) return telMatcher(entry, text, true);
  if (NUMBER.test(text)) return { kind: 'user-contains', entry, text };
  const anchored = SCHEME.test(text);
  const address = anchored ? text.slice(text.indexOf(':') + 1) : text;
  if (address === '' || /[\s<>"]/.test(address)) invalid(entry.origin, 'cannot be part of an address');
  const at = address.lastIndexOf('@');
  const split = at < 0 ? null : { user: address.slice(0, at), host: address.slice(at + 1).toLowerCase() };
  return { kind: 'address-contains', entry, text: address, split, anchored };
}

function exactMatcher(entry: MatchedEntry, text: string): Matcher {
  if (/^tel:/i.test(text)) return telMatcher(entry, text, false);
  const address = text.replace(SCHEME, '');
  const at = address.lastIndexOf('@');
  if (at < 0) {
    // `sip:good.example` is a host in the grammar and a user in this list: neither reading is safe to guess.
    if (address !== text) invalid(entry.origin, 'has a scheme but no user part: write user@host, or the user alone');
    return { kind: 'exact', entry, user: readUser(entry.origin, address), host: null, port: null };
  }
  const uri = read(entry.origin, () => parseUri(`sip:${address.slice(at + 1)}`));
  if (uri.kind !== 'sip' || uri.params.size > 0 || uri.headers.size > 0) {
    invalid(entry.origin, 'has parameters or headers, which are never compared');
  }
  const user = readUser(entry.origin, address.slice(0, at));
  return { kind: 'exact', entry, user, host: uri.host, port: uri.port };
}

function telMatcher(entry: MatchedEntry, text: string, contains: boolean): Matcher {
  const uri = read(entry.origin, () => parseUri(text));
  return uri.kind === 'tel' ? { kind: 'tel', entry, uri, contains } : invalid(entry.origin, 'is no tel URI');
}

function readUser(origin: string, text: string): string {
  if (text === '' || /[\s:;<>"]/.test(text)) invalid(origin, 'has no user part that could match');
  return read(origin, () => decodeEscapes(text));
}

function read<T>(origin: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new GatewayError('CONFIG_INVALID', `${origin} is no address.`, { cause });
  }
}

function invalid(origin: string, what: string): never {
  throw new GatewayError('CONFIG_INVALID', `${origin} ${what}.`);
}
