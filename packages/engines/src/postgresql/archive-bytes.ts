/** A text or number that is not there yet: the bytes end before it. */
export class CutOff extends Error {
  override readonly name = 'CutOff';
}

/** Reads what PostgreSQL's archives are made of. Each method throws `CutOff` where the bytes end too early. */
export class ArchiveBytes {
  readonly #bytes: Buffer;
  readonly #integerBytes: number;
  #at: number;

  constructor(bytes: Buffer, at: number, integerBytes: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#integerBytes = integerBytes;
  }

  get at(): number {
    return this.#at;
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** A sign and as many bytes as the header says. */
  integer(): number {
    const start = this.#take(1 + this.#integerBytes);
    const value = this.#bytes.readUIntLE(start + 1, this.#integerBytes);
    return this.#bytes.readUInt8(start) === 0 ? value : -value;
  }

  /** @returns null for one that is none */
  text(): string | null {
    const length = this.integer();
    if (length < 0) return null;
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  #take(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) throw new CutOff('The bytes end too early.');
    this.#at += count;
    return start;
  }
}

/** The beginning of an archive of PostgreSQL's custom format. */
export interface ArchiveHeader {
  /** 114 for 1.14: what its entries are made of. */
  format: number;
  integerBytes: number;
  offsetBytes: number;
  /** The major of the `pg_dump` that wrote it; null where it does not say. */
  major: number | null;
  /** Where the table of contents begins. */
  end: number;
}

/**
 * Reads magic, versions, sizes, time of creation, then three texts.
 * @returns null when it is no such archive
 * @throws CutOff
 */
export function readHeader(head: Buffer): ArchiveHeader | null {
  const magic = 'PGDMP';
  if (head.toString('latin1', 0, magic.length) !== magic.slice(0, head.length)) return null;
  if (head.length < 11) throw new CutOff('The header ends too early.');
  const format = head.readUInt8(5) * 100 + head.readUInt8(6);
  const integerBytes = head.readUInt8(8);
  const offsetBytes = head.readUInt8(9);
  if (integerBytes < 1 || integerBytes > 6) return null;
  const bytes = new ArchiveBytes(head, 11, integerBytes);
  const compressionIsByte = format >= 115;
  if (compressionIsByte) bytes.skip(1);
  else bytes.integer();
  for (let field = 0; field < 7; field++) bytes.integer();
  bytes.text(); // the database
  bytes.text(); // the server's version
  const major = Number.parseInt(bytes.text() ?? '', 10);
  return { format, integerBytes, offsetBytes, major: Number.isNaN(major) ? null : major, end: bytes.at };
}
