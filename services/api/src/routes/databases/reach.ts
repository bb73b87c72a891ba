import { defaultPorts, type Database, type Destination } from '@holdfast/shared/domain';
import { conflict, invalid, type FieldProblems } from '../../http/problem.ts';
import type { Owner } from './owned.ts';
import { isRemote, keptOnServer, reachingFields, type DatabaseChange } from './registration.ts';

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
export const isUnreached = ({ serverId, host }: Pick<Database, 'serverId' | 'host'>): boolean =>
  serverId === null && host === null;

/** @throws Problem 409 for a database that nobody can reach yet */
export function requireReach(database: Database): void {
  if (!isUnreached(database)) return;
  const { name, type } = database;
  const wanted = type === 'files' ? 'its server_id' : 'its host, user and password, or its server_id';
  throw conflict(`The database "${name}" ${unreached}: give it ${wanted} by PATCH first.`);
}

/**
 * What a change gives a database that nobody can reach yet: all that reaching it takes, or nothing of it.
 * @throws Problem 422 for a part of it
 */
export function firstReach({ type }: Database, asked: DatabaseChange): { port?: number } {
  const fields: FieldProblems = {};
  const reaching = reachingFields(asked).filter((field) => field !== 'options');
  if (isRemote(asked)) {
    for (const field of reachingFields(asked)) fields[field] = [`The ${field} field ${keptOnServer}.`];
  } else if (type === 'files' && reaching.length > 0) {
    fields['server_id'] = ['The server_id field is required: only a remote server reads directories.'];
  } else if (reaching.length > 0 || asked.periodic_backups_enabled === true) {
    for (const field of ['host', 'user'] as const) {
      if (asked[field] === undefined) fields[field] = [`The ${field} field is required, as the database ${unreached}.`];
    }
  }
  if (asked.type !== undefined && asked.type !== type) {
    fields['type'] = [`The type field must stay ${type}, of which its backups are.`];
  }
  if (Object.keys(fields).length > 0) throw invalid(fields);
  const port = reaching.length > 0 ? (asked.port ?? defaultPorts[type]) : null;
  return port === null ? {} : { port };
}

/**
 * A database stays with whoever backs it up, our workers or a remote server, because its backups go back the same way.
 * @throws Problem 422 for fields that belong to the other
 */
export function refuseOtherReach({ serverId }: Database, asked: DatabaseChange): void {
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
  } else if (asked.type === 'files') {
    fields['type'] = ['The type field must not be files: only a remote server reads its directories.'];
  }
  if (Object.keys(fields).length > 0) throw invalid(fields);
}
