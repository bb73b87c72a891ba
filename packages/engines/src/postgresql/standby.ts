import type { Connection } from '@holdfast/shared/domain';
import { failure } from './failures.ts';
import type { PartConditions } from './part/conditions.ts';
import { listed } from './preflight-look.ts';
import { dumpedRelations } from './privileges.ts';
import type { Session } from './session.ts';

/** Whether the server follows another one, and takes nothing but what reads. */
export async function isStandby(session: Session): Promise<boolean> {
  const [row] = await session.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
  return row?.standby ?? false;
}

export const restoreNeedsPrimary =
  'the server is a standby, which nothing can be restored into: restore into its primary';

/** What a dump from a standby does not hold, in sentences; empty for a primary. */
export async function lostOnStandby(session: Session, { relation }: PartConditions): Promise<string[]> {
  if (!(await isStandby(session))) return [];
  const rows = await session.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from ${dumpedRelations} and ${relation}
       and c.relkind = 'r' and c.relpersistence = 'u' order by 1`,
  );
  if (rows.length === 0) return [];
  const names = listed(rows.map(({ name }) => name));
  return [`Rows of unlogged tables are not on a standby, so they are not in a backup of it: ${names}.`];
}

/** What a backup from a standby has to reckon with. */
export const standbyNotice =
  'The server is a standby: a backup holds what it has received by then, and is begun anew when it has to follow changes of its primary that a dump is in the way of. That happens less with hot_standby_feedback = on, or a larger max_standby_streaming_delay.';

/** @throws HoldfastError configuration, when nothing can be restored into the server */
export async function mustBePrimary(session: Session, connection: Connection): Promise<void> {
  if (await isStandby(session)) throw failure('configuration', restoreNeedsPrimary, connection, undefined);
}
