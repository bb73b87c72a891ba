import { HoldfastError, type Connection } from '@holdfast/shared/domain';
import { failure } from './failures.ts';
import { lookAt, type ServerLook } from './look.ts';
import { findMarked, type Marked } from './marks.ts';
import type { Session } from './session.ts';

/** The name that stands for all databases of a server together. */
export const allDatabases = 'all';

/** A logical database that belongs to a registered one. */
export interface Place {
  number: number;
  /** The number that it stands for among others; null where it is the only one. */
  of: number | null;
}

/** What a name stands for on a server, and what else is there. */
export interface Found {
  look: ServerLook;
  marked: readonly Marked[];
  places: Place[];
}

export const isNumber = (name: string): boolean => /^(0|[1-9]\d{0,6})$/.test(name);

/** @throws HoldfastError configuration, when the server is one of several that hold a part each */
export async function lookAtServer(session: Session, connection: Connection): Promise<Pick<Found, 'look' | 'marked'>> {
  const look = await lookAt(session);
  if (look.isCluster) {
    const reason =
      'the server is a node of a cluster, which holds only its own part of the keys: a cluster cannot be backed up or restored here';
    throw failure('configuration', reason, connection, undefined);
  }
  return { look, marked: await findMarked(session, look) };
}

/**
 * Finds the databases that a name stands for: a number, all of them, or one that a restore has made under that name.
 * @throws HoldfastError database_missing, configuration
 */
export async function findPlaces(session: Session, connection: Connection): Promise<Found> {
  const { database: name } = connection;
  const { look, marked } = await lookAtServer(session, connection);
  if (isNumber(name)) {
    await session.select(Number(name));
    return { look, marked, places: [{ number: Number(name), of: null }] };
  }
  if (name === allDatabases) {
    const ours = new Set(marked.filter(({ mark }) => mark.state !== 'made').map(({ number }) => number));
    const numbers = [...look.keys.keys()].filter((number) => !ours.has(number));
    return { look, marked, places: numbers.map((number) => ({ number, of: number })) };
  }
  const made = marked.filter(({ mark }) => mark.state === 'made' && mark.target === name);
  if (made.length > 0) {
    const places = made.map(({ number, mark }) => ({ number, of: mark.isOneOfAll ? mark.of : null }));
    return { look, marked, places };
  }
  const reason = `databases have numbers, and no restore has made one as "${name}"`;
  throw failure('database_missing', reason, connection, undefined);
}

/** A database that a restore made of a whole server has numbers of its own, which a backup could not tell. */
export function refuseMadeOfAll(name: string, places: readonly Place[]): void {
  if (name === allDatabases || places.every(({ of }) => of === null)) return;
  throw new HoldfastError(
    'configuration',
    `"${name}" is what a restore has made of all databases of a server: back up "${allDatabases}", or one number.`,
  );
}
