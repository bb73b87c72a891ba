import { compareContent, HoldfastError, type ContentManifest } from '@holdfast/shared/domain';

type Difference = ReturnType<typeof compareContent>[number];

/** So many are named; the others are counted. */
const shown = 5;

/** @throws HoldfastError content_differs, naming the first differences, where there are any */
export function refuseDifferences(differences: readonly Difference[]): void {
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

/** @throws HoldfastError content_differs, naming the first differences */
export const mustEqual = (expected: ContentManifest, found: ContentManifest): void =>
  refuseDifferences(compareContent(expected, found));
