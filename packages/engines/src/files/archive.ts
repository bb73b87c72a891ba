import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { HoldfastError } from '@holdfast/shared/domain';
import { archiveEnd, headerOf, paddingOf, type Member } from './headers.ts';
import { outside, type FileRoots } from '../paths/roots.ts';
import type { Measured } from './content.ts';
import { ignoreRules, isIgnored } from './ignore.ts';
import { OpenedDirectory } from './opened.ts';

export interface ArchiveOptions {
  ignore: readonly string[];
  /** Told what the archive lacks or holds in a state between two, one sentence each. */
  warn: (message: string) => void;
  /** Sees what goes into the archive. */
  measured?: Measured | null;
  /** What is opened must lie in them; absent: anywhere. */
  roots?: Pick<FileRoots, 'holds'>;
}

const readBytes = 256 * 1024;

/**
 * A directory as a tar stream: itself first, then what is in it, in the order of the names' bytes. Links stay links.
 * - What vanishes while we read is left out with a warning, as are sockets, pipes and devices.
 * - A file that is written to while we read is kept as far as it was long at first, with a warning.
 * - A file that becomes shorter, or may not be read, fails the archive: it would hold bytes that never were.
 */
export async function* archiveOf(path: string, options: ArchiveOptions): AsyncGenerator<Buffer> {
  const top = await OpenedDirectory.top(path).catch((error: unknown) => {
    throw failed(path, error);
  });
  // Somebody may have put a link in its place since it was looked at.
  if (options.roots && !(await options.roots.holds(await top.path()))) {
    await top.close();
    throw outside(path);
  }
  yield* new Archive(options).directory(top, './');
  yield archiveEnd();
}

class Archive {
  readonly #rules: ReturnType<typeof ignoreRules>;
  readonly #warn: (message: string) => void;
  /** Where files with several names were seen first, by their identity. */
  readonly #links = new Map<string, string>();
  readonly #measured: Measured | null;

  constructor({ ignore, warn, measured = null }: ArchiveOptions) {
    this.#rules = ignoreRules(ignore);
    this.#warn = warn;
    this.#measured = measured;
  }

  /** @param path ends with a slash */
  async *directory(directory: OpenedDirectory, path: string): AsyncGenerator<Buffer> {
    try {
      const stats = await directory.stat();
      const names = await directory.names(path).catch((error: unknown) => {
        throw failed(path, error);
      });
      yield this.#header(memberOf(path, 'Directory', stats));
      for (const name of names) yield* this.#child(directory, name, path + name);
    } finally {
      await directory.close();
    }
  }

  async *#child(parent: OpenedDirectory, name: string, path: string): AsyncGenerator<Buffer> {
    const stats = await this.#unlessVanished(path, () => parent.statOf(name));
    if (!stats || isIgnored(this.#rules, path.slice(2), stats.isDirectory())) return;
    if (stats.isDirectory()) {
      const directory = await this.#unlessVanished(path, () => parent.directory(name));
      if (directory) yield* this.directory(directory, `${path}/`);
    } else if (stats.isSymbolicLink()) {
      const target = await this.#unlessVanished(path, () => parent.targetOf(name));
      if (target) yield this.#header({ ...memberOf(path, 'SymbolicLink', stats), linkpath: textOf(target, path) });
    } else if (stats.isFile()) {
      const file = await this.#unlessVanished(path, () => parent.file(name));
      if (file) yield* this.#file(file, path);
    } else this.#warn(`${path} is neither a file nor a directory nor a link, and was left out.`);
  }

  async *#file(file: FileHandle, path: string): AsyncGenerator<Buffer> {
    try {
      const stats = await file.stat({ bigint: true });
      if (!stats.isFile()) return this.#warn(`${path} was replaced while it was being read, and was left out.`);
      const identity = `${stats.dev}:${stats.ino}`;
      const first = this.#links.get(identity);
      if (first !== undefined) {
        yield this.#header({ ...memberOf(path, 'Link', stats), linkpath: first });
        return;
      }
      if (stats.nlink > 1n) this.#links.set(identity, path);
      yield this.#header({ ...memberOf(path, 'File', stats), size: Number(stats.size) });
      yield* this.#content(file, path, Number(stats.size));
      const after = await file.stat({ bigint: true });
      if (after.size !== stats.size || after.mtimeNs !== stats.mtimeNs) {
        this.#warn(`${path} was written to while it was being read: the archive may hold a state between two.`);
      }
    } finally {
      await file.close();
    }
  }

  #header(member: Member): Buffer {
    this.#measured?.member(member);
    return headerOf(member);
  }

  async *#content(file: FileHandle, path: string, size: number): AsyncGenerator<Buffer> {
    for await (const piece of contentOf(file, path, size)) {
      this.#measured?.bytes(piece);
      yield piece;
    }
    if (paddingOf(size) > 0) yield Buffer.alloc(paddingOf(size));
  }

  async #unlessVanished<T>(path: string, look: () => Promise<T>): Promise<T | null> {
    try {
      return await look();
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      // The latter two: it was replaced by something else between the look and the opening.
      if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) throw failed(path, error);
      this.#warn(`${path} vanished while the directory was being read, and was left out.`);
      return null;
    }
  }
}

async function* contentOf(file: FileHandle, path: string, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < size;) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(readBytes, size - at));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at).catch((error: unknown) => {
      throw failed(path, error);
    });
    if (bytesRead === 0) {
      throw new HoldfastError('dump_failed', `${path} became shorter while it was being read: ${at} bytes of ${size}.`);
    }
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function memberOf(path: string, type: Member['type'], stats: BigIntStats): Member {
  return {
    path,
    type,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: 0,
    mtime: new Date(Math.floor(Number(stats.mtimeMs) / 1000) * 1000),
  };
}

function textOf(target: Buffer, path: string): string {
  const text = target.toString();
  if (Buffer.from(text).equals(target)) return text;
  throw new HoldfastError('dump_failed', `The target of the link ${path} is not UTF-8: ignore it, or make it anew.`);
}

/** What the system said, without the path by which it was asked. */
function failed(path: string, error: unknown): Error {
  if (error instanceof HoldfastError) return error;
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  return new HoldfastError('dump_failed', `${path} cannot be read: ${code}.`, { cause: error });
}
