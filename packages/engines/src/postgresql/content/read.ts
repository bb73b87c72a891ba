import { HoldfastError, type Connection, type ContentManifest } from '@holdfast/shared/domain';
import type { PostgresContext } from '../context.ts';
import { conditionsOf } from '../part/conditions.ts';
import { algorithm } from './digests.ts';
import { measure } from './measure.ts';
import { readSequences, sequenceItems } from './sequences.ts';
import { exportSnapshot, openMeasuring } from './snapshot.ts';

/**
 * Measures what a database holds now, as `like` was measured.
 * @throws HoldfastError configuration, when this version cannot; whatever kept it from measuring anything
 */
export async function readContent(
  connection: Connection,
  like: ContentManifest,
  context: PostgresContext,
): Promise<ContentManifest> {
  if (like.algorithm !== algorithm) {
    throw new HoldfastError(
      'configuration',
      `The content of the backup was measured as "${like.algorithm}" where this version measures as "${algorithm}": verify it with the version that made it.`,
    );
  }
  // When one session fails, the others have no reason to go on.
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const options = { ...context, signal, fallback: 'internal' } as const;
  const open = () => openMeasuring(connection, options);
  const session = await open();
  try {
    const exported = await exportSnapshot(connection, options);
    try {
      // What was restored of a part is all there is.
      const kinds = like.kinds ?? null;
      const conditions = conditionsOf(null);
      const shares = new Map(like.items.map(({ kind, name, share }) => [`${kind} ${name}`, share]));
      const { items, missing } = await measure(
        {
          snapshot: exported.id,
          level: like.level,
          shares,
          kinds,
          conditions,
          left: () => null,
          seconds: 0,
          signal,
          open,
        },
        session,
      );
      const [failure] = missing;
      if (failure) throw failure.cause;
      const { positions, increments } = await readSequences(session, conditions);
      items.push(...sequenceItems(positions, positions, increments));
      return { version: 1, level: like.level, algorithm, ...(kinds && { kinds }), items, missing: [] };
    } finally {
      await exported.close();
    }
  } finally {
    stop.abort();
    await session.close();
  }
}
