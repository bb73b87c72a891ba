import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, readdir, readlink, type FileHandle } from 'node:fs/promises';
import { HoldfastError } from '@holdfast/shared/domain';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * A directory that is held open. Its children are reached through it, not by their path, so that nobody who moves
 * directories or puts links in their place while we read can lead us anywhere else.
 */
export class OpenedDirectory {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The path of the top is the configuration's and may lead through links. */
  static async top(path: string): Promise<OpenedDirectory> {
    return new OpenedDirectory(await open(path, O_RDONLY | O_DIRECTORY));
  }

  /** Where it is now, without links. */
  path(): Promise<string> {
    return readlink(`/proc/self/fd/${this.#handle.fd}`);
  }

  stat(): Promise<BigIntStats> {
    return this.#handle.stat({ bigint: true });
  }

  /** The names in it, in the order of their bytes. @throws HoldfastError for one that is not UTF-8 */
  async names(path: string): Promise<string[]> {
    const names = await readdir(this.#child(), { encoding: 'buffer' });
    return names
      .sort((one, other) => Buffer.compare(one, other))
      .map((name) => {
        const text = name.toString();
        if (Buffer.from(text).equals(name)) return text;
        throw new HoldfastError(
          'dump_failed',
          `The name of ${path}${text} is not UTF-8, which an archive could not give back: rename it, or ignore its directory.`,
        );
      });
  }

  statOf(name: string): Promise<BigIntStats> {
    return lstat(this.#child(name), { bigint: true });
  }

  targetOf(name: string): Promise<Buffer> {
    return readlink(this.#child(name), { encoding: 'buffer' });
  }

  async directory(name: string): Promise<OpenedDirectory> {
    return new OpenedDirectory(await open(this.#child(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  /** Not to wait should it have become a pipe meanwhile. */
  file(name: string): Promise<FileHandle> {
    return open(this.#child(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #child(name = ''): string {
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }
}
