import {
  computeTypes,
  type Backup,
  type Database,
  type OwnershipMode,
  type Restore,
  type RestoreTarget,
} from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { databaseName, looksLikeUuid, maxInteger } from '../http/fields.ts';
import { conflict, invalid, notFound } from '../http/problem.ts';
import { ringForNew } from './ring.ts';

const forms = '{"in_place": true}, {"database_id": "<id>"} or {"new_database": "<name>"}';

export const restoreTarget = z
  .union(
    [
      z.strictObject({ in_place: z.literal(true) }),
      z.strictObject({ database_id: z.string() }),
      z.strictObject({ new_database: databaseName }),
    ],
    { error: `must be ${forms} with a name that the server can take` },
  )
  .meta({
    description:
      'Where the content goes: onto the database itself (as without it), another registered one, or a new one.',
  });

export const restoreFiles = z
  .array(z.string())
  .min(1, { error: 'must hold at least one id: leave it out to restore all files' })
  .refine((ids) => new Set(ids).size === ids.length, { error: 'must not hold an id twice' })
  .meta({ description: 'Ids of files of the backup; all when absent.' });

export const restoreCompute = z
  .object({ type: z.enum(computeTypes).optional(), server_id: z.int().min(0).max(maxInteger).optional() })
  .superRefine((asked, context) => {
    for (const [field, other] of [
      ['type', 'server_id'],
      ['server_id', 'type'],
    ] as const) {
      if (asked[field] !== undefined || asked[other] === undefined) continue;
      context.addIssue({
        code: 'custom',
        path: [field],
        message: `is required with ${other}`,
        params: { rule: 'required' },
      });
    }
  })
  .meta({
    description: 'Where the restore runs: `server` 0 is the pool of workers, `ss_agent` a registered remote server.',
  });

/** Id of the pool of workers among servers of the type `server`. */
export const poolId = 0;

/** What a request for a restore may say, in both dialects; what is absent is decided by the backup and its database. */
export interface RestoreWish {
  target: z.output<typeof restoreTarget> | null | undefined;
  files: readonly string[] | null | undefined;
  compute?: z.output<typeof restoreCompute> | null | undefined;
  ownership?: OwnershipMode | undefined;
}

interface Asking {
  deps: ApiDeps;
  accountId: number;
  requestId: string;
  resourceId: string | undefined;
  log: Logger;
}

/**
 * Makes a restore of one of the account's backups and rings for it.
 * @throws Problem 409 when the backup is not done or another restore onto the same target waits or runs; 422
 */
export async function createRestore(call: Asking, backup: Backup, wish: RestoreWish): Promise<Restore> {
  if (backup.status !== 'done') throw conflict('This backup cannot be restored: it has not completed.');
  const { deps, requestId } = call;
  const database = await targetDatabase(call, backup, wish);
  const target: RestoreTarget =
    wish.target && 'new_database' in wish.target
      ? { mode: 'new_database', database: wish.target.new_database }
      : { mode: 'in_place' };
  const isOnItself = target.mode === 'in_place' && database.id === backup.databaseId;
  const restore = await deps.persistence.restores.create({
    id: call.resourceId,
    backupId: backup.id,
    databaseId: database.id,
    target,
    // The roles of the backup need not exist anywhere but on the server that it is of.
    ownership: wish.ownership ?? (isOnItself ? 'keep' : 'skip'),
    fileIds: await chosenFiles(deps, backup, target, wish.files),
    ...(await placeOf(call, database, target, wish.compute)),
    requestId,
    maxFailures: deps.settings.HOLDFAST_MAX_FAILURES,
  });
  if (!restore) throw notFound('This backup does not exist.');
  if (restore === 'busy') {
    throw conflict('Another restore onto the same target waits or runs: wait until it has ended.');
  }
  if (restore.serverId === null) await ringForNew(call, 'restore', restore.id);
  return restore;
}

/** The database whose server is restored to. @throws Problem 422 */
async function targetDatabase({ deps, accountId }: Asking, backup: Backup, { target }: RestoreWish): Promise<Database> {
  const asked = target && 'database_id' in target ? target.database_id : null;
  const id = asked ?? backup.databaseId;
  const found = looksLikeUuid(id) ? await deps.persistence.databases.findOwned(accountId, id) : null;
  const field = asked === null ? 'target' : 'target.database_id';
  if (!found) throw wrong(field, 'must be the id of one of your databases');
  if (found.type !== backup.engine) {
    throw wrong(field, `must lead to a database of the type ${backup.engine}, of which the backup is`);
  }
  return found;
}

/** @throws Problem 422 for files that are not the backup's, or of which no new database can be made */
async function chosenFiles(
  { persistence }: ApiDeps,
  backup: Backup,
  target: RestoreTarget,
  ids: readonly string[] | null | undefined,
): Promise<string[] | null> {
  if (!ids) return null;
  const files = await persistence.backups.files(backup.id);
  const chosen = files.filter(({ id }) => ids.includes(id));
  if (chosen.length < ids.length) throw wrong('files', 'must hold only ids of files of this backup');
  if (target.mode === 'new_database' && !chosen.some(({ role }) => role === 'dump')) {
    throw wrong('files', 'must hold the dump, of which the new database is made');
  }
  return [...ids];
}

/**
 * Where the restore runs. A remote server reaches what it backs up and, by its own configuration, can make new databases;
 * our workers reach everything else.
 * @throws Problem 422 when what was asked for cannot reach the target
 */
async function placeOf(
  { deps, accountId }: Asking,
  database: Database,
  target: RestoreTarget,
  compute: RestoreWish['compute'],
): Promise<Pick<Restore, 'compute' | 'serverId'>> {
  const { type, server_id: serverId } = compute ?? {};
  if (type === undefined || serverId === undefined) return { compute: null, serverId: database.serverId };
  if (type === 'server') {
    if (serverId !== poolId)
      throw wrong('compute.server_id', `must be ${poolId}, the pool of workers, for the type server`);
    if (database.serverId !== null) {
      throw wrong('compute.type', 'must be ss_agent for a database that only its remote server reaches');
    }
    return { compute: type, serverId: null };
  }
  if (!(await deps.persistence.servers.findOwned(accountId, serverId))) {
    throw wrong('compute.server_id', 'must be the id of one of your servers');
  }
  if (database.serverId !== serverId && target.mode === 'in_place') {
    throw wrong('compute.server_id', 'must be the id of the server that backs up the database to restore onto');
  }
  return { compute: type, serverId };
}

const wrong = (field: string, predicate: string) => invalid({ [field]: [`The ${field} field ${predicate}.`] });
