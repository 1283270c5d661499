import { parseCidr } from '../base/ip.js';
import type { Entry } from './leaf-values.js';
import { NOT_BUILT_ENTRY_PREFIXES } from './not-built.js';
import type { Problem } from './problem.js';
import type { Item, Setting } from './setting.js';

const MAX_ENTRY_CHARS = 256;
const QUOTE_HINT = 'Write the value alone, without quotes round it and without a display name.';

/** What is wrong with an entry, or the entry. */
type Outcome = Entry | Pick<Problem, 'code' | 'message' | 'hint'>;

/** Makes the entries of a list that opens the gate. With problems the list must not be used. */
export function makeEntries(path: string, setting: Setting): { entries: readonly Entry[]; problems: Problem[] } {
  if (setting.shape !== 'list') {
    const hint = 'Write a list: [one, another], or [] for none.';
    const problem = { code: 'CONFIG_INVALID', path, where: setting.where, message: 'must be a list', hint } as const;
    return { entries: [], problems: [problem] };
  }
  const mode = setting.source === 'file' ? 'exact' : 'contains';
  const make = path === 'trustedIp.addresses' ? addressEntry : (item: Item) => allowEntry(item, mode);
  const entries: Entry[] = [];
  const problems: Problem[] = [];
  for (const item of setting.items) {
    const outcome = make(item);
    if ('code' in outcome) problems.push({ ...outcome, path, where: item.where });
    else entries.push(outcome);
  }
  return { entries, problems };
}

function addressEntry(item: Item): Outcome {
  if (item.text === '') return EMPTY;
  if (item.text !== null && parseCidr(item.text) !== null)
    return { text: item.text, origin: item.origin, mode: 'cidr' };
  return wrong(
    'must be an IP address or a network',
    'Like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32: no leading zeros, no host names, no bits beyond the prefix.',
  );
}

function allowEntry(item: Item, mode: 'contains' | 'exact'): Outcome {
  const { text, key, origin } = item;
  const written = `${text ?? `${key ?? ''}:`}`.toLowerCase();
  const prefix = mode === 'exact' ? NOT_BUILT_ENTRY_PREFIXES.find((known) => written.startsWith(known)) : undefined;
  // An entry that a later version reads as a pattern must not be read as plain text by this one.
  if (prefix !== undefined) {
    return { code: 'CONFIG_NOT_BUILT', message: `has an entry with ${prefix}, which is not served`, hint: null };
  }
  if (text === null)
    return wrong('has an entry that is not text', 'Put quotes round an entry with a colon and a blank.');
  if (text === '') return EMPTY;
  if (text.length > MAX_ENTRY_CHARS) return wrong(`has an entry of more than ${MAX_ENTRY_CHARS} characters`, null);
  if (/[\s"<>\u0000-\u001f\u007f]/.test(text))
    return wrong('has an entry with a blank, a quote or a bracket', QUOTE_HINT);
  return { text, origin, mode };
}

const wrong = (message: string, hint: string | null) => ({ code: 'CONFIG_INVALID', message, hint }) as const;

// Every URI contains the empty text: such an entry would let everyone in.
const EMPTY = wrong(
  'has an empty entry',
  'Remove the comma too many, or the whole list if there is nothing to compare.',
);
