import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareKeys } from '../keys.ts';
import { isMissing } from './errors.ts';

export interface WalkedFile {
  /** Path below the root, `/`-separated. */
  key: string;
  name: string;
  stats: Stats;
}

/**
 * Yields the regular files below `root` whose key starts with `prefix`, in the order of their keys' bytes. Links are
 * neither followed nor yielded; what disappears meanwhile is left out.
 */
export async function* walk(root: string, prefix: string, folder = ''): AsyncGenerator<WalkedFile> {
  for (const entry of await entriesInOrder(join(root, folder))) {
    const key = `${folder}${entry.name}`;
    if (entry.isDirectory()) {
      const below = `${key}/`;
      if (below.startsWith(prefix) || prefix.startsWith(below)) yield* walk(root, prefix, below);
    } else if (entry.isFile()) {
      const stats = await statsOrNull(join(root, key));
      if (stats) yield { key, name: entry.name, stats };
    }
  }
}

async function entriesInOrder(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((left, right) => compareKeys(sortName(left), sortName(right)));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** A folder sorts as its content does, whose keys go on with `/`. */
function sortName(entry: Dirent): string {
  return entry.isDirectory() ? `${entry.name}/` : entry.name;
}

async function statsOrNull(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
