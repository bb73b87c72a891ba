/** One lexical element of a globals file. */
export type Token =
  /** `value` is as it stands: keywords are in capitals, names that need no quotes are not. */
  | { kind: 'word'; value: string; line: number }
  /** A name in double quotes, without them. */
  | { kind: 'name'; value: string; line: number }
  /** A string, without quotes and escapes. */
  | { kind: 'text'; value: string; line: number }
  | { kind: 'number'; value: string; line: number }
  | { kind: 'sign'; value: string; line: number };

/** Says where a globals file stops being one. */
export class NotGlobals extends Error {
  override readonly name = 'NotGlobals';

  constructor(line: number) {
    super(`line ${line} is not what pg_dumpall --globals-only writes`);
  }
}

/** What lies between tokens: blanks, comments to the end of the line, and psql's guard around the statements. */
const between = /[ \t\n]+|--[^\r\n]*|^\\(?:un)?restrict [A-Za-z0-9]+$/my;
const plain = /(?<word>[A-Za-z_][A-Za-z0-9_$]*)|(?<number>-?[0-9]+(?:\.[0-9]+)?)|(?<sign>[;,=()])/y;

/**
 * Splits a globals file. Reads fewer notations than PostgreSQL does, only those that pg_dumpall uses, so that there is
 * nothing that the two could read differently: a backslash stands in `E'…'` alone, and doubled.
 * @param backslashes whether it stands in other strings for itself, too: pg_dump writes so under standard_conforming_strings, and no others where that is off
 * @throws NotGlobals
 */
export function* tokensOf(text: string, backslashes = false): Generator<Token> {
  const lines = lineCounter(text);
  for (let at = skip(text, 0); at < text.length; at = skip(text, at)) {
    const line = lines(at);
    if (text[at] === '"') {
      const end = closing(text, at, line);
      yield { kind: 'name', value: text.slice(at + 1, end).replaceAll('""', '"'), line };
      at = end + 1;
    } else if (text[at] === "'") {
      const end = closing(text, at, line);
      const inside = text.slice(at + 1, end);
      if (!backslashes && inside.includes('\\')) throw new NotGlobals(line);
      yield { kind: 'text', value: inside.replaceAll("''", "'"), line };
      at = end + 1;
    } else if (text.startsWith("E'", at)) {
      const end = closing(text, at + 1, line);
      yield { kind: 'text', value: unescaped(text.slice(at + 2, end), line), line };
      at = end + 1;
    } else {
      plain.lastIndex = at;
      const { word, number, sign } = plain.exec(text)?.groups ?? {};
      if (word !== undefined) yield { kind: 'word', value: word, line };
      else if (number !== undefined) yield { kind: 'number', value: number, line };
      else if (sign !== undefined) yield { kind: 'sign', value: sign, line };
      else throw new NotGlobals(line);
      at = plain.lastIndex;
    }
  }
}

function skip(text: string, at: number): number {
  let end = at;
  for (between.lastIndex = at; between.test(text);) end = between.lastIndex;
  return end;
}

/** Where the quote that opens at `at` closes; a doubled one stands for itself. */
function closing(text: string, at: number, line: number): number {
  const quote = text[at] ?? '';
  for (let end = text.indexOf(quote, at + 1); end !== -1; end = text.indexOf(quote, end + 2)) {
    if (text[end + 1] !== quote) return end;
  }
  throw new NotGlobals(line);
}

function unescaped(inside: string, line: number): string {
  const pairs = inside.replaceAll('\\\\', '');
  if (pairs.includes('\\')) throw new NotGlobals(line);
  return inside.replaceAll('\\\\', '\\').replaceAll("''", "'");
}

function lineCounter(text: string): (at: number) => number {
  let line = 1;
  let seen = 0;
  return (at) => {
    for (let next = text.indexOf('\n', seen); next !== -1 && next < at; next = text.indexOf('\n', seen)) {
      line += 1;
      seen = next + 1;
    }
    return line;
  };
}
