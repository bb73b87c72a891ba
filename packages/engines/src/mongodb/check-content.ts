import type { ContentManifest } from '@holdfast/shared/domain';
import type { Db } from 'mongodb';
import { mustEqual } from '../content-differs.ts';
import { readServer } from './content/of-server.ts';

/** @throws HoldfastError content_differs, naming the first differences */
export const checkContent = async (
  db: Db,
  version: string,
  expected: ContentManifest,
  prefix: string,
  signal: AbortSignal,
): Promise<void> => mustEqual(expected, await readServer(db, version, expected, signal, { prefix }));
