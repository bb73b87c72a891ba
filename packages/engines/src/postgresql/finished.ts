import type { Connection, RestoreRequest } from '@holdfast/shared/domain';
import type { PostgresContext } from './context.ts';
import { withMaintenance } from './maintenance.ts';
import { madeBy } from './names.ts';

/**
 * Whether an earlier attempt of a restore into a new database had put it in place although nobody heard of it: then the
 * database bears the restore's id in its comment, given in the very transaction that gave it its name. A restore in place
 * bears none, as the comment is the user's; done again it leads to the same content.
 * @returns what the target holds, one sentence
 */
export async function findRestored(
  connection: Connection,
  { target, restoreId }: RestoreRequest,
  context: PostgresContext,
): Promise<string | null> {
  if (target.mode === 'in_place') return null;
  const name = target.database;
  return withMaintenance(connection, { ...context, target: name }, async ({ session }) => {
    const [row] = await session.query<{ comment: string | null }>(
      `select shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1`,
      [name],
    );
    if (row?.comment !== madeBy(restoreId)) return null;
    return `Database "${name}" was created with the content of the backup, by an earlier attempt that could not report it.`;
  });
}
