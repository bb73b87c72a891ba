/**
 * What a line of a dump belongs to: `data` are tables with their rows, `triggers` what fires on them, `code` the views, routines
 * and events, and `both` what every session begins with.
 */
export type Section = 'both' | 'data' | 'triggers' | 'code';

const starts: readonly (readonly [string, Section])[] = [
  ['-- Table structure for ', 'data'],
  ['-- Sequence structure for ', 'data'],
  ['-- Dumping data for ', 'data'],
  ['-- Temporary ', 'code'],
  ['-- Final ', 'code'],
  // Events, routines, and whatever else a later version may have.
  ['-- Dumping ', 'code'],
  ['/*!50003 SET @saved_cs_client ', 'triggers'],
  ['/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE ', 'data'],
];

const headEnd = '/*!40111 SET @OLD_SQL_NOTES';
const delimiter = 'DELIMITER ';
/** Bytes of a line that tell what it is. */
export const tellingBytes = 64;

/** The first bytes of the lines that tell something. */
const telling = new Set([...starts.map(([text]) => text), delimiter].map((text) => text.charCodeAt(0)));

/** Follows a dump line by line and says what each belongs to. */
export class Sections {
  #section: Section = 'both';
  #inHead = true;
  /** Within statements that may hold anything, lines that look like another section among them. */
  #inBody = false;

  /** The section of a line that begins with this byte, where that is enough to tell: that of most lines is. */
  unchanged(first: number): Section | null {
    return this.#inHead || telling.has(first) ? null : this.#section;
  }

  /** @param start the first `tellingBytes` of a line, or all of it, with its end */
  next(start: string): Section {
    if (this.#inHead) {
      this.#inHead = !start.startsWith(headEnd);
      if (!this.#inHead) this.#section = 'data';
      return 'both';
    }
    if (start.startsWith(delimiter)) {
      this.#inBody = start.trim() !== 'DELIMITER ;';
      return this.#section;
    }
    if (this.#inBody) return this.#section;
    const found = starts.find(([text]) => start.startsWith(text))?.[1];
    // In the sections of code the same line begins each object.
    if (found !== undefined && !(found === 'triggers' && this.#section === 'code')) this.#section = found;
    return this.#section;
  }
}
