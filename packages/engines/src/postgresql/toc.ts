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
  /** Ids of entries, and of objects that have none. */
  needs: readonly number[];
}

/** The formats whose entries are known here: of pg_dump 12 and later. */
const knownFormats = { from: 112, to: 116 } as const;
const longestToc = 256 * 1024 * 1024;

/**
 * Reads the table of contents, which stands in front, and puts all that was read back. Nothing of it touches a disk.
 * @throws HoldfastError restore_failed, when the archive is none or its format is not known
 */
export async function readToc(input: Readable): Promise<TocEntry[]> {
  const reader = new TocReader();
  const taken: Buffer[] = [];
  for (let size = 0; size <= longestToc;) {
    const bytes = await nextBytes(input);
    if (bytes === null && input.errored) throw input.errored;
    if (bytes === null) throw refusal('it ends before its table of contents does');
    taken.push(bytes);
    size += bytes.length;
    // In the same turn, because nothing can be put back after a stream has ended.
    const entries = reader.add(bytes);
    if (!entries) continue;
    input.unshift(Buffer.concat(taken));
    return entries;
  }
  throw refusal('its table of contents is too long');
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
  readonly #entries: TocEntry[] = [];

  /** @returns null as long as there is more to come */
  add(bytes: Buffer): TocEntry[] | null {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    try {
      this.#header ??= this.#begin();
      const { integerBytes } = this.#header;
      if (this.#count === null) {
        const start = new ArchiveBytes(this.#rest, 0, integerBytes);
        const count = start.integer();
        this.#count = count;
        this.#rest = this.#rest.subarray(start.at);
      }
      let at = 0;
      try {
        while (this.#entries.length < this.#count) {
          const from = new ArchiveBytes(this.#rest, at, integerBytes);
          this.#entries.push(readEntry(from, this.#header));
          at = from.at;
        }
      } finally {
        this.#rest = this.#rest.subarray(at);
      }
      return this.#entries;
    } catch (error) {
      if (error instanceof CutOff) return null;
      throw error;
    }
  }

  #begin(): ArchiveHeader {
    const header = readHeader(this.#rest);
    if (!header) throw refusal('it is no archive of pg_dump');
    const { format } = header;
    if (format < knownFormats.from || format > knownFormats.to) {
      throw refusal(`its format is ${Math.floor(format / 100)}.${format % 100}, which is not known here`);
    }
    this.#rest = this.#rest.subarray(header.end);
    return header;
  }
}

function readEntry(from: ArchiveBytes, { format, offsetBytes }: ArchiveHeader): TocEntry {
  const id = from.integer();
  from.integer(); // whether it has data
  from.text(); // the catalogue's oid
  from.text(); // its own oid
  const tag = from.text() ?? '';
  const kind = from.text() ?? '';
  from.integer(); // the section
  from.text(); // the statement that makes it
  from.text(); // the statement that drops it
  from.text(); // the COPY statement
  const schema = from.text() || null;
  from.text(); // the tablespace
  if (format >= 114) from.text(); // the access method
  if (format >= 116) from.integer(); // the kind of relation
  from.text(); // the owner
  from.text(); // WITH OIDS
  const needs: number[] = [];
  for (let need = from.text(); need !== null; need = from.text()) needs.push(Number(need));
  from.skip(1 + offsetBytes); // where the data are
  return { id, kind, tag, schema, needs };
}
