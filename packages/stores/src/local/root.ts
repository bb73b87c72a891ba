import { mkdir, open, realpath, rmdir } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { HoldfastError } from '@holdfast/shared/domain';
import { isMissing } from './errors.ts';

/** A folder that nothing leaves: neither by `..`, nor by an absolute path, nor by a symbolic link. */
export class Root {
  /** The folder that the destination lies in, as configured. */
  readonly #localRoot: string;
  readonly path: string;

  /** @param folder relative path of the destination below `localRoot`; empty for the root itself */
  constructor(localRoot: string, folder: string) {
    this.#localRoot = resolve(localRoot);
    this.path = resolve(this.#localRoot, folder);
    if (folder.includes('\0') || folder.split('/').includes('..') || !isInside(this.#localRoot, this.path)) {
      throw outside(folder);
    }
  }

  /** Refuses a destination's folder that a link leads out of the configured root. */
  async check(): Promise<void> {
    await this.#refuseLinksOut(this.path, this.#localRoot);
  }

  /** Makes the destination's folder when it is not there yet. */
  async make(): Promise<void> {
    await this.check();
    await mkdir(this.path, { recursive: true, mode: 0o700 });
  }

  /** The path of a key, after checking that its folder, where it exists, is inside. */
  async file(key: string): Promise<string> {
    const path = join(this.path, key);
    if (!isInside(this.path, path)) throw outside(key);
    await this.check();
    await this.#refuseLinksOut(dirname(path), this.path);
    return path;
  }

  /** Makes the folder of a file and everything above it, durably. */
  async makeFolder(folder: string): Promise<void> {
    await this.#refuseLinksOut(folder, this.path);
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
  }

  /** Removes empty folders from `folder` upwards, never the root. */
  async prune(folder: string): Promise<void> {
    for (let path = folder; path !== this.path && isInside(this.path, path); path = dirname(path)) {
      try {
        await rmdir(path);
      } catch {
        // Not empty, or somebody else removed it: either way nothing above is to be removed by us.
        return;
      }
    }
  }

  /** Follows the links of the part of `path` that exists and compares it with the part of `boundary` that exists. */
  async #refuseLinksOut(path: string, boundary: string): Promise<void> {
    const [real, limit] = await Promise.all([realExisting(path), realExisting(boundary)]);
    if (!isInside(limit, real)) throw outside(relative(this.#localRoot, path));
  }
}

async function realExisting(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (!isMissing(error) || parent === path) throw error;
    return join(await realExisting(parent), path.slice(parent.length));
  }
}

function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

function outside(path: string): HoldfastError {
  return new HoldfastError(
    'path_outside_root',
    `The path ${JSON.stringify(path)} leaves the folder of its destination: use one without ".." and links that lead out.`,
  );
}

/** Makes a new or removed name in the folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
