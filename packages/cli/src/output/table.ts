import { stateText, type Style } from './style.ts';
import { cut, plain, widthOf } from './text.ts';

export interface Column<Row> {
  title: string;
  text: (row: Row) => string | number | null | undefined;
  /** Figures stand below one another. */
  right?: boolean;
  /** Gives way first where the terminal is narrow. */
  flexible?: boolean;
  /** Colours what is shown. */
  tone?: (text: string, row: Row) => string;
}

const gap = '  ';
const leastFlexible = 8;

/**
 * Rows below titles.
 * @param width of the terminal; null where the output goes elsewhere, and nothing is cut
 */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { width, style }: { width: number | null; style: Style },
): string {
  const cells = rows.map((row) => columns.map(({ text }) => plain(String(text(row) ?? '–'))));
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...cells.map((line) => widthOf(line[index] ?? ''))),
  );
  if (width !== null) shrink(widths, columns, width);
  const line = (texts: readonly string[], shown: (text: string, index: number) => string): string =>
    texts
      .map((text, index) => {
        const room = widths[index] ?? 0;
        const short = cut(text, room);
        const padding = ' '.repeat(Math.max(0, room - widthOf(short)));
        const coloured = shown(short, index);
        if (columns[index]?.right) return padding + coloured;
        return index === texts.length - 1 ? coloured : coloured + padding;
      })
      .join(gap)
      .trimEnd();
  const titles = line(
    columns.map(({ title }) => title),
    (text) => style('strong', text),
  );
  const body = cells.map((texts, at) => {
    const row = rows[at];
    return line(texts, (text, index) => (row === undefined ? text : (columns[index]?.tone?.(text, row) ?? text)));
  });
  return [titles, ...body].join('\n');
}

/** Takes columns from those that are flexible, the widest first, until all fit or none can give more. */
function shrink(widths: number[], columns: readonly Column<never>[], width: number): void {
  const total = (): number => widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1));
  while (total() > width) {
    const flexible = widths
      .map((room, index) => ({ room, index }))
      .filter(({ room, index }) => columns[index]?.flexible && room > leastFlexible)
      .toSorted((one, other) => other.room - one.room);
    const widest = flexible[0];
    if (!widest) return;
    widths[widest.index] = widest.room - 1;
  }
}

/** One thing that is known, by its name; what is undefined is not shown. */
export type Fact = readonly [name: string, value: string | number | null | undefined | { state: string }];

/** What is known of one thing, a line for each name. */
export function facts(pairs: readonly Fact[], style: Style): string {
  const shown = pairs.filter(([, value]) => value !== undefined);
  const room = Math.max(...shown.map(([name]) => widthOf(name)));
  return shown
    .map(([name, value]) => {
      const text =
        typeof value === 'object' && value
          ? stateText(style, value.state)
          : plain(String(value ?? '–'), { lines: true });
      return `${style('quiet', name.padEnd(room))}  ${indent(text, room + gap.length)}`;
    })
    .join('\n');
}

const indent = (text: string, columns: number): string => text.replaceAll('\n', `\n${' '.repeat(columns)}`);
