import { compareContent, HoldfastError, type ContentManifest, type RestoreRequest } from '@holdfast/shared/domain';

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

const shown = 5;

/** @throws HoldfastError content_differs, naming the first differences */
export function checkContent(expected: ContentManifest, found: ContentManifest): void {
  const differences = compareContent(expected, found);
  if (differences.length === 0) return;
  const sentences = differences.slice(0, shown).map(({ message }) => message);
  const more = differences.length - sentences.length;
  throw new HoldfastError(
    'content_differs',
    [
      'What was restored is not what was backed up, so it was not put in place.',
      ...sentences,
      ...(more > 0 ? [`And ${more} more differences.`] : []),
    ].join(' '),
  );
}
