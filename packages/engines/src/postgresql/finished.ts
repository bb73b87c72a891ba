import type { Connection, RestoreReport, RestoreRequest } from '@holdfast/shared/domain';
import { dropDatabase } from './clean-up.ts';
import type { PostgresContext } from './context.ts';
import { findDatabase, undoneBy } from './former.ts';
import { withMaintenance } from './maintenance.ts';
import { isMadeBy, restoreNames } from './names.ts';

const unheard = 'by an earlier attempt that could not report it';

/**
 * Whether an earlier attempt of a restore had put the content in place although nobody heard of it. A new database bears the
 * restore's id in its comment, given in the very transaction that gave it its name, and so does former content that is kept.
 * A restore in place that keeps nothing leaves no mark, as the comment is the user's; done again it leads to the same.
 */
export async function findRestored(
  connection: Connection,
  { target, restoreId }: RestoreRequest,
  context: PostgresContext,
): Promise<Pick<RestoreReport, 'outcome' | 'former'> | null> {
  const name = target.mode === 'in_place' ? connection.database : target.database;
  return withMaintenance(connection, { ...context, target: name }, async ({ session }) => {
    if (target.mode === 'in_place') {
      const kept = await findDatabase(session, restoreNames(name, restoreId).kept);
      if (!kept || undoneBy(kept.comment, restoreId)?.length !== 0) return null;
      const outcome = `Database "${name}" holds the content of the backup, ${unheard}; its former content is kept in database "${kept.name}".`;
      return { outcome, former: kept.name };
    }
    const found = await findDatabase(session, name);
    if (!isMadeBy(found?.comment, restoreId)) return null;
    return { outcome: `Database "${name}" was created with the content of the backup, ${unheard}.` };
  });
}

/** Drops a database that this very restore has made as a new one. */
export async function dropRestored(
  connection: Connection,
  { target, restoreId }: RestoreRequest,
  context: PostgresContext,
): Promise<void> {
  if (target.mode === 'in_place') return;
  const name = target.database;
  await withMaintenance(connection, { ...context, target: name }, async (maintenance) => {
    const found = await findDatabase(maintenance.session, name);
    if (found && isMadeBy(found.comment, restoreId)) await dropDatabase(maintenance, found.oid, name);
  });
}
