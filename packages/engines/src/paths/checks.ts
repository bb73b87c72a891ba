import { HoldfastError, type RestoreRequest } from '@holdfast/shared/domain';

/** @throws HoldfastError configuration, for a part: what is one file or one directory is restored as a whole */
export function refusePart({ selection }: Pick<RestoreRequest, 'selection'>): void {
  if (!selection) return;
  throw new HoldfastError(
    'configuration',
    'Backups of this kind are restored as a whole: restore into a new path and take from there what is wanted.',
  );
}

export const targetExists = (target: string): HoldfastError =>
  new HoldfastError('restore_target_exists', `${target} exists already: nothing was changed.`);

/** A restore does its work once: done again it would take what it kept for a leftover. */
export const inPlaceAlready = (kept: string): HoldfastError =>
  new HoldfastError('restore_failed', `This restore is in place already, and keeps the former content in ${kept}.`);
