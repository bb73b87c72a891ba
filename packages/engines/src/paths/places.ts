import { lstat, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What a restore has beside its target. */
export interface Places {
  target: string;
  restoreId: string;
  /** What is being built. */
  build: string;
  /** The former content until the new one is in place. */
  old: string;
  /** The former content that is kept, to be put back. */
  kept: string;
  /** Where what the target held goes on its way to `kept`, when a restore is undone. */
  undone: string;
  /** What the restore has noted of itself; see `notes.ts`. */
  note: string;
}

/** The tail of a UUID of version 7 is random. */
const shortId = (restoreId: string): string => restoreId.replaceAll('-', '').slice(-12);

export function placesOf(target: string, restoreId: string): Places {
  const id = shortId(restoreId);
  return {
    target,
    restoreId,
    build: `${target}.holdfast-restore-${id}`,
    old: `${target}.holdfast-old-${id}`,
    kept: `${target}.holdfast-kept-${id}`,
    undone: `${target}.holdfast-undone-${id}`,
    note: join(dirname(target), `.${basename(target)}.holdfast-${id}.json`),
  };
}

/** The targets, among those of one folder, that a restore has left something beside, known by the names in it. */
export function leftTargets(folder: string, names: readonly string[], restoreId: string): string[] {
  const { build, old, kept } = placesOf('', restoreId);
  const found = names.flatMap((name) =>
    [build, old, kept].filter((end) => name.endsWith(end)).map((end) => name.slice(0, -end.length)),
  );
  return [...new Set(found)].filter((name) => name !== '').map((name) => join(folder, name));
}

export async function exists(path: string): Promise<boolean> {
  return (await identityOf(path)) !== null;
}

/** What stays the same of a file or directory when it is renamed; null when it is not there. Links are not followed. */
export async function identityOf(path: string): Promise<string | null> {
  try {
    const { dev, ino, birthtimeNs } = await lstat(path, { bigint: true });
    // The number of what was removed is soon another's.
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Makes renamings in a folder outlast a crash of the machine. */
export async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
