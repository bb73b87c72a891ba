import { stripVTControlCharacters } from 'node:util';

const wide =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\uFF01-\uFF60]/u;
const graphemes = new Intl.Segmenter();

/** The columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** Cuts a text to so many columns; what was cut is an ellipsis. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let [kept, width] = ['', 0];
  for (const { segment } of graphemes.segment(text)) {
    const more = wide.test(segment) ? 2 : 1;
    if (width + more > columns - 1) break;
    kept += segment;
    width += more;
  }
  return `${kept}…`;
}

/**
 * A text from elsewhere without what a terminal would obey.
 * @param lines whether line ends stay
 */
export function plain(text: string, { lines = false }: { lines?: boolean } = {}): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, (found) =>
    lines && found === '\n' ? found : '\uFFFD',
  );
}

/** A name as a shell takes it. */
export const quoted = (name: string): string =>
  /^[\w.:@/-]+$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
