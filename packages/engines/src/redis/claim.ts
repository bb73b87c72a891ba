import type { Connection, HoldfastError } from '@holdfast/shared/domain';
import { failure } from './failures.ts';
import { countDatabases, lookAt } from './look.ts';
import { markKey, textOf, type Mark, type Marked } from './marks.ts';
import type { Session } from './session.ts';

/** What a mark says before anybody has claimed by it. */
export type Claim = Omit<Mark, 'token' | 'state' | 'undoneBy'>;

/** Numbers of databases that hold nothing, the highest first: people count from 0. */
export async function spareNumbers(session: Session, wanted: ReadonlySet<number>): Promise<number[]> {
  const count = await countDatabases(session);
  const { keys } = await lookAt(session);
  return Array.from({ length: count }, (_, at) => count - 1 - at).filter(
    (number) => !keys.has(number) && !wanted.has(number),
  );
}

/**
 * Takes an empty database for a restore. Of two that want the same one gets it and the other goes on to the next.
 * @param wanted numbers that are to be restored to, which are none to build in
 * @throws HoldfastError configuration, when there is none
 */
export async function claimSpare(
  session: Session,
  connection: Connection,
  claim: Claim,
  wanted: ReadonlySet<number>,
): Promise<Marked> {
  for (const number of await spareNumbers(session, wanted)) {
    const token = ((await session.call('TIME')) as unknown[]).join('.');
    const mark: Mark = { ...claim, state: 'building', token, undoneBy: [] };
    const text = textOf(mark);
    const answers = await session.atomically([['SELECT', number], ['SET', markKey, text, 'NX'], ['DBSIZE']]);
    if (answers?.[1] !== 'OK') continue;
    if (answers[2] === 1) return { number, mark, text };
    // Somebody began to use it in between.
    await session.call('DEL', markKey);
  }
  throw noSpare(connection);
}

export const noSpareReason =
  'a restore is built in a logical database that holds nothing, and the server has none left: raise "databases" in its configuration, or load the backup when a server starts, as the documentation says';

const noSpare = (connection: Connection): HoldfastError =>
  failure('configuration', noSpareReason, connection, undefined);
