import type { Database, Destination } from '@holdfast/shared/domain';
import { invalid, type FieldProblems } from '../../http/problem.ts';
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
