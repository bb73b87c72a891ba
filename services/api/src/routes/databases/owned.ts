import type { Backup, Database, Restore, Schedule, Verification } from '@holdfast/shared/domain';
import type { ApiDeps } from '../../deps.ts';
import { isPlainText, looksLikeUuid } from '../../http/fields.ts';
import { invalid, notFound } from '../../http/problem.ts';

export interface Owner {
  deps: ApiDeps;
  accountId: number;
}

/** The account's database of that id or name. @throws Problem 404, the same whether it is unknown or another account's */
export async function ownedDatabase({ deps, accountId }: Owner, idOrName: string): Promise<Database> {
  const found = isPlainText(idOrName) && (await deps.persistence.databases.findOwned(accountId, idOrName));
  if (!found) throw notFound('This database does not exist.');
  return found;
}

/** The account's backup of that id. @throws Problem 404, the same whether it is unknown or another account's */
export async function ownedBackup({ deps, accountId }: Owner, id: string): Promise<Backup> {
  const found = looksLikeUuid(id) && (await deps.persistence.backups.findOwned(accountId, id));
  if (!found) throw notFound('This backup does not exist.');
  return found;
}

/** The account's backup `id` of its database `db`. @throws Problem 404 also when it is of another database */
export async function ownedBackupOf(owner: Owner, db: string, id: string): Promise<Backup> {
  const database = await ownedDatabase(owner, db);
  const backup = await ownedBackup(owner, id);
  if (backup.databaseId !== database.id) throw notFound('This backup does not exist.');
  return backup;
}

export const noSchedule = () => notFound('This schedule does not exist.');

/** The schedule that a path names. @throws Problem 404 also when it is of another database */
export async function ownedSchedule(call: Owner & { params: { db: string; id: string } }): Promise<Schedule> {
  const database = await ownedDatabase(call, call.params.db);
  const { id } = call.params;
  const found = looksLikeUuid(id) && (await call.deps.persistence.schedules.findOwned(call.accountId, database.id, id));
  if (!found) throw noSchedule();
  return found;
}

/** The account's restore `id`, of a backup of its database `db` or onto it. @throws Problem 404 */
export async function ownedRestoreOf(owner: Owner, db: string, id: string): Promise<Restore> {
  const { deps, accountId } = owner;
  const database = await ownedDatabase(owner, db);
  const restore = looksLikeUuid(id) && (await deps.persistence.restores.findOwned(accountId, id));
  if (!restore || !(await concerns(owner, restore, database))) throw notFound('This restore does not exist.');
  return restore;
}

/** The account's verification of that id. @throws Problem 404 */
export async function ownedVerification({ deps, accountId }: Owner, id: string): Promise<Verification> {
  const found = looksLikeUuid(id) && (await deps.persistence.verifications.findOwned(accountId, id));
  // Nobody sees a backup that is being deleted any more.
  if (!found || !(await deps.persistence.backups.findOwned(accountId, found.backupId))) {
    throw notFound('This verification does not exist.');
  }
  return found;
}

/** Whether a restore goes to a database, or takes what is restored from it. */
async function concerns({ deps }: Owner, { databaseId, backupId }: Restore, { id }: Database): Promise<boolean> {
  return databaseId === id || (await deps.persistence.backups.find(backupId))?.databaseId === id;
}

/** @throws Problem 422 when a destination that a request names is not the account's */
export async function requireDestination({ deps, accountId }: Owner, id: number): Promise<void> {
  if (await deps.persistence.destinations.findOwned(accountId, id)) return;
  throw invalid({ destination_id: ['The destination_id field must be the id of one of your destinations.'] });
}
