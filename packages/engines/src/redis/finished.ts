import type { Connection, RestoreReport, RestoreRequest } from '@holdfast/shared/domain';
import type { RedisContext } from './context.ts';
import { lookAt } from './look.ts';
import { emptyMarked, findMarked, isKept, isLeftOver, isMade, type Marked } from './marks.ts';
import { numbersOf, titleOf } from './outcome.ts';
import { withSession } from './session.ts';

const unheard = 'by an earlier attempt that could not report it';

/**
 * Whether an earlier attempt of a restore had put the content in place although nobody heard of it. A new database bears the
 * restore's mark, and so does former content that is kept. A restore in place that keeps nothing leaves no mark; done again it
 * leads to the same.
 */
export async function findRestored(
  connection: Connection,
  { target, restoreId }: RestoreRequest,
  context: RedisContext,
): Promise<Pick<RestoreReport, 'outcome' | 'former'> | null> {
  return withSession(connection, context, async (session) => {
    const marked = await findMarked(session, await lookAt(session));
    if (target.mode === 'in_place') {
      const kept = marked.filter((one) => isKept(one, restoreId) && one.mark.undoneBy.length === 0);
      if (kept.length === 0) return null;
      const former = numbersOf(kept);
      const outcome = `${titleOf(connection.database)} got the content of the backup ${unheard}; the former content is kept in database ${former}.`;
      return { outcome, former };
    }
    if (!marked.some((one) => isMadeBy(one, target.database, restoreId))) return null;
    return { outcome: `${titleOf(target.database)} was created with the content of the backup ${unheard}.` };
  });
}

/** Empties a database that this very restore has made as a new one. */
export async function dropRestored(
  connection: Connection,
  { target, restoreId }: RestoreRequest,
  context: RedisContext,
): Promise<void> {
  if (target.mode === 'in_place') return;
  await emptyWhere(connection, context, (one) => isMadeBy(one, target.database, restoreId));
}

/** Empties what a restore that was ended has left beside its target. */
export const cleanUpRestore = (connection: Connection, restoreId: string, context: RedisContext): Promise<void> =>
  emptyWhere(connection, context, (one) => isLeftOver(one, restoreId));

const isMadeBy = (one: Marked, name: string, restoreId: string): boolean =>
  isMade(one) && one.mark.restoreId === restoreId && one.mark.target === name;

async function emptyWhere(
  connection: Connection,
  context: RedisContext,
  isWanted: (one: Marked) => boolean,
): Promise<void> {
  await withSession(connection, context, async (session) => {
    const marked = await findMarked(session, await lookAt(session));
    await emptyMarked(session, marked.filter(isWanted));
  });
}
