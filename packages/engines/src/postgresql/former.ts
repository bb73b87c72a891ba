import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { dropDatabase, endSessionsOf } from './clean-up.ts';
import type { PostgresContext } from './context.ts';
import { failure } from './failures.ts';
import { withMaintenance } from './maintenance.ts';
import { keptSuffix, restoreNames, sessionLabel } from './names.ts';
import type { Session } from './session.ts';
import { swap } from './swap.ts';

/** What its comment says of a database that is kept. */
export interface KeptMark {
  target: string;
  restoreId: string;
  /** Who has swapped it back or forth since, in order. */
  undoneBy: readonly string[];
}

/**
 * The mark of a database that is kept. It stands in the database's comment, given in the transaction that moves the database
 * aside: the comment that was there goes on with the name, so none is lost.
 */
export function keptMark({ target, restoreId, undoneBy }: KeptMark): string {
  const undone = undoneBy.map((undoId) => `, undone by ${undoId}`).join('');
  return `${keptStart(target)}(restore ${restoreId}${undone})`;
}

/** What the marks of everything begin with that is kept of a database. */
export const keptStart = (target: string): string => `Former content of "${target}", kept by Holdfast `;

/** @returns null when the comment is no mark of that restore */
export function undoneBy(comment: string | null, restoreId: string): string[] | null {
  if (!comment?.includes(`kept by Holdfast (restore ${restoreId}`)) return null;
  return Array.from(comment.matchAll(/, undone by ([0-9a-f-]+)/g), ([, undoId]) => String(undoId));
}

/** A database as the catalogue shows it. */
export interface Found {
  oid: number;
  name: string;
  comment: string | null;
}

/** @returns null when there is no such database */
export async function findDatabase(session: Session, name: string): Promise<Found | null> {
  const [row] = await session.query<Found>(
    `select oid, datname as name, shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1`,
    [name],
  );
  return row ?? null;
}

/** Swaps the content that a restore in place kept and that of the target. */
export async function undoRestore(
  connection: Connection,
  restoreId: string,
  undoId: string,
  context: PostgresContext,
): Promise<string> {
  const target = connection.database;
  const { kept } = restoreNames(target, restoreId);
  const label = sessionLabel(undoId);
  const found = await withMaintenance(connection, { ...context, target, label }, async ({ session }) => {
    await endSessionsOf(session, undoId);
    return { kept: await findDatabase(session, kept), target: await findDatabase(session, target) };
  });
  const before = [found.kept, found.target].map((database) => undoneBy(database?.comment ?? null, restoreId));
  const earlier = before.find((undoIds) => undoIds?.includes(undoId));
  const undone = earlier ?? [...(before[0] ?? []), undoId];
  // Every other undoing goes forth again.
  const isBack = undone.indexOf(undoId) % 2 === 0;
  const whole = `Database "${target}" holds ${isBack ? 'its former content' : 'what the restore had brought'} again`;
  const aside = `${isBack ? 'what the restore had brought' : 'its former content'} is kept in database "${kept}"`;
  if (earlier) return found.kept ? `${whole}; ${aside}.` : `${whole}.`;
  if (!found.kept) {
    throw new HoldfastError(
      'former_missing',
      `There is no database "${kept}" on ${connection.host}:${connection.port}: the former content of "${target}" is not kept any more. Restore a backup of the time before.`,
    );
  }
  const comment = keptMark({ target, restoreId, undoneBy: undone });
  const formerOid = await swap(
    connection,
    {
      target,
      incoming: found.kept,
      aside: restoreNames(target, undoId).old,
      kept: { name: kept, comment },
      label,
      isNew: false,
      comment,
    },
    context,
  );
  return formerOid === null ? `${whole}; nothing was there to be kept.` : `${whole}; ${aside}.`;
}

/** Drops what a restore in place, or its undoing, kept. */
export async function dropFormer(connection: Connection, restoreId: string, context: PostgresContext): Promise<void> {
  await withMaintenance(connection, { ...context, target: connection.database }, async (maintenance) => {
    const rows = await maintenance.session.query<{ oid: number; name: string }>(
      'select oid, datname as name from pg_database where right(datname, length($1)) = $1',
      [keptSuffix(restoreId)],
    );
    for (const { oid, name } of rows) await dropDatabase(maintenance, oid, name);
  });
}

/** A restore does its work once: done again it would take what it kept for a leftover. */
export async function refuseKept(session: Session, kept: string, connection: Connection): Promise<void> {
  if (!(await findDatabase(session, kept))) return;
  const message = `this restore is in place already and keeps the former content in database "${kept}"`;
  throw failure('restore_failed', message, connection, undefined);
}
