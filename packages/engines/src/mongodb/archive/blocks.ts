/** An archive that is not what it should be; says where and how, for people. */
export class ArchiveFault extends Error {
  override readonly name = 'ArchiveFault';
}

/** What the bytes of an archive are made of, in their order. */
export interface BlockConsumer {
  /** A whole BSON document. Its bytes are only to be read, and only until this returns. */
  document(bytes: Buffer): void;
  /** The end of a block. */
  terminator(): void;
}

const magic = 0x8199e26d;
const terminator = 0xffffffff;
const lengthBytes = 4;
const leastDocument = 5;
/** A document of MongoDB has at most 16 MiB, and the server's own may have 16 KiB more. */
const mostDocument = 16 * 1024 * 1024 + 16 * 1024;

/** Cuts an archive, whose bytes come in pieces of any size, into documents and terminators. Holds one document at most. */
export class BlockReader {
  readonly #consumer: BlockConsumer;
  /** Pieces of what is not whole yet. */
  #pieces: Buffer[] = [];
  #held = 0;
  /** Bytes that are needed before anything can be done. */
  #wanted = lengthBytes;
  #begun = false;
  #offset = 0;

  constructor(consumer: BlockConsumer) {
    this.#consumer = consumer;
  }

  /** @throws ArchiveFault */
  add(chunk: Buffer): void {
    if (this.#held + chunk.length < this.#wanted) {
      this.#hold(Buffer.from(chunk));
      return;
    }
    let rest = this.#held === 0 ? chunk : Buffer.concat([...this.#pieces, chunk]);
    this.#pieces = [];
    this.#held = 0;
    for (;;) {
      const taken = this.#take(rest);
      if (taken === 0) break;
      this.#offset += taken;
      rest = rest.subarray(taken);
    }
    if (rest.length > 0) this.#hold(Buffer.from(rest));
  }

  /** @throws ArchiveFault when the bytes end within something */
  end(): void {
    if (!this.#begun && this.#held === 0) throw new ArchiveFault('it is empty');
    if (!this.#begun || this.#held > 0) throw this.#fault('it ends in the middle of a document');
  }

  /** @param chunk a copy: a piece of a dump belongs to whoever reads it next */
  #hold(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#held += chunk.length;
  }

  /** @returns how many bytes were dealt with; 0 when more are needed */
  #take(rest: Buffer): number {
    this.#wanted = lengthBytes;
    if (rest.length < lengthBytes) return 0;
    const length = rest.readUInt32LE(0);
    if (!this.#begun) {
      if (length !== magic) throw this.#fault('it does not begin as an archive of mongodump');
      this.#begun = true;
      return lengthBytes;
    }
    if (length === terminator) {
      this.#consumer.terminator();
      return lengthBytes;
    }
    if (length < leastDocument || length > mostDocument) throw this.#fault(`${length} is no length of a document`);
    this.#wanted = length;
    if (rest.length < length) return 0;
    if (rest[length - 1] !== 0) throw this.#fault('a document does not end as it should');
    this.#consumer.document(rest.subarray(0, length));
    return length;
  }

  #fault(what: string): ArchiveFault {
    return new ArchiveFault(`${what} (at byte ${this.#offset})`);
  }
}
