import { defaultPorts, isPath, type Database, type Destination } from '@holdfast/shared/domain';
import { conflict, invalid, type FieldProblems } from '../../http/problem.ts';
import type { Owner } from './owned.ts';
import { hasPath } from './database-names.ts';
import {
  isRemote,
  keptInPath,
  keptOnServer,
  reachingFields,
  requiredOf,
  usualUsers,
  type DatabaseChange,
} from './registration.ts';

/** @throws Problem 422 when a server that a request names is not the account's */
export async function requireServer({ deps, accountId }: Owner, id: number): Promise<void> {
  if (await deps.persistence.servers.findOwned(accountId, id)) return;
  throw invalid({ server_id: ['The server_id field must be the id of one of your servers.'] });
}

/** @throws Problem 422 when a remote server could not upload to the destination */
export async function requireUploads({ deps, accountId }: Owner, destinationId: number): Promise<void> {
  const destination = await deps.persistence.destinations.findOwned(accountId, destinationId);
  if (!destination || takesUploads(destination)) return;
  throw invalid({
    destination_id: [
      'The destination_id field must be the id of an S3 destination: a remote server can upload to no other.',
    ],
  });
}

const takesUploads = ({ type }: Destination): boolean => type !== 'local';

const unreached = 'came from an import and has no connection yet';

/** Whether nobody can reach the database: an import has brought it. */
export const isUnreached = (database: Pick<Database, 'serverId' | 'host' | 'type' | 'database'>): boolean =>
  database.serverId === null && database.host === null && !hasPath(database);

/** @throws Problem 409 for a database that nobody can reach yet */
export function requireReach(database: Database): void {
  if (!isUnreached(database)) return;
  const { name, type } = database;
  const wanted = isPath(type)
    ? 'its path as database, or its server_id'
    : 'its host, user and password, or its server_id';
  throw conflict(`The database "${name}" ${unreached}: give it ${wanted} by PATCH first.`);
}

/**
 * What a change gives a database that nobody can reach yet: all that reaching it takes, or nothing of it.
 * @throws Problem 422 for a part of it
 */
export function firstReach({ type }: Database, asked: DatabaseChange): { port?: number; user?: string } {
  const fields: FieldProblems = {};
  const reaching = reachingFields(asked).filter((field) => field !== 'options');
  if (isRemote(asked)) {
    for (const field of reachingFields(asked)) fields[field] = [`The ${field} field ${keptOnServer}.`];
  } else if (isPath(type)) {
    for (const field of reaching) fields[field] = [`The ${field} field ${keptInPath(type)}.`];
    if (asked.periodic_backups_enabled === true && asked.database === undefined) {
      fields['database'] = [`The database field is required, as the database ${unreached}.`];
    }
  } else if (reaching.length > 0 || asked.periodic_backups_enabled === true) {
    for (const field of requiredOf(type)) {
      if (asked[field] === undefined) fields[field] = [`The ${field} field is required, as the database ${unreached}.`];
    }
  }
  if (asked.type !== undefined && asked.type !== type) {
    fields['type'] = [`The type field must stay ${type}, of which its backups are.`];
  }
  if (Object.keys(fields).length > 0) throw invalid(fields);
  const port = reaching.length > 0 ? (asked.port ?? defaultPorts[type]) : null;
  if (port === null) return {};
  const user = asked.user ?? usualUsers[type];
  return { port, ...(user !== undefined && { user }) };
}

/**
 * A database stays with whoever backs it up, our workers or a remote server, because its backups go back the same way.
 * @throws Problem 422 for fields that belong to the other
 */
export function refuseOtherReach({ serverId, type }: Database, asked: DatabaseChange): void {
  const fields: FieldProblems = {};
  if (serverId !== null) {
    for (const field of reachingFields(asked)) fields[field] = [`The ${field} field ${keptOnServer}.`];
    if (asked.server_id === null) {
      fields['server_id'] = ['The server_id field must not be removed: register the database anew instead.'];
    }
  } else if (isRemote(asked)) {
    fields['server_id'] = [
      'The server_id field must not be given to a database without one: register it anew instead.',
    ];
  } else if (isPath(asked.type ?? type) !== isPath(type)) {
    fields['type'] = [`The type field must not become ${asked.type}: register the database anew instead.`];
  } else if (isPath(type)) {
    for (const field of reachingFields({ ...asked, options: {} }))
      fields[field] = [`The ${field} field ${keptInPath(type)}.`];
  }
  if (Object.keys(fields).length > 0) throw invalid(fields);
}
