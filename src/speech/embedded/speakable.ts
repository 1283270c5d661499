/** A longer piece is cut at a comma or blank, so that no piece keeps the voice busy for long. */
const MAX_PIECE_CHARS = 240;

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&apos;', "'"],
]);
const PUNCTUATION: ReadonlyMap<string, string> = new Map([
  ['‘', "'"],
  ['’', "'"],
  ['“', '"'],
  ['”', '"'],
  ['–', ', '],
  ['—', ', '],
  ['…', '. '],
  ['€', ' euros '],
  ['£', ' pounds '],
  ['°', ' degrees '],
]);

/**
 * What an English voice can say of `text`: SSML tags dropped and entities resolved, letters reduced to ASCII, anything
 * else a blank. Returns sentences, so that the first can be heard while the next is made; empty when nothing is left.
 */
export function speakablePieces(text: string): string[] {
  return sentences(toAscii(withoutTags(text))).flatMap((sentence) => pieces(sentence));
}

function withoutTags(text: string): string {
  if (!text.includes('<') && !text.includes('&')) return text;
  return text.replace(/<[^<>]*>/g, ' ').replace(/&(?:amp|lt|gt|quot|apos);/g, (entity) => ENTITIES.get(entity) ?? ' ');
}

function toAscii(text: string): string {
  return text
    .replace(/[‘’“”–—…€£°]/g, (mark) => PUNCTUATION.get(mark) ?? ' ')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]/g, ' ');
}

/** Cuts after `.`, `?`, `!` or `;` in front of a blank: a point inside a number or name stays. */
function sentences(text: string): string[] {
  return text
    .split(/(?<=[.?!;])\s/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[a-z0-9]/i.test(sentence));
}

function pieces(sentence: string): string[] {
  const result: string[] = [];
  let rest = sentence;
  while (rest.length > MAX_PIECE_CHARS) {
    const head = rest.slice(0, MAX_PIECE_CHARS);
    const cut = Math.max(head.lastIndexOf(','), head.lastIndexOf(' '));
    const end = cut > 0 ? cut + 1 : MAX_PIECE_CHARS;
    result.push(rest.slice(0, end).trim());
    rest = rest.slice(end).trim();
  }
  return [...result, rest].filter((piece) => piece !== '');
}
