import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { failure } from './failures.ts';
import { markKey, markTextOf, textOf, whileMarked, type Mark, type Marked } from './marks.ts';
import { withSession, type Argument, type Session } from './session.ts';

/** A database of ours that changes places with one of the user's. */
export interface Exchange extends Pick<Marked, 'number' | 'text'> {
  target: number;
  /** The mark of what stood there. */
  aside: Mark;
  /** What was marked at the target and goes on to be: that a restore has made it; null where nothing was. */
  stays: string | null;
}

type Command = readonly [string, ...Argument[]];

/**
 * Swaps databases, all at once: clients see the old or the new content, never both. What comes in loses its mark, and what goes
 * aside gets one, in the same step.
 * @throws HoldfastError restore_failed, when what was to come in is not what it was
 */
export async function exchange(
  session: Session,
  connection: Connection,
  exchanges: readonly Exchange[],
): Promise<void> {
  const commands = exchanges.flatMap(({ number, target, aside, stays }): Command[] => [
    ['SELECT', number],
    stays === null ? ['DEL', markKey] : ['SET', markKey, stays],
    ['SELECT', target],
    ['SET', markKey, textOf(aside)],
    ['SWAPDB', target, number],
  ]);
  const seen = exchanges.flatMap(({ number, text, target, stays }) => [
    { number, text },
    { number: target, text: stays },
  ]);
  const after = exchanges.map(({ number, aside }) => ({ number, text: textOf(aside) }));
  if ((await heard(connection, after, whileMarked(session, seen, commands))) === null) throw replaced(connection);
}

/** Puts what was built under a number that must hold nothing. @returns whether it did hold nothing */
export async function exchangeIntoEmpty(
  session: Session,
  connection: Connection,
  { number, text }: Pick<Marked, 'number' | 'text'>,
  target: number,
  made: Mark,
): Promise<boolean> {
  const answers = await whileMarked(
    session,
    [{ number, text }],
    [['SELECT', number], ['SET', markKey, textOf(made)], ['SELECT', target], ['DBSIZE'], ['SWAPDB', target, number]],
  );
  if (answers === null) throw replaced(connection);
  if (answers[3] === 0) return true;
  // Somebody wrote there in the meantime and gets it back; what was built is built no more than before.
  await session.atomically([
    ['SWAPDB', target, number],
    ['SELECT', number],
    ['SET', markKey, text],
  ]);
  return false;
}

/** Leaves what was built where it is, and makes it a database of the user's. */
export async function keepAsNew(
  session: Session,
  connection: Connection,
  builds: readonly Pick<Marked, 'number' | 'text' | 'mark'>[],
): Promise<void> {
  const after = builds.map(({ number, mark }) => ({ number, text: textOf({ ...mark, state: 'made' }) }));
  const commands = after.flatMap(({ number, text }): Command[] => [
    ['SELECT', number],
    ['SET', markKey, text],
  ]);
  if ((await heard(connection, after, whileMarked(session, builds, commands))) === null) throw replaced(connection);
}

const lookMs = 60_000;

/** Whoever loses the connection at the last command does not know the outcome, so it is looked up. */
async function heard(
  connection: Connection,
  after: readonly { number: number; text: string }[],
  work: Promise<unknown[] | null>,
): Promise<unknown[] | null> {
  try {
    return await work;
  } catch (error) {
    const isUnknown =
      error instanceof HoldfastError && (error.code === 'connection_lost' || error.code === 'server_silent');
    if (!isUnknown) throw error;
    const isDone = await withSession(connection, { signal: AbortSignal.timeout(lookMs) }, async (again) => {
      for (const { number, text } of after) if ((await markTextOf(again, number)) !== text) return false;
      return true;
    });
    if (!isDone) throw error;
    return [];
  }
}

const replaced = (connection: Connection): HoldfastError =>
  failure('restore_failed', 'the database that was to be put in place was replaced', connection, undefined);
