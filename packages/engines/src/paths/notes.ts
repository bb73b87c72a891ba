import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HoldfastError } from '@holdfast/shared/domain';
import { identityOf, syncFolderOf, type Places } from './places.ts';

/**
 * What a restore notes of itself in a hidden file beside its target, as neither files nor directories have a place of their
 * own for it: by it a later attempt knows what it has made and what is kept.
 */
export interface Note {
  /** The whole path, not to be taken for another's. */
  target: string;
  restoreId: string;
  /** Whether nothing was there before. */
  isNew: boolean;
  /** What the restore put in place; see `identityOf`. */
  built: string;
  /** Who has swapped the kept content back or forth since, in order. */
  undoneBy: string[];
  /** An undoing on its way, and what it is bringing back. */
  pending: { undoId: string; incoming: string } | null;
}

/** @returns null when that restore has noted nothing of that target */
export async function readNote({ note, target, restoreId }: Places): Promise<Note | null> {
  const found = await readFrom(note);
  return found?.target === target && found.restoreId === restoreId ? found : null;
}

export async function writeNote({ note }: Pick<Places, 'note'>, content: Note): Promise<void> {
  const draft = `${note}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(content));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, note);
  await syncFolderOf(note);
}

/** Notes what was built just before it is put in place. */
export async function noteBuilt(places: Places, isNew: boolean): Promise<void> {
  const { target, restoreId, build } = places;
  const built = (await identityOf(build)) ?? '';
  await writeNote(places, { target, restoreId, isNew, built, undoneBy: [], pending: null });
}

export async function removeNote({ note }: Places): Promise<void> {
  await rm(note, { force: true });
}

/** The note of the restore that an undoing is swapping back in that folder; null when there is none. */
export async function noteOfUndo(folder: string, undoId: string): Promise<Note | null> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => /^\..*\.holdfast-[^.]+\.json$/.test(one))) {
    const note = await readFrom(join(folder, name));
    if (note?.pending?.undoId === undoId && dirname(note.target) === folder) return note;
  }
  return null;
}

async function readFrom(path: string): Promise<Note | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Note;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new HoldfastError('restore_failed', `${path}, which a restore has noted of itself, cannot be read.`, {
      cause: error,
    });
  }
}

/** How undoings are told: where each content is after the one of that id. */
export function undoSentence({ target, undoneBy }: Note, undoId: string, kept: string | null): string {
  // Every other undoing goes forth again.
  const isBack = undoneBy.indexOf(undoId) % 2 === 0;
  const [here, aside] = isBack
    ? ['its former content', 'what the restore had brought']
    : ['what the restore had brought', 'its former content'];
  return `${target} holds ${here} again${kept === null ? '' : `; ${aside} is kept in ${kept}`}.`;
}

export const formerMissing = ({ target, kept }: Places): HoldfastError =>
  new HoldfastError(
    'former_missing',
    `There is no ${kept}: the former content of ${target} is not kept any more. Restore a backup of the time before.`,
  );
