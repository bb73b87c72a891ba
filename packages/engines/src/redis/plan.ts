import { HoldfastError, type Connection, type RestoreRequest } from '@holdfast/shared/domain';
import { failure } from './failures.ts';
import { countDatabases } from './look.ts';
import { allDatabases, findPlaces, isNumber, lookAtServer, type Found } from './places.ts';
import type { Session } from './session.ts';

/** Where a restore leads, as far as it is known before its archive is. */
export interface Plan extends Pick<Found, 'look' | 'marked'> {
  /** The number or name that is restored to. */
  name: string;
  /** The number that is restored to; null for all of the server's, and for a name, which gets numbers that are free. */
  number: number | null;
  isNew: boolean;
  /** Whether the target takes every database of an archive that holds several. */
  takesAll: boolean;
  /** The number that is taken from an archive that holds several; null where all are. */
  source: number | null;
}

/** The first version whose RESTORE takes a time to expire at, and how long ago a key was used. */
const leastMajor = 5;

/** @throws HoldfastError configuration, restore_target_exists, database_missing */
export async function planRestore(
  session: Session,
  connection: Connection,
  { target, selection }: RestoreRequest,
): Promise<Plan> {
  if (selection) throw noSelection();
  const refuse = (reason: string): HoldfastError => failure('configuration', reason, connection, undefined);
  const { database } = connection;
  const source = isNumber(database) ? Number(database) : null;
  if (target.mode === 'in_place') {
    const { look, marked, places } = await findPlaces(session, connection);
    refuseServer(look, refuse);
    const [place, ...more] = places;
    if (database === allDatabases)
      return { look, marked, name: database, number: null, isNew: false, takesAll: true, source: null };
    if (!place || more.length > 0)
      throw refuse(`"${database}" was made of all databases of a server: restore into it again under a new name`);
    return { look, marked, name: database, number: place.number, isNew: false, takesAll: false, source };
  }
  const { look, marked } = await lookAtServer(session, connection);
  refuseServer(look, refuse);
  const name = target.database;
  const plan = { look, marked, name, isNew: true, source };
  if (name === allDatabases)
    throw refuse(`"${allDatabases}" stands for all databases: choose a number or another name`);
  if (!isNumber(name)) {
    const isThere = marked.some(({ mark }) => mark.state === 'made' && mark.target === name);
    if (isThere) throw exists(connection, name);
    return { ...plan, number: null, takesAll: source === null };
  }
  const number = Number(name);
  if (number >= (await countDatabases(session)))
    throw refuse(
      `the server has no database ${name}: choose a lower number, or raise "databases" in its configuration`,
    );
  if (look.keys.has(number)) throw exists(connection, name);
  return { ...plan, number, takesAll: false };
}

function refuseServer(
  { isReplica, version, maxMemory, maxMemoryPolicy }: Plan['look'],
  refuse: (reason: string) => HoldfastError,
): void {
  if (isReplica) throw refuse('the server is a replica, which nothing can be restored into: restore into its primary');
  if (Number.parseInt(version, 10) < leastMajor)
    throw refuse(`the server is Redis ${version}, and a restore needs ${leastMajor}.0 or later`);
  if (maxMemory > 0 && maxMemoryPolicy.startsWith('allkeys'))
    throw refuse(
      `the server may take away any key when its memory is full (maxmemory-policy ${maxMemoryPolicy}), also those that are being restored: set the policy to noeviction until the restore has ended`,
    );
}

const noSelection = (): HoldfastError =>
  new HoldfastError(
    'configuration',
    'Redis has no schemas or tables to choose: restore the whole database into a new one, and copy the keys that you need.',
  );

export const exists = (connection: Connection, name: string): HoldfastError =>
  failure('restore_target_exists', `database "${name}" holds keys`, connection, undefined);
