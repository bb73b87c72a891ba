import { HoldfastError } from '@holdfast/shared/domain';
import { Header } from 'tar';
import { blockSize, paddingOf } from './headers.ts';

/** One member of an archive as it stands there: nothing in it is to be believed. */
export interface Entry {
  path: string;
  /** A type that tar knows, or `Unsupported`. */
  type: string;
  mode: number;
  uid: number;
  gid: number;
  mtime: Date;
  linkpath: string;
  /** The content, to be read to its end before the next entry. */
  content: AsyncIterable<Buffer>;
}

/** Longest extended header that is accepted. */
const longestExtension = 1024 * 1024;
const withContent = new Set(['File', 'OldFile', 'ContiguousFile']);

/**
 * Reads a tar stream member by member, and the stream to its end.
 * @throws HoldfastError integrity when it is not one, or stops early
 */
export async function* entriesOf(input: AsyncIterable<Buffer>): AsyncGenerator<Entry> {
  const blocks = new Blocks(input);
  let extension: Extension = {};
  for (;;) {
    const block = await blocks.take(blockSize);
    const header = new Header(block);
    if (header.nullBlock) break;
    if (!header.cksumValid) throw broken('a header has a wrong checksum');
    const { type } = header;
    const extended = await readExtension(type, header.size ?? 0, blocks);
    if (extended) {
      extension = { ...extension, ...extended };
      continue;
    }
    const { path = '', linkpath = '', size = 0, mode = 0o600, uid = 0, gid = 0, mtime = new Date(0) } = header;
    const member = { path, linkpath, size, uid, gid, mtime, ...extension };
    extension = {};
    const length = withContent.has(type) ? member.size : 0;
    yield { ...member, type, mode, content: blocks.content(length) };
    await blocks.take(paddingOf(length));
  }
  await blocks.drain();
}

/** What an extended header says of the member behind it. */
interface Extension {
  path?: string;
  linkpath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  mtime?: Date;
}

/** @returns null when the header is that of a member itself */
async function readExtension(type: string, size: number, blocks: Blocks): Promise<Extension | null> {
  const kinds = ['ExtendedHeader', 'GlobalExtendedHeader', 'NextFileHasLongPath', 'NextFileHasLongLinkpath'];
  if (!kinds.includes(type)) return null;
  if (size > longestExtension) throw broken('an extended header is too long');
  const body = await blocks.take(size);
  await blocks.take(paddingOf(size));
  const text = (): string => body.toString().replace(/\0[^]*$/, '');
  if (type === 'NextFileHasLongPath') return { path: text() };
  if (type === 'NextFileHasLongLinkpath') return { linkpath: text() };
  return type === 'ExtendedHeader' ? parseRecords(body) : {};
}

/** Records of the form `<length> <key>=<value>\n`; the length counts all of it in bytes, so a value may hold anything. */
function parseRecords(body: Buffer): Extension {
  const found: Extension = {};
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(' ', at);
    const length = Number(body.toString('latin1', at, space));
    const end = at + length;
    const equals = body.indexOf('=', space);
    const whole = space > at && equals > space && equals < end && end <= body.length && body[end - 1] === 0x0a;
    if (!Number.isSafeInteger(length) || !whole) throw broken('an extended header cannot be read');
    const key = body.toString('utf8', space + 1, equals);
    const value = body.toString('utf8', equals + 1, end - 1);
    if (key === 'path' || key === 'linkpath') found[key] = value;
    else if (key === 'size' || key === 'uid' || key === 'gid') found[key] = wholeNumber(value);
    else if (key === 'mtime') found.mtime = timeOf(value);
    at = end;
  }
  return found;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) throw broken('an extended header has a wrong number');
  return number;
}

function timeOf(text: string): Date {
  const time = new Date(Number(text) * 1000);
  if (Number.isNaN(time.getTime())) throw broken('an extended header has a wrong time');
  return time;
}

/** Takes exact numbers of bytes out of a stream. */
class Blocks {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(input: AsyncIterable<Buffer>) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  async take(size: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.content(size)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async *content(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0;) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#chunks.next();
        if (done) throw broken('it stops early');
        this.#rest = value;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }
}

const broken = (reason: string): HoldfastError =>
  new HoldfastError('integrity', `The archive is not a whole tar archive: ${reason}.`);
