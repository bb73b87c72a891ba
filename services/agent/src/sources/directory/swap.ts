import { lstat, mkdir, rename, rmdir } from 'node:fs/promises';
import { HoldfastError } from '@holdfast/shared/domain';
import { removeTree } from './remove-tree.ts';

/** What a restore builds beside its target, and where the old content waits until the new one is in place. */
export interface Places {
  target: string;
  build: string;
  old: string;
}

export function placesOf(target: string, restoreId: string): Places {
  const id = restoreId.replaceAll('-', '').slice(-12);
  return { target, build: `${target}.holdfast-restore-${id}`, old: `${target}.holdfast-old-${id}` };
}

/**
 * Gives what was built the target's name. For a moment between two renamings nothing has it; whoever is killed just then
 * leaves both, and `cleanUp` gives the old content its name back.
 * @returns what became of the old content, one sentence
 */
export async function putInPlace({ target, build, old }: Places): Promise<string> {
  const whole = `The directory ${target} holds the content of the backup`;
  if (!(await exists(target))) {
    await rename(build, target);
    return `${whole}.`;
  }
  await rename(target, old);
  try {
    await rename(build, target);
  } catch (error) {
    await rename(old, target);
    throw error;
  }
  try {
    await removeTree(old);
    return `${whole}; its former content was removed.`;
  } catch {
    return `${whole}; its former content could not be removed and is in ${old}.`;
  }
}

/**
 * Puts what was built where nothing is.
 * @param make builds it
 * @throws HoldfastError restore_target_exists before anything is built
 */
export async function putAnew({ target, build }: Places, make: () => Promise<void>): Promise<string> {
  // Holds the name; renaming a directory replaces an empty one and no other.
  await mkdir(target, 0o700).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new HoldfastError('restore_target_exists', `${target} exists already: nothing was changed.`);
  });
  try {
    await make();
    await rename(build, target);
  } catch (error) {
    await rmdir(target).catch(() => undefined);
    throw error;
  }
  return `The directory ${target} was created with the content of the backup.`;
}

/** Removes what a restore that ended anyhow has left. The target is only ever given its own content back. */
export async function cleanUp({ target, build, old }: Places): Promise<void> {
  if (await exists(old)) {
    // With nothing left that was built, the new content is in place.
    const swapped = !(await exists(build));
    if (swapped) await removeTree(old);
    else if (!(await exists(target))) await rename(old, target);
    else {
      throw new HoldfastError(
        'restore_failed',
        `A restore was ended before it put its content in place, and ${target} was made anew since: its former content is in ${old}. Move one of them by hand.`,
      );
    }
  }
  await removeTree(build);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
