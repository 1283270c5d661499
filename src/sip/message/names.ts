/** Header field names whose usual spelling is not each word capitalised. */
const UNUSUAL_SPELLINGS: readonly string[] = [
  'Call-ID',
  'Content-ID',
  'CSeq',
  'MIME-Version',
  'Min-SE',
  'RAck',
  'RSeq',
  'SIP-ETag',
  'SIP-If-Match',
  'WWW-Authenticate',
];

/** RFC 3261 §7.3.3 and the registry of the extensions. */
const COMPACT_FORMS: readonly (readonly [string, string])[] = [
  ['a', 'accept-contact'],
  ['b', 'referred-by'],
  ['c', 'content-type'],
  ['d', 'request-disposition'],
  ['e', 'content-encoding'],
  ['f', 'from'],
  ['i', 'call-id'],
  ['j', 'reject-contact'],
  ['k', 'supported'],
  ['l', 'content-length'],
  ['m', 'contact'],
  ['n', 'identity-info'],
  ['o', 'event'],
  ['r', 'refer-to'],
  ['s', 'subject'],
  ['t', 'to'],
  ['u', 'allow-events'],
  ['v', 'via'],
  ['x', 'session-expires'],
  ['y', 'identity'],
];

const COMMON_NAMES =
  'Accept Accept-Language Alert-Info Allow Allow-Events Authorization Call-ID Call-Info Contact Content-Disposition ' +
  'Content-Encoding Content-Length Content-Type CSeq Date Diversion Event Expires From History-Info Identity ' +
  'Max-Forwards Min-SE P-Asserted-Identity Privacy Proxy-Authorization Proxy-Require Reason Record-Route Refer-To ' +
  'Referred-By Replaces Reply-To Require Retry-After Route Server Session-Expires Session-ID Subject Supported ' +
  'Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate';

const SPELLING_OF = new Map(UNUSUAL_SPELLINGS.map((name) => [name.toLowerCase(), name]));

/** Answers for the spellings seen in practice. Never grows: peers choose names. */
const CANONICAL_OF = makeCanonicalMap();

/** The name that policy and stack know a header field by: lower-case, compact forms expanded. Nothing is unescaped. */
export function canonicalName(rawName: string): string {
  const known = CANONICAL_OF.get(rawName);
  if (known !== undefined) return known;
  const lower = rawName.toLowerCase();
  // The entry of the map is one shared string: later comparisons are comparisons of pointers.
  return CANONICAL_OF.get(lower) ?? lower;
}

/** How a canonical name is usually written: `call-id` → `Call-ID`. */
export function displayName(canonical: string): string {
  const unusual = SPELLING_OF.get(canonical);
  if (unusual !== undefined) return unusual;
  return canonical
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('-');
}

function makeCanonicalMap(): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const name of [...COMMON_NAMES.split(' '), ...UNUSUAL_SPELLINGS]) {
    const canonical = name.toLowerCase();
    map.set(canonical, canonical);
    map.set(name, canonical);
  }
  for (const [letter, name] of COMPACT_FORMS) {
    const canonical = map.get(name) ?? name;
    map.set(letter, canonical);
    map.set(letter.toUpperCase(), canonical);
    map.set(canonical, canonical);
  }
  return map;
}
