/** Words as the recogniser's dictionary has them. */
const WORD = /[a-z][a-z'-]*/g;

/** The words of a JSGF grammar, sorted: what stands outside of comments, rule names, tags and the header. */
export function grammarWords(grammar: string): string[] {
  const body = grammar
    .replace(/\/\*[^]*?\*\//g, ' ')
    .replace(/\/\/[^\n]*/g, ' ')
    .replace(/#JSGF[^;]*;|\bgrammar[^;]*;|\bpublic\b/g, ' ')
    .replace(/<[^<>]*>|\{[^{}]*\}/g, ' ');
  return [...new Set(body.match(WORD) ?? [])].sort();
}

/** The lines of a pronouncing dictionary that speak these words; `word(2)` is another way to say `word`. */
export function dictionaryFor(words: readonly string[], dictionary: string): string {
  const wanted = new Set(words);
  const lines = dictionary.split('\n').filter((line) => wanted.has(line.slice(0, wordEnd(line))));
  return `${lines.join('\n')}\n`;
}

function wordEnd(line: string): number {
  const end = line.search(/[( ]/);
  return end < 0 ? line.length : end;
}
