import { constants } from 'node:fs';
import { chmod, lchown, link, lstat, lutimes, mkdir, open, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '@holdfast/shared/domain';
import { entriesOf, type Entry } from './entries.ts';

export interface ExtractOptions {
  /** Gives everything its owner and group of the archive; possible for root only. */
  owners: boolean;
  signal: AbortSignal;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/**
 * Unpacks a tar stream into a directory that is ours alone and empty. Nothing is created outside of it whatever the archive
 * says: a member's way may lead only through directories that this call has made, and nothing is ever overwritten. Links
 * are made as they stand, whatever they point to, and never followed.
 * @throws HoldfastError integrity for a hostile or broken archive, restore_failed
 */
export async function extract(input: AsyncIterable<Buffer>, into: string, options: ExtractOptions): Promise<void> {
  const extraction = new Extraction(into, options);
  for await (const entry of entriesOf(input)) await extraction.add(entry);
  await extraction.finish();
}

class Extraction {
  readonly #into: string;
  readonly #options: ExtractOptions;
  /** What we have made, by the path below the top, with what each is to be given at last; null: nothing is known. */
  readonly #directories = new Map<string, Entry | null>([['', null]]);

  constructor(into: string, options: ExtractOptions) {
    this.#into = into;
    this.#options = options;
  }

  async add(entry: Entry): Promise<void> {
    this.#options.signal.throwIfAborted();
    const parts = partsOf(entry.path, entry);
    if (parts.length === 0 && entry.type !== 'Directory') throw hostile(entry, 'it would replace the directory itself');
    await this.#makeDirectories(parts.slice(0, -1), entry);
    const path = parts.join('/');
    try {
      switch (entry.type) {
        case 'Directory':
          await this.#makeDirectories(parts, entry);
          this.#directories.set(path, entry);
          return;
        case 'File':
        case 'OldFile':
        case 'ContiguousFile':
          return await this.#writeFile(path, entry);
        case 'SymbolicLink':
          await symlink(entry.linkpath, this.#at(path));
          return await this.#dress(path, entry);
        case 'Link':
          return await this.#linkFile(path, entry);
        default:
          throw hostile(entry, `a ${entry.type} is not restored`);
      }
    } catch (error) {
      throw explained(entry, error);
    }
  }

  /** Last of all, as every file in a directory changes its time and a directory may forbid writing. */
  async finish(): Promise<void> {
    for (const [path, entry] of [...this.#directories].reverse()) {
      if (entry) await this.#dress(path, entry).catch((error: unknown) => Promise.reject(explained(entry, error)));
    }
  }

  async #makeDirectories(parts: readonly string[], entry: Entry): Promise<void> {
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const path = parts.slice(0, depth).join('/');
      if (this.#directories.has(path)) continue;
      try {
        await mkdir(this.#at(path), 0o700);
      } catch (error) {
        // A link or a file that the archive made before: through it lies the way out.
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw hostile(entry, `${path} is not a directory`);
        throw explained(entry, error);
      }
      this.#directories.set(path, null);
    }
  }

  async #writeFile(path: string, entry: Entry): Promise<void> {
    const file = await open(this.#at(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      for await (const piece of entry.content) {
        this.#options.signal.throwIfAborted();
        for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten;
      }
      // The old content is removed soon: this one must not be in memory only.
      await file.datasync();
    } finally {
      await file.close();
    }
    await this.#dress(path, entry);
  }

  async #linkFile(path: string, entry: Entry): Promise<void> {
    const target = partsOf(entry.linkpath, entry);
    const parent = target.slice(0, -1).join('/');
    const known = target.length > 0 && this.#directories.has(parent);
    const stats = known ? await lstat(this.#at(target.join('/'))).catch(() => null) : null;
    if (!stats?.isFile())
      throw hostile(entry, `it is a hard link to ${entry.linkpath}, which is no file of the archive`);
    await link(this.#at(target.join('/')), this.#at(path));
  }

  /** Owner before mode, as a change of owner takes the special bits of a mode away. */
  async #dress(path: string, { type, uid, gid, mode, mtime }: Entry): Promise<void> {
    const at = this.#at(path);
    if (this.#options.owners) await lchown(at, uid, gid);
    if (type !== 'SymbolicLink') await chmod(at, mode & 0o7777);
    await lutimes(at, mtime, mtime);
  }

  #at(path: string): string {
    return join(this.#into, path);
  }
}

/** The parts of a member's path. @throws HoldfastError when it leads elsewhere */
function partsOf(path: string, entry: Entry): string[] {
  if (path.startsWith('/')) throw hostile(entry, `${path} is an absolute path`);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw hostile(entry, `${path} leads out of the directory`);
  return parts;
}

const hostile = ({ path }: Entry, reason: string): HoldfastError =>
  new HoldfastError('integrity', `The archive is refused at its member ${JSON.stringify(path)}: ${reason}.`);

function explained(entry: Entry, error: unknown): unknown {
  if (error instanceof HoldfastError || !(error instanceof Error) || !('syscall' in error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return hostile(entry, 'it is there already');
  const text = code === 'ENOSPC' ? 'the disk is full' : error.message;
  return new HoldfastError('restore_failed', `${JSON.stringify(entry.path)} could not be restored: ${text}.`, {
    cause: error,
  });
}
