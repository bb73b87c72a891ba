import type { ServerLook } from './look.ts';
import type { Argument, Session } from './session.ts';

/**
 * The key that says what a database of ours is. Databases have no names or comments, so a key in it has to do; it is no content:
 * no backup holds it and nothing counts it.
 */
export const markKey = 'holdfast:restore';
export const isMarkKey = (key: Buffer): boolean => key.equals(markBytes);
const markBytes = Buffer.from(markKey);

/** What a restore has made of a database. */
export interface Mark {
  restoreId: string;
  /**
   * `building`: what is being restored; `old`: former content that is to be dropped; `kept`: former content that is kept;
   * `made`: restored as a new database, the only one of them that is the user's.
   */
  state: 'building' | 'old' | 'kept' | 'made';
  /** The number or name that was restored to. */
  target: string;
  /** The number whose content it is; of a new database the one in the archive. */
  of: number;
  /** Whether it is one of all databases of a server, which are restored together. */
  isOneOfAll: boolean;
  /** Tells apart what different attempts of one restore have made. */
  token: string;
  /** Who has swapped former content back or forth since, in order. */
  undoneBy: string[];
}

export interface Marked {
  number: number;
  mark: Mark;
  /** As it stands on the server. */
  text: string;
}

export const textOf = (mark: Mark): string => JSON.stringify(mark);

const states: ReadonlySet<unknown> = new Set<Mark['state']>(['building', 'old', 'kept', 'made']);

/** @returns null for what is no mark of ours */
function readMark(text: unknown): Mark | null {
  if (typeof text !== 'string') return null;
  try {
    const mark = JSON.parse(text) as Mark;
    return typeof mark.restoreId === 'string' && states.has(mark.state) && Array.isArray(mark.undoneBy) ? mark : null;
  } catch {
    return null;
  }
}

/** The mark of the database that is selected; null where there is none, or somebody else's key of that name. */
async function markText(session: Session): Promise<string | null> {
  const answer = await session.call('GET', markKey).catch((error: unknown) => {
    if (error instanceof Error && error.message.includes('WRONGTYPE')) return null;
    throw error;
  });
  return typeof answer === 'string' && readMark(answer) ? answer : null;
}

/** The mark of a database; null where there is none. */
export async function markTextOf(session: Session, number: number): Promise<string | null> {
  await session.select(number);
  return markText(session);
}

/** Whether content of that mark is the user's. */
export const isMade = ({ mark }: Pick<Marked, 'mark'>): boolean => mark.state === 'made';

/** What a restore that has ended without success leaves behind. */
export const isLeftOver = ({ mark }: Pick<Marked, 'mark'>, restoreId: string): boolean =>
  mark.restoreId === restoreId && (mark.state === 'building' || mark.state === 'old');

export const isKept = ({ mark }: Pick<Marked, 'mark'>, restoreId: string): boolean =>
  mark.restoreId === restoreId && mark.state === 'kept';

/** All databases that have a mark, in the order of their numbers. */
export async function findMarked(session: Session, look: ServerLook): Promise<Marked[]> {
  const found: Marked[] = [];
  for (const number of [...look.keys.keys()].sort((a, b) => a - b)) {
    await session.select(number);
    const text = await markText(session);
    const mark = readMark(text);
    if (mark && text !== null) found.push({ number, mark, text });
  }
  return found;
}

/**
 * Does something to databases as long as each of them has the very mark that it was seen with, all or nothing.
 * @returns the answers; null when one has changed
 */
export async function whileMarked(
  session: Session,
  seen: readonly { number: number; text: string | null }[],
  commands: readonly (readonly [string, ...Argument[]])[],
): Promise<unknown[] | null> {
  for (const { number, text } of seen) {
    await session.select(number);
    await session.call('WATCH', markKey);
    if ((await markText(session)) === text) continue;
    await session.call('UNWATCH');
    return null;
  }
  return session.atomically(commands);
}

/** Empties databases of ours. What is not ours any more is left alone. */
export async function emptyMarked(session: Session, marked: readonly Pick<Marked, 'number' | 'text'>[]): Promise<void> {
  for (const one of marked) {
    await whileMarked(
      session,
      [one],
      [
        ['SELECT', one.number],
        ['FLUSHDB', 'ASYNC'],
      ],
    );
  }
}
