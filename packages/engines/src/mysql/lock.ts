import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@holdfast/shared/domain';
import type { MysqlContext } from './context.ts';
import { failure } from './failures.ts';
import { lockName } from './names.ts';
import type { Session } from './session.ts';

const lookEveryMs = 50;
const looks = 200;

/**
 * Takes the server's own lock of a restore, which goes when the session does: of two attempts one holds it.
 * @throws HoldfastError lock_timeout
 */
export async function takeLock(
  session: Session,
  restoreId: string,
  connection: Connection,
  { lockTimeoutMs }: Pick<MysqlContext, 'lockTimeoutMs'>,
): Promise<void> {
  const seconds = Math.max(1, Math.ceil(lockTimeoutMs / 1000));
  const [row] = await session.query<{ taken: number | null }>('SELECT GET_LOCK(?, ?) AS taken', [
    lockName(restoreId),
    seconds,
  ]);
  if (row?.taken !== 1) throw failure('lock_timeout', 'another attempt of the same restore goes on', connection);
}

/** Ends whoever holds the lock of a restore. */
export async function endHolder(session: Session, restoreId: string): Promise<void> {
  const [row] = await session.query<{ id: number | null }>('SELECT IS_USED_LOCK(?) AS id', [lockName(restoreId)]);
  if (row?.id) await end(session, row.id);
}

/** Ends the sessions that have a schema in use: the client program that was filling it. */
export async function endSessionsIn(session: Session, schema: string): Promise<void> {
  for (let look = 0; look < looks; look += 1) {
    const rows = await session.query<{ id: number }>(
      'SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()',
      [schema],
    );
    if (rows.length === 0) return;
    for (const { id } of rows) await end(session, id);
    await delay(lookEveryMs);
  }
}

/** One that is gone by now is as good. */
async function end(session: Session, id: number): Promise<void> {
  await session.query(`KILL ${id}`).catch(async (error: unknown) => {
    const rows = await session.query('SELECT 1 FROM information_schema.processlist WHERE id = ?', [id]);
    if (rows.length > 0) throw error;
  });
}
