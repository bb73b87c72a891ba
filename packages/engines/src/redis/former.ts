import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import type { RedisContext } from './context.ts';
import { exchange } from './exchange.ts';
import { emptyMarked, findMarked, isKept, isMade } from './marks.ts';
import { numbersOf, titleOf } from './outcome.ts';
import { lookAtServer } from './places.ts';
import { lookAt } from './look.ts';
import { withSession } from './session.ts';

/** Swaps the content that a restore in place kept and that of the target. */
export async function undoRestore(
  connection: Connection,
  restoreId: string,
  undoId: string,
  context: RedisContext,
): Promise<string> {
  return withSession(connection, context, async (session) => {
    const { marked } = await lookAtServer(session, connection);
    const kept = marked.filter((one) => isKept(one, restoreId));
    const [first] = kept;
    if (!first) {
      throw new HoldfastError(
        'former_missing',
        `No database of ${connection.host}:${connection.port} is kept by this restore: the former content of database "${connection.database}" is there no more. Restore a backup of the time before.`,
      );
    }
    const isDone = first.mark.undoneBy.includes(undoId);
    const undone = isDone ? first.mark.undoneBy : [...first.mark.undoneBy, undoId];
    // Every other undoing goes forth again.
    const isBack = undone.indexOf(undoId) % 2 === 0;
    const { target } = first.mark;
    const what = isBack ? 'the former content' : 'what the restore had brought';
    const aside = isBack ? 'what the restore had brought' : 'the former content';
    const verb = kept.length > 1 ? 'hold' : 'holds';
    const outcome = `${titleOf(target)} ${verb} ${what} again; ${aside} is kept in database ${numbersOf(kept)}.`;
    if (isDone) return outcome;
    const made = new Map(marked.filter(isMade).map(({ number, text }) => [number, text]));
    const exchanges = kept.map(({ number, mark, text }) => ({
      number,
      text,
      target: mark.of,
      aside: { ...mark, undoneBy: undone },
      stays: made.get(mark.of) ?? null,
    }));
    await exchange(session, connection, exchanges);
    return outcome;
  });
}

/** Empties the databases that hold what a restore in place, or its undoing, kept. */
export async function dropFormer(connection: Connection, restoreId: string, context: RedisContext): Promise<void> {
  await withSession(connection, context, async (session) => {
    const marked = await findMarked(session, await lookAt(session));
    await emptyMarked(
      session,
      marked.filter((one) => isKept(one, restoreId)),
    );
  });
}
