import type { Readable } from 'node:stream';
import { HoldfastError } from '@holdfast/shared/domain';
import { ArchiveBytes, CutOff, readHeader, type ArchiveHeader } from './archive-bytes.ts';
import { nextBytes } from './archive-header.ts';

/** One entry of an archive's table of contents. */
export interface TocEntry {
  id: number;
  /** What it is, in pg_dump's words: `TABLE`, `TABLE DATA`, `FK CONSTRAINT` ... */
  kind: string;
  /** Its name in pg_dump's words: that of the object, `table constraint` for what belongs to a table, `TABLE x` for a comment. */
  tag: string;
  schema: string | null;
  /** The tablespace that it lies in by name; null in the database's own. */
  tablespace: string | null;
  /** Ids of entries, and of objects that have none. */
  needs: readonly number[];
  /** Only of what belongs to the database itself. */
  ofDatabase?: { owner: string | null; statement: string };
}

/** The formats whose entries are known here: of pg_dump 12 and later. */
const knownFormats = { from: 112, to: 116 } as const;
const longestToc = 256 * 1024 * 1024;

/**
 * Reads the table of contents, which stands in front, and puts all that was read back. Nothing of it touches a disk.
 * @throws HoldfastError restore_failed, when the archive is none or its format is not known
 */
export async function readToc(input: Readable): Promise<TocEntry[]> {
  const { entries, unread } = await readBeginning(input, longestToc);
  if (unread !== null) throw refusal(unread);
  return entries;
}

/**
 * The same, of as much of it as lies within a number of bytes, and of an archive of any kind.
 * @param enough whether what was read says all that is asked for
 * @throws what the input failed with
 */
export async function readBeginning(
  input: Readable,
  mostBytes: number,
  enough: (entries: readonly TocEntry[]) => boolean = () => false,
): Promise<{ entries: TocEntry[]; unread: string | null }> {
  const reader = new TocReader();
  const taken: Buffer[] = [];
  const read = (unread: string | null): { entries: TocEntry[]; unread: string | null } => {
    // In the same turn as the last bytes, because nothing can be put back after a stream has ended.
    if (!input.readableEnded) input.unshift(Buffer.concat(taken));
    return { entries: reader.entries, unread };
  };
  for (let size = 0; size <= mostBytes;) {
    const bytes = await nextBytes(input);
    if (bytes === null && input.errored) throw input.errored;
    if (bytes === null) return read('it ends before its table of contents does');
    taken.push(bytes);
    size += bytes.length;
    const state = reader.add(bytes);
    if (state !== 'more') return read(state === 'whole' ? null : state.unknown);
    if (enough(reader.entries)) return read(null);
  }
  return read('its table of contents is too long');
}

const refusal = (why: string): HoldfastError =>
  new HoldfastError(
    'restore_failed',
    `A part of this archive cannot be chosen: ${why}. Restore the whole of it instead.`,
  );

/** Goes on where it stopped for lack of bytes, so that a long table of contents is read once. */
class TocReader {
  #rest: Buffer = Buffer.alloc(0);
  #header: ArchiveHeader | null = null;
  #count: number | null = null;
  readonly entries: TocEntry[] = [];

  /** Takes the next bytes, and says why where they are of no archive that is known here. */
  add(bytes: Buffer): 'more' | 'whole' | { unknown: string } {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    try {
      const header = this.#header ?? this.#begin();
      if ('unknown' in header) return header;
      this.#header = header;
      const { integerBytes } = header;
      if (this.#count === null) {
        const start = new ArchiveBytes(this.#rest, 0, integerBytes);
        const count = start.integer();
        this.#count = count;
        this.#rest = this.#rest.subarray(start.at);
      }
      let at = 0;
      try {
        while (this.entries.length < this.#count) {
          const from = new ArchiveBytes(this.#rest, at, integerBytes);
          this.entries.push(readEntry(from, header));
          at = from.at;
        }
      } finally {
        this.#rest = this.#rest.subarray(at);
      }
      return 'whole';
    } catch (error) {
      if (error instanceof CutOff) return 'more';
      throw error;
    }
  }

  #begin(): ArchiveHeader | { unknown: string } {
    const header = readHeader(this.#rest);
    if (!header) return { unknown: 'it is no archive of pg_dump' };
    const { format } = header;
    if (format < knownFormats.from || format > knownFormats.to) {
      return { unknown: `its format is ${Math.floor(format / 100)}.${format % 100}, which is not known here` };
    }
    this.#rest = this.#rest.subarray(header.end);
    return header;
  }
}

/** The database, and its comment, privileges and settings. */
const isOfDatabase = (kind: string, tag: string, schema: string | null): boolean =>
  kind === 'DATABASE' ||
  kind === 'DATABASE PROPERTIES' ||
  (schema === null && (kind === 'COMMENT' || kind === 'ACL') && tag.startsWith('DATABASE '));

function readEntry(from: ArchiveBytes, { format, offsetBytes }: ArchiveHeader): TocEntry {
  const id = from.integer();
  from.integer(); // whether it has data
  from.text(); // the catalogue's oid
  from.text(); // its own oid
  const tag = from.text() ?? '';
  const kind = from.text() ?? '';
  from.integer(); // the section
  const statement = from.text() ?? '';
  from.text(); // the statement that drops it
  from.text(); // the COPY statement
  const schema = from.text() || null;
  const tablespace = from.text() || null;
  if (format >= 114) from.text(); // the access method
  if (format >= 116) from.integer(); // the kind of relation
  const owner = from.text() || null;
  from.text(); // WITH OIDS
  const needs: number[] = [];
  for (let need = from.text(); need !== null; need = from.text()) needs.push(Number(need));
  from.skip(1 + offsetBytes); // where the data are
  const entry = { id, kind, tag, schema, tablespace, needs };
  return isOfDatabase(kind, tag, schema) ? { ...entry, ofDatabase: { owner, statement } } : entry;
}
