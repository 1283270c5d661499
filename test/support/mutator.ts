/** A small generator of numbers from a seed (mulberry32): the same mutations on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }
}

/** A message taken apart; one character is one byte (latin1). */
interface Draft {
  start: string;
  readonly headers: string[];
  body: string;
}

/** What means something to a parser of SIP, and what means something only to others. */
const SEPARATORS = [...':;,@<>"\\=?[]()/ \t%&+'];
const HOSTILE = [
  ...['\0', '\x01', '\x1b', '\x7f', '\x85', '\r', '\n', '\r\n', '\r\n\r\n', '\r\n ', '\n\r', '\x0b', '\x0c'],
  ...['\xff', '\xfe\xff', '\xc0\xaf', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xe2\x80\xae', '\xef\xbb\xbf', '\xc3'],
  ...['%00', '%0d%0a', '%', '%zz', '%2', '"', '\\', '<', '>', '__proto__', '${x}', 'constructor'],
];
const NUMBERS = [
  ...['0', '00', '1', '-1', '+5', '0x10', '1e3', '255', '256', '65535', '65536', '2147483647', '2147483648'],
  ...['4294967295', '4294967296', '9007199254740993', '99999999999999999999', '1'.repeat(400), ''],
];
const METHODS = ['ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER', 'UPDATE', 'PRACK', 'REFER', 'invite', 'INVITE%20', 'X'];
const STARTS = [
  ...['INVITE  sip:1@127.0.0.1  SIP/2.0', 'INVITE sip:1@127.0.0.1 SIP/3.0', 'INVITE sip:1@127.0.0.1 sip/2.0'],
  ...['INVITE tel:+12345556789 SIP/2.0', 'INVITE http://127.0.0.1/ SIP/2.0', 'INVITE sip:1@[::1] SIP/2.0'],
  ...['INVITE <sip:1@127.0.0.1> SIP/2.0', 'INVITE sip:1@127.0.0.1?Subject=x SIP/2.0', ' INVITE sip:1@h SIP/2.0'],
  ...['SIP/2.0 200 OK', 'SIP/2.0 4294967301 better', 'GET / HTTP/1.1', 'INVITE sip:127.0.0.1', ''],
];
const NAMES = [
  ...['From', 'To', 'Via', 'Call-ID', 'CSeq', 'Contact', 'Content-Length', 'Content-Type', 'Max-Forwards', 'Require'],
  ...[
    'Record-Route',
    'Route',
    'Content-Encoding',
    'Proxy-Require',
    'Authorization',
    'Timestamp',
    '__proto__',
    'Subject',
  ],
];
const COMPACT = new Map<string, string>([
  ...([
    ['Via', 'v'],
    ['From', 'f'],
    ['To', 't'],
    ['Call-ID', 'i'],
    ['Contact', 'm'],
  ] as const),
  ...([
    ['Content-Length', 'l'],
    ['Content-Type', 'c'],
    ['Supported', 'k'],
  ] as const),
]);

/** `text` with `added` in place of `removed` characters at `at`. */
function spliced(text: string, at: number, removed: number, added: string): string {
  return text.slice(0, at) + added + text.slice(at + removed);
}

function inHeader(draft: Draft, random: Random, change: (line: string) => string): void {
  const at = random.below(draft.headers.length);
  draft.headers[at] = change(draft.headers[at] ?? '');
}

/** In the start line, a header or a line of the body. */
function inLine(draft: Draft, random: Random, change: (line: string) => string): void {
  const place = random.below(8);
  if (place === 0) draft.start = change(draft.start);
  else if (place < 6) inHeader(draft, random, change);
  else {
    const lines = draft.body.split('\r\n');
    const at = random.below(lines.length);
    lines[at] = change(lines[at] ?? '');
    draft.body = lines.join('\r\n');
  }
}

/** One of the places in `line` where `pattern` matches gets `added` instead. */
function replacedOne(line: string, pattern: RegExp, random: Random, added: string): string {
  const places = [...line.matchAll(pattern)];
  if (places.length === 0) return line;
  const { index, 0: found } = random.pick(places);
  return spliced(line, index, found.length, added);
}

function respelled(line: string, random: Random): string {
  const name = line.slice(0, Math.max(0, line.indexOf(':')));
  const escaped = name.replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`);
  const spellings = [name.toLowerCase(), name.toUpperCase(), `${name} \t`, COMPACT.get(name) ?? name, escaped];
  return random.pick(spellings) + line.slice(name.length);
}

type HeadOperator = (draft: Draft, random: Random) => void;

const HEAD_OPERATORS: Readonly<Record<string, HeadOperator>> = {
  'header duplicated': (draft, random) => {
    draft.headers.splice(random.below(draft.headers.length), 0, random.pick(draft.headers));
  },
  'header dropped': (draft, random) => {
    if (draft.headers.length > 1) draft.headers.splice(random.below(draft.headers.length), 1);
  },
  'headers reordered': (draft, random) => {
    const [moved = ''] = draft.headers.splice(random.below(draft.headers.length), 1);
    draft.headers.splice(random.below(draft.headers.length + 1), 0, moved);
  },
  'header truncated': (draft, random) =>
    inHeader(draft, random, (line) => line.slice(0, random.below(line.length + 1))),
  'header folded': (draft, random) =>
    inHeader(draft, random, (line) => {
      const fold = random.pick(['\r\n ', '\r\n\t', ' \r\n  ', '\r\n \r\n ']);
      return random.oneIn(2)
        ? replacedOne(line, / /g, random, fold)
        : spliced(line, random.below(line.length + 1), 0, fold);
    }),
  'header added': (draft, random) => {
    const value = random.pick([...NUMBERS, ...HOSTILE, 'timer', 'gzip', '<sip:127.0.0.2;lr>', 'a, b, c']);
    draft.headers.splice(random.below(draft.headers.length + 1), 0, `${random.pick(NAMES)}: ${value}`);
  },
  'name respelled': (draft, random) => inHeader(draft, random, (line) => respelled(line, random)),
  'separator swapped': (draft, random) =>
    inLine(draft, random, (line) => replacedOne(line, /[:;,@<>"=/ ]/g, random, random.pick(SEPARATORS))),
  'number changed': (draft, random) =>
    inLine(draft, random, (line) => replacedOne(line, /[0-9]+/g, random, random.pick(NUMBERS))),
  'field lengthened': (draft, random) => {
    const long = random.pick([...SEPARATORS, ...HOSTILE, 'a', '1']).repeat(1 + random.below(2_000));
    inLine(draft, random, (line) => spliced(line, random.below(line.length + 1), 0, long));
  },
  'headers multiplied': (draft, random) => {
    const line = random.pick(draft.headers);
    draft.headers.push(...Array.from({ length: 20 + random.below(150) }, () => line));
  },
  'method changed': (draft, random) => {
    const method = random.pick(METHODS);
    draft.start = draft.start.replace(/^\S+/, method);
    if (random.oneIn(2)) return;
    const at = draft.headers.findIndex((line) => line.startsWith('CSeq'));
    if (at >= 0) draft.headers[at] = `CSeq: 1 ${method}`;
  },
  'start line changed': (draft, random) => {
    draft.start = random.pick(STARTS);
  },
  'length lied about': (draft, random) => {
    const at = draft.headers.findIndex((line) => line.startsWith('Content-Length'));
    const near = String(Math.max(0, draft.body.length + random.below(9) - 4));
    if (at >= 0) draft.headers[at] = `Content-Length: ${random.oneIn(2) ? near : random.pick(NUMBERS)}`;
  },
  'body reordered': (draft, random) => {
    const lines = draft.body.split('\r\n');
    const [moved = ''] = lines.splice(random.below(lines.length), 1 - random.below(2));
    lines.splice(random.below(lines.length + 1), 0, ...Array.from({ length: random.below(3) }, () => moved));
    draft.body = lines.join('\r\n');
  },
};

type ByteOperator = (bytes: Buffer, random: Random) => Buffer;

const BYTE_OPERATORS: Readonly<Record<string, ByteOperator>> = {
  'bits flipped': (bytes, random) => {
    const flipped = Buffer.from(bytes);
    for (let count = 1 + random.below(3); count > 0 && flipped.length > 0; count--) {
      const at = random.below(flipped.length);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
    }
    return flipped;
  },
  'bytes inserted': (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const added = random.oneIn(3) ? String.fromCharCode(random.below(256)) : random.pick(HOSTILE);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(added, 'latin1'), bytes.subarray(at)]);
  },
  'bytes deleted': (bytes, random) => {
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(20))]);
  },
  'bytes copied': (bytes, random) => {
    const [at, from] = [random.below(bytes.length + 1), random.below(bytes.length + 1)];
    const copied = bytes.subarray(from, from + random.below(60));
    return Buffer.concat([bytes.subarray(0, at), copied, bytes.subarray(at)]);
  },
  'cut off': (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  'glued twice': (bytes) => Buffer.concat([bytes, bytes]),
  'garbage before': (bytes, random) => {
    const garbage = [
      '\r\n',
      '\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      'PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n',
      '\x16\x03\x01',
    ];
    return Buffer.concat([Buffer.from(random.pick(garbage), 'latin1'), bytes]);
  },
};

/** The name of every kind of change. */
export const OPERATORS: readonly string[] = [...Object.keys(HEAD_OPERATORS), ...Object.keys(BYTE_OPERATORS)];

/** `message`, a whole SIP message, with the named changes made: those of its structure first, then those of its bytes. */
export function applied(message: Buffer, operators: readonly string[], random: Random): Buffer {
  const text = message.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  const [start = '', ...headers] = text.slice(0, headEnd).split('\r\n');
  const draft = { start, headers, body: text.slice(headEnd + 4) };
  for (const name of operators) HEAD_OPERATORS[name]?.(draft, random);
  // A changed body is told the truth about half the time: or hardly one would get past the framing.
  if (random.oneIn(2)) relength(draft, text.length - headEnd - 4);
  let bytes: Buffer = Buffer.from([draft.start, ...draft.headers, '', draft.body].join('\r\n'), 'latin1');
  for (const name of operators) bytes = BYTE_OPERATORS[name]?.(bytes, random) ?? bytes;
  return bytes;
}

function relength(draft: Draft, lengthBefore: number): void {
  const at = draft.headers.indexOf(`Content-Length: ${lengthBefore}`);
  if (at >= 0) draft.headers[at] = `Content-Length: ${draft.body.length}`;
}

/** `message` with one to three random changes; with one in half of the cases, or few would get past the parser. */
export function mutated(message: Buffer, random: Random): Buffer {
  const count = random.oneIn(2) ? 1 : 1 + random.below(3);
  const operators = Array.from({ length: count }, () => random.pick(OPERATORS));
  return applied(message, operators, random);
}

/** `bytes` as the pieces in which a stream might bring them; half the time in one. */
export function pieces(bytes: Buffer, random: Random): Buffer[] {
  const cuts = random.oneIn(2) ? [] : Array.from({ length: 1 + random.below(5) }, () => random.below(bytes.length + 1));
  const ends = [...cuts.sort((a, b) => a - b), bytes.length];
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter((piece) => piece.length > 0);
}
