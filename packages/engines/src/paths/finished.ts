import type { RestoreReport, RestoreRequest } from '@holdfast/shared/domain';
import { readNote, removeNote } from './notes.ts';
import { exists, identityOf, placesOf } from './places.ts';

const unheard = 'by an earlier attempt that could not report it';

/**
 * Whether an earlier attempt of a restore had put its content in place although nobody heard of it. A restore in place that
 * keeps nothing notes nothing; done again it leads to the same.
 */
export async function findRestored(
  target: string,
  { restoreId }: RestoreRequest,
): Promise<Pick<RestoreReport, 'outcome' | 'former'> | null> {
  const places = placesOf(target, restoreId);
  const note = await readNote(places);
  if (note === null || note.undoneBy.length > 0 || note.pending || (await identityOf(target)) !== note.built)
    return null;
  if (note.isNew) return { outcome: `${target} was created with the content of the backup, ${unheard}.` };
  if (!(await exists(places.kept))) return null;
  const outcome = `${target} holds the content of the backup, ${unheard}; its former content is kept in ${places.kept}.`;
  return { outcome, former: places.kept };
}

/** Removes what this very restore has made where nothing was. */
export async function dropRestored(
  target: string,
  { restoreId }: RestoreRequest,
  remove: (path: string) => Promise<void>,
): Promise<void> {
  const places = placesOf(target, restoreId);
  const note = await readNote(places);
  if (!note?.isNew || (await identityOf(target)) !== note.built) return;
  await remove(target);
  await removeNote(places);
}
