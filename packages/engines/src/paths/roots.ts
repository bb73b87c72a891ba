import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { HoldfastError, type Connection, type ContentTarget } from '@holdfast/shared/domain';

/** The folders in which databases that are paths may lie, behind all links. */
export class FileRoots {
  readonly #roots: readonly string[];

  /** @param roots absolute paths; `/` allows everything */
  constructor(roots: readonly string[]) {
    this.#roots = roots.map((root) => resolve(root));
  }

  /**
   * The path behind all links, of what is there or could be made there.
   * @throws HoldfastError configuration, path_outside_root; neither tells whether there is anything outside
   */
  async locate(path: string): Promise<string> {
    if (!isAbsolute(path) || path.includes('\0') || path.split('/').includes('..')) {
      throw new HoldfastError('configuration', `${JSON.stringify(path)} must be an absolute path without "..".`);
    }
    if (this.#roots.length === 0) {
      throw new HoldfastError(
        'configuration',
        `${path} cannot be reached: HOLDFAST_FILE_ROOTS names no folder in which databases that are paths may lie.`,
      );
    }
    const plain = resolve(path);
    const found = this.#roots.some((root) => isWithin(root, plain)) ? await behindLinks(plain) : null;
    if (found === null || !(await this.holds(found))) throw outside(path);
    return found;
  }

  /** Whether a path without links lies in one of them. */
  async holds(path: string): Promise<boolean> {
    const roots = await Promise.all(this.#roots.map((root) => realpath(root).catch(() => root)));
    return roots.some((root) => isWithin(root, path));
  }

  /**
   * Where a restore goes, behind all links: in place, to an absolute path, or to a bare name beside the connection's path.
   * What is built beside it lies in the folders too.
   * @throws HoldfastError configuration, path_outside_root
   */
  async targetOf({ database }: Pick<Connection, 'database'>, target: ContentTarget): Promise<string> {
    const found = await this.#target(database, target);
    if (!(await this.holds(dirname(found)))) {
      throw new HoldfastError(
        'path_outside_root',
        `${found} is itself a folder that HOLDFAST_FILE_ROOTS names, and nothing may be built beside it: restore to a path in it.`,
      );
    }
    return found;
  }

  async #target(database: string, target: ContentTarget): Promise<string> {
    if (target.mode === 'in_place') return this.locate(database);
    const name = target.database;
    if (isAbsolute(name)) return this.locate(name);
    const own = await this.locate(database);
    if (/^\.{0,2}$|[/\0]/.test(name)) {
      throw new HoldfastError('configuration', `${JSON.stringify(name)} cannot be a name beside ${own}.`);
    }
    return join(dirname(own), name);
  }
}

export const outside = (path: string): HoldfastError =>
  new HoldfastError(
    'path_outside_root',
    `${path} does not lie, behind all links, in one of the folders that HOLDFAST_FILE_ROOTS names.`,
  );

const isWithin = (root: string, path: string): boolean =>
  path === root || path.startsWith(root === '/' ? '/' : `${root}/`);

/** @returns null for what only a link that leads nowhere, or nowhere that may be looked at, stands for */
async function behindLinks(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch {
    const isLink = await lstat(path).then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
    if (isLink || path === '/') return null;
    const parent = await behindLinks(dirname(path));
    return parent && join(parent, basename(path));
  }
}
