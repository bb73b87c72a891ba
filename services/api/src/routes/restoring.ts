import {
  partInWords,
  type Backup,
  type ContentTarget,
  type Database,
  type OwnershipMode,
  type Restore,
} from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { z } from 'zod';
import type { AuditNote } from '../audit/described.ts';
import type { ApiDeps } from '../deps.ts';
import { looksLikeUuid } from '../http/fields.ts';
import { conflict, invalid, notFound } from '../http/problem.ts';
import { mustBeTarget, type restoreCompute, type restoreSelection, type restoreTarget } from './restore-fields.ts';
import { ringForNew } from './ring.ts';
import { isNewName } from './databases/database-names.ts';
import { requireReach } from './databases/reach.ts';
import { shownFiles } from './shown-files.ts';

/** Id of the pool of workers among servers of the type `server`. */
export const poolId = 0;

/** What a request for a restore may say, in both dialects; what is absent is decided by the backup and its database. */
export interface RestoreWish {
  target?: z.output<typeof restoreTarget> | null | undefined;
  files?: readonly string[] | null | undefined;
  selection?: z.output<typeof restoreSelection> | null | undefined;
  keep_hours?: number | null | undefined;
  allow_damaged?: boolean | null | undefined;
  compute?: z.output<typeof restoreCompute> | null | undefined;
  ownership?: OwnershipMode | undefined;
}

interface Asking {
  deps: ApiDeps;
  accountId: number;
}

interface Calling extends Asking {
  requestId: string;
  resourceId: string | undefined;
  log: Logger;
  note: (more: AuditNote) => void;
}

/** What a wish comes to. */
export interface RestorePlan extends Pick<
  Restore,
  'ownership' | 'fileIds' | 'selection' | 'keepHours' | 'compute' | 'serverId'
> {
  /** The database whose server is restored to. */
  database: Database;
  target: ContentTarget;
}

/**
 * Makes a restore of one of the account's backups and rings for it.
 * @throws Problem 409 when the backup is not done or damaged, or another restore onto the same target waits or runs; 422
 */
export async function createRestore(call: Calling, backup: Backup, wish: RestoreWish): Promise<Restore> {
  const { database, ...plan } = await planRestore(call, backup, wish);
  if (backup.damagedAt !== null && wish.allow_damaged !== true) {
    throw conflict(`${damageOf(backup)} Restore another backup, or send "allow_damaged": true to try it all the same.`);
  }
  const { deps, requestId } = call;
  call.note({ object: { name: database.name }, details: { target: { database_id: database.id, ...plan.target } } });
  const restore = await deps.persistence.restores.create({
    ...plan,
    allowDamaged: wish.allow_damaged === true,
    id: call.resourceId,
    backupId: backup.id,
    databaseId: database.id,
    requestId,
    maxFailures: deps.settings.HOLDFAST_MAX_FAILURES,
  });
  return await ringFor(call, restore);
}

/** Announces a restore that was made. @throws Problem 404, 409 when none was */
export async function ringFor(call: Calling, restore: Restore | 'busy' | null): Promise<Restore> {
  if (!restore) throw notFound('This backup does not exist.');
  if (restore === 'busy') {
    throw conflict('Another restore onto the same target waits or runs: wait until it has ended.');
  }
  if (restore.serverId === null) await ringForNew(call, 'restore', restore.id);
  return restore;
}

/** What was found wrong with a damaged backup, a sentence. */
export const damageOf = ({ damage }: Backup): string =>
  `This backup is damaged: ${damage?.detail ?? 'what is stored of it is missing or changed.'}`;

/**
 * Decides what a wish leaves open.
 * @throws Problem 409 when the backup is not done, or nobody can reach the database yet; 422
 */
export async function planRestore(call: Asking, backup: Backup, wish: RestoreWish): Promise<RestorePlan> {
  if (backup.status !== 'done') throw conflict('This backup cannot be restored: it has not completed.');
  const database = await targetDatabase(call, backup, wish);
  const target: ContentTarget =
    wish.target && 'new_database' in wish.target
      ? { mode: 'new_database', database: wish.target.new_database }
      : { mode: 'in_place' };
  const isOnItself = target.mode === 'in_place' && database.id === backup.databaseId;
  const place = await placeOf(call, database, target, wish.compute);
  if (place.serverId === null) requireReach(database);
  if (
    target.mode === 'new_database' &&
    !isNewName({ type: database.type, isRemote: place.serverId !== null }, target.database)
  ) {
    throw wrong('target', mustBeTarget);
  }
  refuseWhatDoesNotApply(wish, target, place.serverId);
  const keeps = target.mode === 'in_place' && place.serverId === null;
  return {
    database,
    target,
    // The roles of the backup need not exist anywhere but on the server that it is of.
    ownership: wish.ownership ?? (isOnItself ? 'keep' : 'skip'),
    fileIds: await chosenFiles(call.deps, backup, target, wish.files),
    selection: wish.selection ?? null,
    keepHours: keeps ? (wish.keep_hours ?? call.deps.settings.HOLDFAST_FORMER_HOURS) : 0,
    ...place,
  };
}

/** @throws Problem 422 for a selection or a time to keep where there can be none */
function refuseWhatDoesNotApply(wish: RestoreWish, target: ContentTarget, serverId: number | null): void {
  const keeps = (wish.keep_hours ?? 0) > 0;
  if (serverId !== null) {
    if (wish.selection)
      throw wrong('selection', 'must be left out where a remote server restores: it restores the whole');
    if (keeps) throw wrong('keep_hours', 'must be left out where a remote server restores: it keeps no former content');
  }
  if (wish.selection && target.mode === 'in_place') {
    throw wrong('selection', 'must come with a target {"new_database": "<name>"}: a part cannot replace a whole');
  }
  if (keeps && target.mode === 'new_database') {
    throw wrong('keep_hours', 'must be left out for a new database: nothing is replaced that could be kept');
  }
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

/** @throws Problem 422 for files that are not the backup's, or of which the target cannot be made */
async function chosenFiles(
  { persistence }: ApiDeps,
  backup: Backup,
  target: ContentTarget,
  ids: readonly string[] | null | undefined,
): Promise<string[] | null> {
  const files = await shownFiles({ persistence }, backup.id);
  const chosen = files.filter(({ id }) => ids?.includes(id) ?? true);
  if (ids && chosen.length < ids.length) throw wrong('files', 'must hold only ids of files of this backup');
  const hasDump = !ids || chosen.some(({ role }) => role === 'dump');
  if (target.mode === 'new_database' && !hasDump) {
    throw wrong('files', 'must hold the dump, of which the new database is made');
  }
  if (target.mode === 'in_place' && hasDump && backup.part) {
    throw wrong(
      'target',
      `must be {"new_database": "<name>"}: the backup is of a part of its database (${partInWords(backup.part)}), which cannot replace the whole`,
    );
  }
  return ids ? [...ids] : null;
}

/**
 * Where the restore runs. A remote server reaches what it backs up and, by its own configuration, can make new databases;
 * our workers reach everything else.
 * @throws Problem 422 when what was asked for cannot reach the target
 */
async function placeOf(
  { deps, accountId }: Asking,
  database: Database,
  target: ContentTarget,
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
