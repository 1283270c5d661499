import type { Uri } from '../sip/message/types.js';
import { hostPortOf, type Matcher } from './matchers.js';
import { type MaskMode, maskIdentity } from './record.js';

const SHOWN_CHARS = 64;
const SAME_NUMBER_DIGITS = 7;
/** Refusing must stay cheap: in a longer list only the first entries are compared. */
const MAX_COMPARED = 1_000;

/** A URI in words for a reason or a trace: `user ***6789 at good.example`. */
export function uriInWords(uri: Uri, mask: MaskMode): string {
  if (uri.kind === 'other') return `${shorten(uri.scheme)}: URI`;
  if (uri.kind === 'tel') return `number ${maskIdentity(uri.number, mask)}`;
  const host = shorten(hostPortOf(uri));
  return uri.user === null
    ? `address ${host} without user`
    : `user ${shorten(maskIdentity(uri.user, mask))} at ${host}`;
}

/** The lists that entries stand in: `WHITELIST_FROM_URI`, `portcullis.yaml`; positions left out. */
export function listNames(matchers: readonly Matcher[]): string {
  const names = new Set(matchers.map(({ entry }) => entry.origin.replace(/(?:\[\d{1,6}\]|:\d{1,6})$/, '')));
  return [...names].join(' and ');
}

/**
 * Why a URI that matches no entry nearly matched one: the first near miss of the most telling kind, or null. Names the
 * place of the entry and never its text, which may be somebody's number.
 */
export function closestMiss(matchers: readonly Matcher[], uri: Uri): string | null {
  if (uri.kind !== 'sip' || uri.user === null) return null;
  const caller = { user: uri.user, digits: digitsOf(uri.user) };
  const candidates = matchers.slice(0, MAX_COMPARED).map((matcher) => {
    const user = userOf(matcher);
    return { matcher, user, digits: digitsOf(user) };
  });
  for (const { near, words } of COMPARISONS) {
    const found = candidates.find((candidate) => near(candidate, caller));
    if (found !== undefined) return words.replace('%', found.matcher.entry.origin);
  }
  return null;
}

/** What an entry asks for. `digits` is empty for what is no number. */
interface Candidate {
  readonly matcher: Matcher;
  readonly user: string | null;
  readonly digits: string;
}

interface Caller {
  readonly user: string;
  readonly digits: string;
}

/** From the most telling to the least; `%` stands for the place of the entry. */
const COMPARISONS: readonly {
  readonly near: (candidate: Candidate, caller: Caller) => boolean;
  readonly words: string;
}[] = [
  {
    near: ({ matcher, digits }, caller) => matcher.kind === 'tel' && sameDigits(digits, caller.digits),
    words: 'it has the number of %, which is for tel: URIs only',
  },
  {
    near: ({ user }, caller) => user === caller.user,
    words: 'the user is that of %, but the host or port is not',
  },
  {
    near: ({ user }, caller) => user?.toLowerCase() === caller.user.toLowerCase(),
    words: 'it differs from % in upper and lower case',
  },
  {
    near: ({ digits }, caller) => sameDigits(digits, caller.digits),
    words: 'its digits are those of %, but a + or separators differ',
  },
  {
    near: ({ digits }, caller) => sharedEnd(digits, caller.digits),
    words: 'it is the number of % with another country code or dial prefix',
  },
];

/** The user that an entry asks for, or null. */
function userOf(matcher: Matcher): string | null {
  if (matcher.kind === 'exact') return matcher.user;
  if (matcher.kind === 'user-contains') return matcher.text;
  if (matcher.kind === 'tel') return matcher.uri.number;
  return matcher.split?.user ?? null;
}

function digitsOf(text: string | null): string {
  return text === null || /[^+0-9*#\-.() ]/.test(text) ? '' : text.replace(/[^0-9*#]/g, '');
}

function sameDigits(left: string, right: string): boolean {
  return left !== '' && left === right;
}

function sharedEnd(left: string, right: string): boolean {
  const [short, long] = left.length < right.length ? [left, right] : [right, left];
  const significant = short.replace(/^0+/, ''); // a trunk prefix
  return significant.length >= SAME_NUMBER_DIGITS && long.endsWith(significant);
}

function shorten(text: string): string {
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
