import { mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HoldfastError } from '@holdfast/shared/domain';
import { targetExists } from '../paths/checks.ts';
import { noteBuilt, readNote, removeNote } from '../paths/notes.ts';
import { exists, identityOf, leftTargets, placesOf, syncFolderOf, type Places } from '../paths/places.ts';
import { removeTree } from './remove-tree.ts';

/** What a target holds, and where its former content is. */
export interface Placed {
  outcome: string;
  former?: string;
}

/**
 * Gives what was built the target's name. For a moment between two renamings nothing has it; whoever is killed just then
 * leaves both, and `cleanUp` gives the old content its name back.
 * @param keeps whether the former content stays, to be put back
 */
export async function putInPlace(places: Places, keeps: boolean): Promise<Placed> {
  const { target, build } = places;
  const whole = `The directory ${target} holds the content of the backup`;
  if (!(await exists(target))) {
    await rename(build, target);
    await syncFolderOf(target);
    return { outcome: `${whole}.` };
  }
  const aside = keeps ? places.kept : places.old;
  if (keeps) await noteBuilt(places, false);
  await rename(target, aside).catch(async (error: unknown) => {
    if (keeps) await removeNote(places);
    throw error;
  });
  try {
    await rename(build, target);
  } catch (error) {
    await rename(aside, target);
    if (keeps) await removeNote(places);
    throw error;
  }
  await syncFolderOf(target);
  if (keeps) return { outcome: `${whole}; its former content is kept in ${aside}.`, former: aside };
  try {
    await removeTree(aside);
    return { outcome: `${whole}; its former content was removed.` };
  } catch {
    return { outcome: `${whole}; its former content could not be removed and is in ${aside}.` };
  }
}

/** Puts what was built where nothing is. @throws HoldfastError restore_target_exists */
export async function putAnew(places: Places): Promise<Placed> {
  const { target, build } = places;
  await noteBuilt(places, true);
  try {
    // Takes the name, and fails where somebody has it; renaming a directory replaces an empty one and no other.
    await mkdir(target, 0o700);
    await rename(build, target).catch(async (error: unknown) => {
      await rmdir(target).catch(() => undefined);
      throw error;
    });
  } catch (error) {
    await removeNote(places);
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? targetExists(target) : error;
  }
  await syncFolderOf(target);
  return { outcome: `The directory ${target} was created with the content of the backup.` };
}

/** Three renamings, of which each is done once. */
export async function exchange({ target, kept, undone }: Places, incoming: string): Promise<void> {
  if ((await identityOf(target)) !== incoming) {
    // Where it was moved away already, whoever made the target anew since must not lose that.
    if ((await exists(target)) && !(await exists(undone))) await rename(target, undone);
    await rename(kept, target);
  }
  if (await exists(undone)) await rename(undone, kept);
}

/** Removes what a restore that ended anyhow has left in the folder of that path. A target is only ever given its own content back. */
export async function cleanUp(path: string, restoreId: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const target of leftTargets(folder, names, restoreId)) await cleanUpOne(placesOf(target, restoreId));
}

async function cleanUpOne(places: Places): Promise<void> {
  const { target, build, old, kept } = places;
  // With nothing left that was built, the new content is in place.
  const built = await identityOf(build);
  for (const aside of [old, kept]) {
    if (!(await exists(aside))) continue;
    if (built === null) {
      if (aside === old) await removeTree(old);
    } else if (!(await exists(target))) {
      await rename(aside, target);
    } else {
      throw new HoldfastError(
        'restore_failed',
        `A restore was ended before it put its content in place, and ${target} was made anew since: its former content is in ${aside}. Move one of them by hand.`,
      );
    }
  }
  if (built === null) return;
  const note = await readNote(places);
  if (note?.built === built) {
    // The name that was taken for it. Of anything else that is there only an empty directory would go.
    if (note.isNew) await rmdir(target).catch(() => undefined);
    await removeNote(places);
  }
  await removeTree(build);
}
