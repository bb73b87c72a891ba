import { ArchiveFault, BlockReader, type BlockConsumer } from './blocks.ts';
import { Crc64 } from './crc64.ts';
import {
  parseAnnounced,
  parseArchiveHeader,
  parseBlockHeader,
  type Announced,
  type ArchiveHeader,
  type Prelude,
} from './prelude.ts';

/** Gets each document of one collection. The bytes are only to be read, and only until it returns. */
type DocumentSink = (document: Buffer) => void;

/** Called when a collection's documents begin; null: nobody wants them. */
export type SinkOf = (database: string, collection: string) => DocumentSink | null;

interface Arriving {
  crc: Crc64;
  sink: DocumentSink | null;
  ended: boolean;
}

const bucketPrefix = 'system.buckets.';
const keyOf = (database: string, collection: string): string => `${database}.${collection}`;

/**
 * Reads mongodump's archive format to its end: every length, the checksum of every collection, that each announced one ended,
 * and that nothing else is there.
 */
export class ArchiveReader implements BlockConsumer {
  readonly #blocks = new BlockReader(this);
  readonly #sinkOf: SinkOf;
  readonly #announced: Announced[] = [];
  readonly #arriving = new Map<string, Arriving>();
  #header: ArchiveHeader | null = null;
  #preludeEnded = false;
  /** Null between blocks. */
  #block: { of: Arriving; isEnd: boolean } | null = null;

  constructor(sinkOf: SinkOf = () => null) {
    this.#sinkOf = sinkOf;
  }

  /** Null until it was read to its end. */
  get prelude(): Prelude | null {
    return this.#preludeEnded && this.#header ? { header: this.#header, announced: this.#announced } : null;
  }

  /** @throws ArchiveFault */
  add(chunk: Buffer): void {
    this.#blocks.add(chunk);
  }

  /** @throws ArchiveFault when something is missing */
  end(): Prelude {
    this.#blocks.end();
    const { prelude } = this;
    if (!prelude || this.#block) throw new ArchiveFault('it ends too early');
    for (const { database, collection, type } of this.#announced) {
      if (type === 'view') continue;
      const ended = [collection, ...(type === 'timeseries' ? [bucketPrefix + collection] : [])].some(
        (name) => this.#arriving.get(keyOf(database, name))?.ended === true,
      );
      if (!ended) throw new ArchiveFault(`it ends before the end of ${keyOf(database, collection)}`);
    }
    return prelude;
  }

  document(bytes: Buffer): void {
    if (!this.#preludeEnded) this.#preludeDocument(bytes);
    else if (this.#block === null) this.#open(bytes);
    else if (this.#block.isEnd) throw new ArchiveFault('a document follows the end of its collection');
    else {
      this.#block.of.crc.add(bytes);
      this.#block.of.sink?.(bytes);
    }
  }

  terminator(): void {
    if (!this.#preludeEnded) {
      if (!this.#header) throw new ArchiveFault('its header is missing');
      this.#preludeEnded = true;
    } else if (this.#block === null) throw new ArchiveFault('a block has no header');
    else this.#block = null;
  }

  #preludeDocument(bytes: Buffer): void {
    if (this.#header) this.#announced.push(parseAnnounced(bytes));
    else this.#header = parseArchiveHeader(bytes);
  }

  #open(bytes: Buffer): void {
    const { database, collection, isEnd, crc } = parseBlockHeader(bytes);
    const of = this.#arrivingOf(database, collection);
    if (of.ended) throw new ArchiveFault(`${keyOf(database, collection)} goes on after its end`);
    if (isEnd) {
      if (of.crc.value !== crc) throw new ArchiveFault(`the checksum of ${keyOf(database, collection)} does not match`);
      of.ended = true;
    }
    this.#block = { of, isEnd };
  }

  #arrivingOf(database: string, collection: string): Arriving {
    const key = keyOf(database, collection);
    const known = this.#arriving.get(key);
    if (known) return known;
    const isAnnounced = this.#announced.some(
      (one) =>
        one.database === database &&
        (one.collection === collection || (one.type === 'timeseries' && bucketPrefix + one.collection === collection)),
    );
    if (!isAnnounced) throw new ArchiveFault(`${key} was not announced`);
    const arriving = { crc: new Crc64(), sink: this.#sinkOf(database, collection), ended: false };
    this.#arriving.set(key, arriving);
    return arriving;
  }
}
