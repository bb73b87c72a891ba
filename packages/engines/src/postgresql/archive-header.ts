import { once } from 'node:events';
import type { Readable } from 'node:stream';

/**
 * Looks at the beginning of an archive and puts it back.
 * @returns the major of the `pg_dump` that wrote it, or null when that cannot be seen
 */
export async function archiveMajor(input: Readable): Promise<number | null> {
  let head = input.read() as Buffer | null;
  while (head === null && !input.readableEnded && !input.destroyed) {
    await change(input);
    head = input.read() as Buffer | null;
  }
  if (head === null) return null;
  input.unshift(head);
  try {
    return parseMajor(head);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Waits until there is something to read or nothing will come. @throws what the input failed with */
async function change(input: Readable): Promise<void> {
  const listening = new AbortController();
  const { signal } = listening;
  const events = ['readable', 'end', 'close'].map(async (event) => once(input, event, { signal }));
  try {
    await Promise.race(events);
  } finally {
    listening.abort();
  }
}

/** Reads the header of PostgreSQL's custom format: magic, versions, sizes, time of creation, then three texts. */
function parseMajor(head: Buffer): number | null {
  if (head.toString('latin1', 0, 5) !== 'PGDMP') return null;
  const format = head.readUInt8(5) * 100 + head.readUInt8(6);
  const integerBytes = head.readUInt8(8);
  let at = 11;
  const integer = (): number => {
    const value = head.readUIntLE(at + 1, integerBytes);
    const negative = head.readUInt8(at) !== 0;
    at += 1 + integerBytes;
    return negative ? -value : value;
  };
  const text = (): string => {
    const length = Math.max(0, integer());
    if (at + length > head.length) throw new RangeError('The header is cut off.');
    at += length;
    return head.toString('utf8', at - length, at);
  };
  const compressionIsByte = format >= 115;
  if (compressionIsByte) at += 1;
  else integer();
  for (let field = 0; field < 7; field++) integer();
  text(); // the database
  text(); // the server's version
  const major = Number.parseInt(text(), 10);
  return Number.isNaN(major) ? null : major;
}
