import { HoldfastError, type Connection, type EngineContext } from '@holdfast/shared/domain';
import { contentSetOf } from './content-set.ts';
import { exchange, putBack } from './exchange.ts';
import { dropBeside, journalOf } from './journal.ts';
import { restoreNames } from './names.ts';
import { withSession } from './session.ts';

/** From its first step on an exchange is done or taken back, whoever wants what. */
const exchangeMs = 300_000;

/** Swaps the content that a restore in place kept and that of the target. */
export async function undoRestore(
  connection: Connection,
  restoreId: string,
  undoId: string,
  { signal: stop }: EngineContext,
): Promise<string> {
  stop.throwIfAborted();
  const { database } = connection;
  const signal = AbortSignal.timeout(exchangeMs);
  return withSession(connection, { signal, fallback: 'restore_failed' }, async ({ db }) => {
    const found = await journalOf(db, restoreId);
    const open = found?.journal.state === 'swapping' ? await putBack(found, connection) : found;
    if (open?.journal.state !== 'settled' || !open.journal.keepFormer) {
      throw new HoldfastError(
        'former_missing',
        `The former content of "${database}" on ${connection.host}:${connection.port} is not kept any more. Restore a backup of the time before.`,
      );
    }
    const { undoneBy, inPlace } = open.journal;
    const isDone = undoneBy.includes(undoId);
    const after = isDone
      ? open.journal
      : {
          ...open.journal,
          inPlace: inPlace === 'incoming' ? ('former' as const) : ('incoming' as const),
          by: undoId,
          undoneBy: [...undoneBy, undoId],
        };
    if (!isDone) {
      // What is there now goes, whoever made it since.
      const going = await contentSetOf(db, '');
      await exchange(open, { ...after, [inPlace]: going }, connection, stop);
    }
    const isBack = after.undoneBy.indexOf(undoId) % 2 === 0;
    const names = restoreNames(restoreId);
    const whole = `Database "${database}" holds ${isBack ? 'its former content' : 'what the restore had brought'} again`;
    const aside = isBack ? ['what the restore had brought', names.incoming] : ['its former content', names.former];
    return `${whole}; ${aside[0]} is kept in ${database}.${aside[1]}*.`;
  });
}

/** Drops what a restore in place, or its undoing, kept. */
export async function dropFormer(connection: Connection, restoreId: string, { signal }: EngineContext): Promise<void> {
  await withSession(connection, { signal, fallback: 'restore_failed' }, async ({ db }) => {
    const found = await journalOf(db, restoreId);
    if (found?.journal.state === 'settled' && !found.journal.isNew) await dropBeside(db, restoreId);
  });
}
