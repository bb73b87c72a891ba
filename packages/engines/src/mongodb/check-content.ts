import { compareContent, HoldfastError, type ContentManifest } from '@holdfast/shared/domain';
import type { Db } from 'mongodb';
import { readServer } from './content/of-server.ts';

const shown = 5;

/** @throws HoldfastError content_differs, naming the first differences */
export async function checkContent(
  db: Db,
  version: string,
  expected: ContentManifest,
  prefix: string,
  signal: AbortSignal,
): Promise<void> {
  const differences = compareContent(expected, await readServer(db, version, expected, signal, { prefix }));
  if (differences.length === 0) return;
  const more = differences.length - shown;
  throw new HoldfastError(
    'content_differs',
    [
      'What was restored is not what was backed up, so it was not put in place.',
      ...differences.slice(0, shown).map(({ message }) => message),
      ...(more > 0 ? [`And ${more} more differences.`] : []),
    ].join(' '),
  );
}
