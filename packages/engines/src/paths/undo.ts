import { dirname } from 'node:path';
import { formerMissing, noteOfUndo, readNote, removeNote, undoSentence, writeNote, type Note } from './notes.ts';
import { exists, identityOf, placesOf, syncFolderOf, type Places } from './places.ts';

/**
 * Gives the target what is kept, and puts what the target held in the place of that. Goes on where an earlier call was killed.
 * @param incoming what is to be brought back; see `identityOf`
 */
export type Exchange = (places: Places, incoming: string) => Promise<void>;

/** Swaps the content that a restore in place kept and that of the target. */
export async function undo(target: string, restoreId: string, undoId: string, exchange: Exchange): Promise<string> {
  const places = placesOf(target, restoreId);
  let note = await readNote(places);
  if (note?.pending) note = await finish(places, note, exchange);
  if (note?.undoneBy.includes(undoId)) return undoSentence(note, undoId, await presentKept(places));
  const incoming = await identityOf(places.kept);
  if (note === null || incoming === null) throw formerMissing(places);
  // Written before anything is done, so that whoever finds the swap half done goes on with it.
  const begun = { ...note, pending: { undoId, incoming } };
  await writeNote(places, begun);
  return undoSentence(await finish(places, begun, exchange), undoId, await presentKept(places));
}

const presentKept = async ({ kept }: Places): Promise<string | null> => ((await exists(kept)) ? kept : null);

/** Goes on with an undoing that was killed. */
export async function finishUndo(path: string, undoId: string, exchange: Exchange): Promise<void> {
  const note = await noteOfUndo(dirname(path), undoId);
  if (note) await finish(placesOf(note.target, note.restoreId), note, exchange);
}

async function finish(places: Places, note: Note, exchange: Exchange): Promise<Note> {
  const { pending } = note;
  if (pending === null) return note;
  await exchange(places, pending.incoming);
  await syncFolderOf(places.target);
  const done = { ...note, undoneBy: [...note.undoneBy, pending.undoId], pending: null };
  await writeNote(places, done);
  return done;
}

/** Removes what a restore in place, or its undoing, kept. */
export async function dropFormer(
  target: string,
  restoreId: string,
  exchange: Exchange,
  remove: (path: string) => Promise<void>,
): Promise<void> {
  const places = placesOf(target, restoreId);
  const note = await readNote(places);
  if (note?.pending) await finish(places, note, exchange);
  await remove(places.kept);
  await removeNote(places);
}
